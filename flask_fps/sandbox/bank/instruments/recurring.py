"""The recurring token: one payment of a fixed amount in each period (FPS developer guide, *Recurring-use tokens*)."""

from __future__ import annotations

from ....money import Money
from ..limits import Limit
from ..periods import Period
from ..records import Token
from .consent import Consent
from .multi_use import limited


def install(consent: Consent, *, amount: Money, period: Period, recipient: str | None = None) -> Token:
    """The token.

    :param amount: ``transactionAmount`` of each payment.
    :param period: ``recurringPeriod``, the first from ``validityStart`` on.
    :param recipient: the e-mail address of whose token ``recipientToken`` is; without one the caller.
    """
    return limited(
        consent,
        [Limit(count=1, period=period)],
        token_type="Recurring",
        recipient=recipient or consent.caller,
        amount=amount,
        least=amount,
    )
