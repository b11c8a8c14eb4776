"""What a caller takes of a payment to somebody else: marketplace fees.

FPS developer guide, *Charging marketplace fees* and *Fees and marketplace applications*.
"""

from __future__ import annotations

from decimal import Decimal
from decimal import ROUND_HALF_UP

from ...money import Money
from .errors import BankError
from .errors import incompatible
from .errors import invalid_params
from .records import Token


def marketplace_fee(fixed: Money | None, percent: Decimal | None, amount: Money) -> Money:
    """The fee on this amount, half-up to the cent."""
    share = (Decimal(amount.minor) * (percent or 0) / 100).quantize(Decimal(1), ROUND_HALF_UP)
    return Money(int(share) + (fixed.minor if fixed else 0), amount.currency)


def check_agreed(recipient: Token | None, fixed: Money | None, percent: Decimal | None) -> None:
    """:raises BankError: IncompatibleTokens, where the recipient's token does not allow so much."""
    if fixed is None and percent is None:
        return
    most_fixed, most_percent = (recipient.max_fixed_fee, recipient.max_variable_fee) if recipient else (None, None)
    if (fixed is not None and most_fixed is None) or (percent is not None and most_percent is None):
        raise BankError(
            "IncompatibleTokens", "Maximum values of marketplace fees not defined in Recipient token or are unreadable."
        )
    if fixed is not None and most_fixed is not None and fixed.minor > most_fixed.minor:
        raise incompatible("The marketplace's fixed fee is more than the recipient agreed to")
    if percent is not None and most_percent is not None and percent > most_percent:
        raise incompatible("The marketplace's variable fee is more than the recipient agreed to")


def check_payer(recipient: Token | None, fees_paid_by: str) -> None:
    """:raises BankError: IncompatibleTokens, where the recipient has not agreed to pay FPS's fee."""
    if fees_paid_by == "Recipient" and recipient is not None and not recipient.pays_fees:
        raise incompatible("Assertion Failed for Recipient")


def check_remains(amount: Money, fee: Money, marketplace: Money) -> None:
    """:raises BankError: where a marketplace's fee leaves the recipient nothing (captured text)."""
    if marketplace.minor and amount.minor <= fee.minor + marketplace.minor:
        raise invalid_params("Transaction amount must be greater than Recipient Fee liability.")
