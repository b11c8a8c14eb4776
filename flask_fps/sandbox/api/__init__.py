"""The Query API: ``views`` reads HTTP, ``door`` lets callers in, ``forms`` reads values, ``actions`` go to the bank.

A new action is a message of the protocol, a function in ``actions`` and its rules in ``forms``; what each API version
has of them is in ``repertoire``. A new kind of instrument is a file in the bank.
"""

from __future__ import annotations

from .views import blueprint as blueprint
