"""What a gateway names must have room in the ledger: names are never cut, and what is too long counts as untold."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from ..logs import log
from ..records import Outcome
from ..records import PROVIDER_NAME_LENGTH
from ..records import Result
from . import Authorization
from . import Begun
from . import Standing

T = TypeVar("T")


def fitting(answer: T) -> T | Outcome | Authorization:
    """The answer, or, where it names what the ledger has no room for, one that tells nothing but that."""
    if isinstance(answer, Outcome):
        return fitting_outcome(answer)
    if isinstance(answer, Authorization) and _is_long(answer.id):
        return Authorization(Standing.COULD_NOT_TELL, detail=_said("authorization"))
    if isinstance(answer, Begun) and _is_long(answer.handle):
        return Outcome(Result.UNKNOWN, message=_said("attempt"))
    return answer


def fitting_outcome(outcome: Outcome) -> Outcome:
    """:func:`fitting`, of one line of the provider's books."""
    if not _is_long(outcome.transaction_id):
        return outcome
    return replace(outcome, result=Result.UNKNOWN, transaction_id=None, facts=None, message=_said("transaction"))


def _is_long(name: str | None) -> bool:
    return name is not None and len(name) > PROVIDER_NAME_LENGTH


def _said(what: str) -> str:
    sentence = (
        f"the gateway's name of the {what} is longer than {PROVIDER_NAME_LENGTH} characters, which is all that the "
        "ledger keeps: let the gateway give a shorter one"
    )
    log.error("%s", sentence)
    return sentence
