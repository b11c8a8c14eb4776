"""Rules and books of the sandbox: accounts, tokens, transactions. No Flask, no HTTP, no XML.

Every record is frozen; a change puts a new one on its shelf. Every public method of :class:`~.bank.Bank`
and of the desks it hands out takes the one lock of the books, and either happens whole or not at all.
"""

from __future__ import annotations

from .bank import Bank as Bank
from .clock import SandboxClock as SandboxClock
from .errors import BankError as BankError
