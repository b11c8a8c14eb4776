"""What answers say of a transaction that was just made: its id, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PayResult:
    """The transaction that a request made, and how it stands."""

    transaction_id: str
    #: ``Success``, ``Pending``, ``Failure``, ``Reserved`` or ``Cancelled``.
    transaction_status: str


@dataclass(frozen=True)
class ReserveResult:
    """The transaction that holds the money: ``Pending`` by card, then ``Reserved``."""

    transaction_id: str
    transaction_status: str


@dataclass(frozen=True)
class SettleResult:
    """The reserved transaction itself, now paid or about to be."""

    transaction_id: str
    transaction_status: str


@dataclass(frozen=True)
class CancelResult:
    """The transaction that will not happen."""

    transaction_id: str
    transaction_status: str


@dataclass(frozen=True)
class RefundResult:
    """The refund, which is a transaction of its own."""

    transaction_id: str
    transaction_status: str


@dataclass(frozen=True)
class FundPrepaidResult:
    """The transaction that fills a prepaid balance."""

    transaction_id: str
    transaction_status: str


@dataclass(frozen=True)
class SettleDebtResult:
    """The transaction that settles a debt."""

    transaction_id: str
    transaction_status: str


@dataclass(frozen=True)
class WriteOffDebtResult:
    """The adjustment, which moves no money."""

    transaction_id: str
    transaction_status: str
