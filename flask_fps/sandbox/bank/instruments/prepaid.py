"""The prepaid instrument: a balance with one recipient, empty at first, the token to fund it and the one to spend it.

FPS developer guide, *Using prepaid payment tokens*.
"""

from __future__ import annotations

from typing import Any
from typing import NamedTuple

from ....money import Money
from .. import ids
from ..records import Instrument
from ..records import Token
from ..rules import NOTHING
from .consent import Consent


class Prepaid(NamedTuple):
    """``prepaidInstrumentID``, ``prepaidSenderTokenID`` and ``fundingTokenID`` of the return."""

    instrument: Instrument
    sender: Token
    funding: Token


def install(consent: Consent, *, limit: Money, funding_reference: str) -> Prepaid:
    """All three; the caller is the recipient. The method of the consent is the one that funds it.

    :param limit: ``fundingAmount``: the most that may be on it.
    :param funding_reference: ``callerReferenceFunding``.
    """
    instrument = open_instrument(consent, "Prepaid", limit)
    common: dict[str, Any] = {"token_type": "MultiUse", "amount": limit, "instrument_id": instrument.instrument_id}
    return Prepaid(
        instrument,
        consent.token(method="Prepaid", **common),
        consent.token(use="FundPrepaid", caller_reference=funding_reference, **common),
    )


def open_instrument(consent: Consent, kind: str, limit: Money) -> Instrument:
    """A new instrument that the caller keeps for the sender."""
    return Instrument(
        instrument_id=ids.token_id(),
        kind=kind,
        sender=consent.sender,
        recipient=consent.caller,
        limit=limit,
        balance=NOTHING,
        pending=NOTHING,
        created_at=consent.at,
        starts_at=consent.starts_at,
        expires_at=consent.expires_at,
    )
