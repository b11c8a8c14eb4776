"""A shipping address out of the buyer's form: one that he has, or one that he writes."""

from __future__ import annotations

from collections.abc import Mapping

from ..bank.records import Account
from ..bank.records import Address

#: Form field, attribute, label, what a browser fills in by itself.
FIELDS = (
    ("addressName", "name", "Name", "shipping name"),
    ("addressLine1", "line1", "Address line 1", "shipping address-line1"),
    ("addressLine2", "line2", "Address line 2", "shipping address-line2"),
    ("city", "city", "City", "shipping address-level2"),
    ("state", "state", "State", "shipping address-level1"),
    ("zip", "zip", "ZIP code", "shipping postal-code"),
    ("country", "country", "Country", "shipping country-name"),
    ("phoneNumber", "phone", "Phone", "shipping tel"),
)
REQUIRED = frozenset({"addressName", "addressLine1", "city", "country"})
LENGTH = 100


class BadAddress(ValueError):
    """What is wrong with it, in words for the buyer."""


def chosen(buyer: Account, form: Mapping[str, str]) -> Address:
    """The address that the form names or holds.

    :raises BadAddress: for neither.
    """
    if "address" not in form and any(form.get(field) for field, *_ in FIELDS):
        return _written(form)
    place = form.get("address", "")
    if place.isascii() and place.isdecimal() and len(place) < 4 and int(place) < len(buyer.addresses):
        return buyer.addresses[int(place)]
    raise BadAddress("Please choose an address, or write a new one.")


def _written(form: Mapping[str, str]) -> Address:
    values: dict[str, str] = {}
    for field, attribute, label, _ in FIELDS:
        text = " ".join(form.get(field, "").split())
        if field in REQUIRED and not text:
            raise BadAddress(f"Please fill in: {label}.")
        if len(text) > LENGTH or not text.isprintable():
            raise BadAddress(f"This cannot be an address: {label} is too long, or has signs that cannot be printed.")
        values[attribute] = text
    return Address(**values)
