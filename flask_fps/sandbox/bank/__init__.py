"""Rules and books of the sandbox: accounts, tokens, transactions. No Flask, no HTTP, no XML.

Every record is frozen; a change puts a new one on its shelf. Every public method of :class:`~.bank.Bank`
and of the desks it hands out takes the one lock of the books, and either happens whole or not at all.

====================================  ===================================================================
``records``, ``books``, ``shelf``,    what is known, found by its names and along time, all of it behind
``timeline``, ``store``, ``codec``    one lock, in memory or in a file
``accounts``, ``standing``            who banks here, and what he may take part in
``pipelines``, ``asked``,             the co-branded pages' requests and runs; ``instruments`` are what
``granting``, ``refusing``,           comes of a yes
``opening``, ``persons``
``tokens``, ``instructions``,         tokens once they exist, what they allow, who stands behind them and
``use``, ``limits``, ``periods``,     how much of them is used up
``roles``, ``gatekeeper``
``payments``, ``reservations``,       what callers ask for, a file for each kind; ``feeding`` is what
``refunds``, ``prepaid``, ``debt``,   prepaid balances and debt have in common, ``tabs`` is what is on
``subscriptions``, ``by_hand``        them
``entries``, ``settlement``,          how what was asked for becomes a transaction, goes on and ends, and
``postings``, ``fees``, ``rules``     what moves meanwhile
``transactions``, ``notices``,        what is looked up, told, fetched, and remembered
``results``, ``references``
``switches``                          what nobody described
====================================  ===================================================================
"""

from __future__ import annotations

from .bank import Bank as Bank
from .clock import SandboxClock as SandboxClock
from .errors import BankError as BankError
