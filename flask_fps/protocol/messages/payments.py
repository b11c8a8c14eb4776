"""Actions that move money between a buyer and a seller, or give it back."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from decimal import Decimal
from typing import Any
from typing import ClassVar

from ..results import Amount
from ..results import CancelResult
from ..results import DescriptorPolicy
from ..results import PayResult
from ..results import RefundResult
from ..results import ReserveResult
from ..results import SettleResult
from ..schema import named
from .base import Message
from .base import R
from .base import V2010_08_28


@dataclass(frozen=True, kw_only=True)
class Payment(Message[R]):
    """What Pay and Reserve have in common; neither is sent as this.

    Sent again with all the same parameters within seven days, it is answered as the first time.
    """

    sender_token_id: str
    transaction_amount: Amount
    #: At most 128 characters: the request's identity.
    caller_reference: str
    #: For marketplaces only; without it the recipient is the caller.
    recipient_token_id: str | None = None
    #: ``Caller`` or ``Recipient`` (the default).
    charge_fee_to: str | None = None
    #: At most 160 characters.
    caller_description: str | None = None
    sender_description: str | None = None
    descriptor_policy: DescriptorPolicy | None = None
    transaction_timeout_in_mins: int | None = None
    marketplace_fixed_fee: Amount | None = None
    #: Percent of the amount.
    marketplace_variable_fee: Decimal | None = None
    #: Where notifications about this transaction go.
    override_ipn_url: str | None = field(default=None, metadata=named("OverrideIPNURL", since=V2010_08_28))


@dataclass(frozen=True, kw_only=True)
class Pay(Payment[PayResult]):
    """Move money now (FPS API reference, *Pay*)."""

    result: ClassVar[type[Any]] = PayResult


@dataclass(frozen=True, kw_only=True)
class Reserve(Payment[ReserveResult]):
    """Hold money for a later :class:`Settle`, within seven days (FPS API reference, *Reserve*)."""

    result: ClassVar[type[Any]] = ReserveResult


@dataclass(frozen=True, kw_only=True)
class Settle(Message[SettleResult]):
    """Take what was reserved, all or a part, once (FPS API reference, *Settle*)."""

    result: ClassVar[type[Any]] = SettleResult

    reserve_transaction_id: str
    #: Without it: all that was reserved. What is not taken is released.
    transaction_amount: Amount | None = None
    override_ipn_url: str | None = field(default=None, metadata=named("OverrideIPNURL", since=V2010_08_28))


@dataclass(frozen=True, kw_only=True)
class Cancel(Message[CancelResult]):
    """Give up what is reserved or still pending (FPS API reference, *Cancel*); what is done is refunded instead."""

    result: ClassVar[type[Any]] = CancelResult

    transaction_id: str
    description: str | None = None
    override_ipn_url: str | None = field(default=None, metadata=named("OverrideIPNURL", since=V2010_08_28))


@dataclass(frozen=True, kw_only=True)
class Refund(Message[RefundResult]):
    """Give back all or part of a transaction (FPS API reference, *Refund*)."""

    result: ClassVar[type[Any]] = RefundResult

    transaction_id: str
    #: Each partial refund has its own.
    caller_reference: str
    #: Without it: whatever is left.
    refund_amount: Amount | None = None
    caller_description: str | None = None
    #: ``MasterTxnOnly`` (the default), ``MarketplaceTxnOnly`` or ``MasterAndMarketplaceTxn``.
    marketplace_refund_policy: str | None = None
    override_ipn_url: str | None = field(default=None, metadata=named("OverrideIPNURL", since=V2010_08_28))
