"""The single-use token: one payment, up to one amount, within three hours.

FPS developer guide, *Single-use tokens* and *Single-use pipeline*.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ....money import Money
from ..records import Token
from .consent import Consent


def install(consent: Consent, *, amount: Money, life: timedelta, recipient: str | None = None) -> Token:
    """The token. It lives so long from the yes, whatever the request says.

    :param amount: ``transactionAmount``: the most that it pays.
    :param recipient: the e-mail address of whose token ``recipientToken`` is; without one the caller.
    """
    lasting = replace(consent, starts_at=None, expires_at=consent.at + life)
    return lasting.token(token_type="SingleUse", recipient=recipient or consent.caller, amount=amount)
