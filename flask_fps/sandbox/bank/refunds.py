"""Refund: the caller gives a payment back, whole or in parts (FPS API reference, *Refund*)."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from decimal import Decimal
from decimal import ROUND_HALF_UP

from ...money import Money
from . import standing
from .accounts import Accounts
from .books import Books
from .clock import SandboxClock
from .entries import Entries
from .errors import BankError
from .orders import Order
from .postings import more_refunded
from .records import Account
from .records import TransactionRecord
from .rules import NOTHING
from .rules import Rules
from .settlement import Ending
from .tabs import METHODS as INSTRUMENTS
from .tabs import Tabs
from .transactions import Transactions

#: Who gives what back (MarketplaceRefundPolicy): the recipient all and FPS its fee; the caller his fee, to the
#: recipient; or the recipient the rest after FPS and the caller have given their fees.
POLICIES = ("MasterTxnOnly", "MarketplaceTxnOnly", "MasterAndMarketplaceTxn")


@dataclass(frozen=True, kw_only=True)
class RefundOrder(Order):
    """What a caller asks for."""

    transaction_id: str
    #: ``None``: all that remains.
    amount: Money | None = None
    #: One of :data:`POLICIES`.
    policy: str = "MasterTxnOnly"
    #: The sender's bank takes it, even what the recipient no longer has.
    charged_back: bool = False
    #: Started in the account manager, not by an API call.
    by_hand: bool = False


class Refunds:
    """The desk for refunds."""

    def __init__(
        self,
        books: Books,
        clock: SandboxClock,
        rules: Rules,
        accounts: Accounts,
        transactions: Transactions,
        tabs: Tabs,
        entries: Entries,
    ) -> None:
        self._books = books
        self._clock = clock
        self._rules = rules
        self._accounts = accounts
        self._transactions = transactions
        self._tabs = tabs
        self._entries = entries

    def refund(self, caller: Account, order: RefundOrder) -> TransactionRecord:
        """Set the amount aside now; it reaches the sender when the refund settles.

        :raises BankError: nothing was recorded.
        """
        with self._books.change():
            original = self._original(caller, order.transaction_id)
            amount = _amount(original, order)
            if order.policy == "MarketplaceTxnOnly":
                refund = self._of_fee(caller, original, order, amount)
            else:
                refund = self._of_payment(caller, original, order, amount)
            self._books.transactions.put(
                more_refunded(replace(original, refund_ids=(*original.refund_ids, refund.transaction_id)), refund)
            )
            return refund

    def _original(self, caller: Account, transaction_id: str) -> TransactionRecord:
        original = self._transactions.of_party(caller.email, transaction_id)
        if original.caller != caller.email:
            raise BankError("InvalidTransactionId", "The transaction is not yours to refund.")
        if original.operation not in ("Pay", "Settle"):
            raise BankError("TransactionTypeNotRefundable", "This type of transaction cannot be refunded.")
        if original.is_pending:
            raise BankError("OriginalTransactionIncomplete", "The original transaction is still in progress.")
        if original.status != "Success":
            raise BankError("OriginalTransactionFailed", "The original transaction has failed.")
        return original

    def _of_fee(
        self, caller: Account, original: TransactionRecord, order: RefundOrder, amount: Money
    ) -> TransactionRecord:
        """The caller gives the recipient his own fee back; the sender has no part in it."""
        if self._balance(caller.email) < amount.minor:
            raise BankError("InsufficientBalance", "The caller's account balance is not sufficient.")
        return self._enter(
            caller, original, order, amount=amount, sender=caller.email, recipient=original.recipient, of_fee=True
        )

    def _of_payment(
        self, caller: Account, original: TransactionRecord, order: RefundOrder, amount: Money
    ) -> TransactionRecord:
        fees = _share(original, amount, original.fees, original.fees_refunded)
        marketplace = NOTHING
        if order.policy == "MasterAndMarketplaceTxn":
            marketplace = _share(original, amount, original.marketplace_fees, original.marketplace_refunded)
        if original.method in INSTRUMENTS:
            self._check_tab(original, amount)
        elif not order.charged_back:
            self._check_funds(original, amount, fees, marketplace)
        return self._enter(
            caller,
            original,
            order,
            amount=amount,
            sender=original.recipient,
            recipient=original.sender,
            method=original.method,
            fees=fees,
            marketplace_fees=marketplace,
        )

    def _enter(
        self, caller: Account, original: TransactionRecord, order: RefundOrder, method: str = "ABT", **said: object
    ) -> TransactionRecord:
        standing.check_party(caller, "Caller")
        timed = replace(order, ending=order.ending or Ending(self._rules.refund_speed))
        return self._entries.enter(
            replace(caller, access_key=original.access_key),
            timed,
            operation="Refund",
            method=method,
            fees_paid_by=original.fees_paid_by,
            parent_id=original.transaction_id,
            by_hand=order.by_hand,
            instrument_id=original.instrument_id,
            **said,  # type: ignore[arg-type]  # the two callers name what is said
        )

    def _check_funds(self, original: TransactionRecord, amount: Money, fees: Money, marketplace: Money) -> None:
        if original.caller != original.recipient and self._balance(original.caller) < marketplace.minor:
            raise BankError("InsufficientBalance", "The caller's account balance is not sufficient.")
        back = marketplace if original.fee_payer != original.recipient else marketplace + fees
        if self._balance(original.recipient) + back.minor < amount.minor:
            raise BankError("InsufficientBalance", "The recipient's account balance is not sufficient.")

    def _check_tab(self, original: TransactionRecord, amount: Money) -> None:
        """What was bought on credit can be taken back as long as it is owed."""
        instrument = self._tabs.get(original.instrument_id or "")
        assert instrument is not None, "a payment names an instrument that is not in the books"
        owed = instrument.balance - instrument.pending
        if instrument.kind == "Debt" and amount.minor > owed.minor:
            raise BankError("RefundAmountExceeded", "The refund amount is more than what is still owed.")

    def _balance(self, email: str) -> int:
        return self._accounts.get(email).balance.minor


def _amount(original: TransactionRecord, order: RefundOrder) -> Money:
    if order.policy == "MarketplaceTxnOnly":
        remains = original.marketplace_fees - original.marketplace_refunded
    else:
        remains = original.amount - original.refunded
    if remains.minor == 0:
        raise BankError("TransactionFullyRefundedAlready", "The transaction has already been fully refunded.")
    amount = remains if order.amount is None else order.amount
    if amount.minor < 1:
        raise BankError("AmountOutOfRange", "The refund amount is outside the allowed range.")
    if amount.minor > remains.minor:
        raise BankError("RefundAmountExceeded", "The refund amount is more than the refundable amount.")
    return amount


def _share(original: TransactionRecord, amount: Money, fee: Money, given_back: Money) -> Money:
    """A fee comes back in proportion; all parts together never give back more than it was."""
    part = Decimal((original.refunded + amount).minor) / original.amount.minor
    total = int((fee.minor * part).quantize(Decimal(1), ROUND_HALF_UP))
    return Money(max(total - given_back.minor, 0), amount.currency)
