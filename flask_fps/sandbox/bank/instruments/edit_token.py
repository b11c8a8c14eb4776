"""Editing a token: another payment method, and nothing else (FPS developer guide, *Edit token pipeline*)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ..records import Token

#: Only these may be edited.
EDITABLE = ("MultiUse", "Recurring")


def objection(token: Token | None, caller: str, email: str, now: datetime) -> str | None:
    """Why this person cannot edit this token: the return's status ``IT`` or ``UT``; ``None``: he can.

    ``IT``: there is no such token of this caller's, it has ended, or it is of another kind; ``UT``: it is another's.
    """
    if token is None or token.caller != caller or not _is_editable(token, now):
        return "IT"
    return None if token.sender == email else "UT"


def change_method(token: Token, method: str) -> Token:
    """The same token, paying from another instrument; one that pays so already stays as it is (status ``SU``)."""
    return token if token.method == method else replace(token, method=method)


def _is_editable(token: Token, now: datetime) -> bool:
    ordinary = token.use == "Pay" and token.instrument_id is None
    return token.token_type in EDITABLE and ordinary and token.is_active(now)
