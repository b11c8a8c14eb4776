"""The recipient's token: somebody lets a caller have others pay him, and take a fee of it.

FPS developer guide, *Acquiring recipient tokens* and *Charging marketplace fees*.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from typing import NamedTuple

from ....money import Money
from ..records import Token
from ..rules import NOTHING
from .consent import Consent


class RecipientTokens(NamedTuple):
    """``tokenID`` and ``refundTokenID`` of the return."""

    recipient: Token
    refund: Token


def install(
    consent: Consent,
    *,
    accepts: Sequence[str] = (),
    pays_fees: bool = True,
    max_fixed_fee: Money | None = None,
    max_variable_fee: Decimal | None = None,
    refund_reference: str = "",
) -> RecipientTokens:
    """Both tokens; ``consent.sender`` is the recipient.

    :param accepts: ``paymentMethod``: the ways to pay that he takes; none named, all.
    :param pays_fees: ``recipientPaysFee``: FPS's own fee is his, or else the caller's.
    :param max_fixed_fee: ``maxFixedFee``: what the caller may take of each payment.
    :param max_variable_fee: ``maxVariableFee``: the same in percent.
    :param refund_reference: ``callerReferenceRefund`` of 2007; without one the refund token has the other's reference,
        which finds the other.
    """
    common: dict[str, Any] = {
        "token_type": "Unrestricted",
        "recipient": consent.sender,
        "amount": NOTHING,
        "method": "",
        "pays_fees": pays_fees,
    }
    takes: dict[str, Any] = {
        "accepts": tuple(accepts),
        "max_fixed_fee": max_fixed_fee,
        "max_variable_fee": max_variable_fee,
    }
    return RecipientTokens(
        consent.token(use="Receive", **common, **takes),
        consent.token(use="Refund", **common, caller_reference=refund_reference or consent.caller_reference),
    )
