"""The account manager: balance, activity, transactions, tokens, payment methods, fees and developer preferences.

FPS developer guide, *Managing Your Account*: buyers and sellers see the same pages, each his own side. What only a
sandbox has, a transaction ended or given back by hand, stands apart on the transaction's page.
"""

from __future__ import annotations

from . import activity as activity
from . import acts as acts
from . import details as details
from . import methods as methods
from . import overview as overview
from . import preferences as preferences
from . import state as state
from . import tokens as tokens
from .membership import blueprint as blueprint
