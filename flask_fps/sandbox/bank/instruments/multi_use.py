"""The multi-use token: many payments, up to a sum in all, within up to two more limits, for a year.

FPS developer guide, *Multi-use pipeline* and *Multi-use tokens*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....money import Money
from ..limits import Limit
from ..limits import Usage
from ..periods import Period
from ..records import Token
from .consent import Consent

_LIFE = Period(1, "year")


def install(
    consent: Consent,
    *,
    cap: Money,
    recipients: Sequence[str] = (),
    amount: Money | None = None,
    amount_type: str = "Exact",
    limits: Sequence[Limit] = (),
) -> Token:
    """The token.

    :param cap: ``globalAmountLimit``: the most of all payments together.
    :param recipients: e-mail addresses that may be paid: whose tokens ``recipientTokenList`` names. None: the caller.
    :param amount: ``transactionAmount`` with its ``amountType``: ``Exact``, ``Minimum`` or ``Maximum`` of one payment.
    :param limits: ``usageLimitType1`` and so on, at most two.
    """
    least = amount if amount_type in ("Exact", "Minimum") else None
    most = cap if amount is None or amount_type == "Minimum" else amount
    return limited(
        consent,
        [Limit(amount=cap), *limits],
        recipient=recipients[0] if recipients else consent.caller,
        recipients=tuple(recipients),
        amount=most,
        least=least,
        expires_at=consent.expires_at or _LIFE.after(consent.starts_at or consent.at),
    )


def limited(consent: Consent, limits: Sequence[Limit], **more: Any) -> Token:
    """A token for many payments that counts them from its first moment on."""
    begins = consent.starts_at or consent.at
    fields: dict[str, Any] = {"token_type": "MultiUse", "limits": tuple(limits)}
    return consent.token(**(fields | {"usages": tuple(Usage(started_at=begins) for _ in limits)} | more))
