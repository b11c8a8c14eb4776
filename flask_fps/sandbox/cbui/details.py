"""What the pages say of a request: who is paid, what for, and how much, in words for the buyer."""

from __future__ import annotations

import re
from typing import Any

from ...money import Money
from ..bank import Bank
from ..bank.records import Run

PARTS = {
    "itemTotal": "Items",
    "shipping": "Shipping",
    "handling": "Handling",
    "giftWrapping": "Gift wrapping",
    "tax": "Tax",
    "discount": "Discount",
}
ADDRESS = ("addressName", "addressLine1", "addressLine2", "city", "state", "zip", "country", "phoneNumber")
#: FPS let these tags stand in a payment's reason; here the words stand without them.
_TAGS = re.compile(r"</?(?:b|i|u|ul|li|br|em|strong|strike)\s*/?>", re.IGNORECASE)


def described(bank: Bank, run: Run) -> dict[str, Any]:
    """The template variables of every page of a run."""
    return {
        "run": run,
        "caller": bank.account(run.caller).name,
        "payee": bank.account(run.recipient).name,
        "reason": _TAGS.sub(" ", run.reason).strip() or "a purchase",
    }


def parts(run: Run) -> list[tuple[str, Money]]:
    """What the amount is made of, as far as the caller says so; nothing promises that it adds up."""
    given = run.parameters
    return [(label, Money.parse(given[name], run.amount.currency)) for name, label in PARTS.items() if given.get(name)]


def address(run: Run) -> list[str]:
    """Where the caller ships to, line by line; nothing where the buyer is to say it himself."""
    given = run.parameters
    if given.get("collectShippingAddress", "").lower() == "true":
        return []
    return [given[name] for name in ADDRESS if given.get(name)]
