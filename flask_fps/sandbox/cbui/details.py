"""What the pages say of a request: who is paid, what for, how much and on which terms, in words for the buyer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ...money import Money
from .. import terms
from ..bank import Bank
from ..bank.asked import Asked
from ..bank.granting import terms_of
from ..bank.records import Run
from .wording import Wording
from .wording import WORDINGS

PARTS = {
    "itemTotal": "Items",
    "shipping": "Shipping",
    "handling": "Handling",
    "giftWrapping": "Gift wrapping",
    "tax": "Tax",
    "discount": "Discount",
}
ADDRESS = ("addressName", "addressLine1", "addressLine2", "city", "state", "zip", "country", "phoneNumber")
#: FPS let a few tags stand in a payment's reason and dropped all others; here the words stand without any.
_TAGS = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)


@dataclass(frozen=True)
class Brand:
    """Whose pages these pretend to be (*Generic Parameters*, co-branding)."""

    name: str
    #: ``websiteDescription``: what one returns to.
    site: str
    #: ``logo`` or ``banner``, and where it would come from: shown as text, for nothing is loaded from elsewhere.
    style: str
    url: str | None


def described(bank: Bank, run: Run) -> dict[str, Any]:
    """The template variables of every page of a run."""
    caller = bank.account(run.caller).name
    payee = ", ".join(bank.account(email).name for email in run.payees)
    return {
        "run": run,
        "caller": caller,
        "payee": payee,
        "brand": brand(run, caller, payee),
        "reason": _TAGS.sub(" ", run.reason).strip() or "a purchase",
        "words": _filled(WORDINGS[run.pipeline], payee=payee, caller=caller, amount=str(run.amount)),
    }


def brand(run: Run, caller: str, payee: str) -> Brand:
    given = run.parameters
    name = payee if given.get("isRecipientCobranding", "").lower() == "true" else caller
    style = "banner" if given.get("cobrandingStyle") == "banner" else "logo"
    url = given.get("cobrandingUrl", "")
    return Brand(name, given.get("websiteDescription") or caller, style, url if _is_shown(url) else None)


def facts(bank: Bank, run: Run) -> Iterator[tuple[str, object]]:
    """The terms of a run, label and value."""
    asked = terms_of(run, bank.rules)
    yield from _parts(run)
    yield from WORDINGS[run.pipeline].facts(run, asked)
    if run.pipeline != "SingleUse":
        read = Asked(run.parameters, bank.rules, run.opened_at)
        yield from terms.life(read.starts_at(), read.expires_at())


def _parts(run: Run) -> Iterator[tuple[str, object]]:
    """What the amount is made of, as far as the caller says so; nothing promises that it adds up."""
    for name, label in PARTS.items():
        if run.parameters.get(name) and run.pipeline == "SingleUse":
            amount = Money.parse(run.parameters[name], run.amount.currency)
            yield label, f"−{amount}" if name == "discount" else amount


def collects_address(run: Run) -> bool:
    return run.parameters.get("collectShippingAddress", "").lower() == "true"


def address(run: Run) -> tuple[str, ...]:
    """Where it is shipped to, line by line: the buyer's choice, or what the caller says."""
    if collects_address(run):
        return run.address.lines if run.address else ()
    return tuple(run.parameters[name] for name in ADDRESS if run.parameters.get(name))


def _is_shown(url: str) -> bool:
    """Only what FPS would have loaded: an https address."""
    try:
        return urlsplit(url).scheme == "https" and bool(urlsplit(url).hostname) and url.isprintable()
    except ValueError:
        return False


def _filled(words: Wording, **names: str) -> dict[str, str | None]:
    said = {"sign_in": words.sign_in, "heading": words.heading, "confirm": words.confirm, "promise": words.promise}
    filled: dict[str, str | None] = {key: text.format(**names) for key, text in said.items()}
    return filled | {"amount": words.amount, "thing": words.thing, "undone": words.undone}
