"""The credit instrument: debt with one recipient, the token to run it up and the one to settle it.

FPS developer guide, *Using postpaid payment tokens*.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ....money import Money
from ..limits import Limit
from ..records import Instrument
from ..records import Token
from .consent import Consent
from .multi_use import limited
from .prepaid import open_instrument


class Postpaid(NamedTuple):
    """``creditInstrumentID``, ``creditSenderTokenID`` and ``settlementTokenID`` of the return."""

    instrument: Instrument
    sender: Token
    settlement: Token


def install(
    consent: Consent, *, credit_limit: Money, cap: Money, settlement_reference: str, limits: Sequence[Limit] = ()
) -> Postpaid:
    """All three; the caller is the recipient. The method of the consent is the one that settles.

    :param credit_limit: ``creditLimit``: the most that may be owed at a time.
    :param cap: ``globalAmountLimit``: the most of all settlements together (*Settling a debt balance*); and of all
        purchases, or there would be debt that nothing could settle.
    :param settlement_reference: ``callerReferenceSettlement``.
    :param limits: ``usageLimitType1`` and so on, of the token that spends.
    """
    instrument = open_instrument(consent, "Debt", credit_limit)
    about = {"instrument_id": instrument.instrument_id}
    return Postpaid(
        instrument,
        limited(consent, [Limit(amount=cap), *limits], method="Debt", amount=credit_limit, **about),
        limited(
            consent,
            [Limit(amount=cap)],
            use="SettleDebt",
            amount=cap,
            caller_reference=settlement_reference,
            **about,
        ),
    )
