"""Sums of money, how far a limit is used up, and what a payment may be told of cards.

FPS API reference 2007-01-08, *Complex Types*; the two policies from the clients of 2009.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from .... import values
from ....schema import named


@dataclass(frozen=True)
class Amount:
    """An exact sum of money: ``Amount(Decimal("0.10"))``.

    :raises TypeError: for a float.
    :raises ValueError: for what is no plain number.
    """

    value: Decimal = field(metadata=named("Amount"))
    currency_code: str = field(default="USD", metadata=named(first=True, stated=True))

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", values.exact(self.value))


@dataclass(frozen=True, kw_only=True)
class TokenUsageLimit:
    """How far one limit of a token is used up, in the window that began last and in the one before."""

    count: int | None = None
    amount: Amount | None = None
    last_reset_count: int | None = None
    last_reset_amount: Amount | None = None
    last_reset_time_stamp: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class DescriptorPolicy:
    """What the sender's card statement says."""

    #: ``Static`` or ``Dynamic``.
    soft_descriptor_type: str | None = None
    #: Whose customer service is named: ``Caller`` or ``Recipient``. Later versions call it ``CSOwner``.
    cs_number_of: str | None = field(default=None, metadata=named("CSNumberOf"))


@dataclass(frozen=True, kw_only=True)
class TemporaryDeclinePolicy:
    """What becomes of a payment whose card is declined for the moment."""

    #: ``ExplicitRetry`` (the caller tries again, as without a policy), ``ImplicitRetry`` (FPS does) or ``Failure``.
    temporary_decline_policy_type: str | None = None
    #: How long FPS goes on trying.
    implicit_retry_timeout_in_mins: int | None = None
