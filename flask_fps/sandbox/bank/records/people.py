"""Who banks here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ....money import Money

_ZIP = re.compile(r"[0-9]{5}(-[0-9]{4})?", re.ASCII)


@dataclass(frozen=True)
class Method:
    """A way to pay that an account holder has set up."""

    #: ``ABT`` (account balance), ``ACH`` (bank account) or ``CC`` (credit card).
    kind: str
    #: For people: ``Visa ending in 1111``.
    label: str
    #: ``MM/YYYY`` of a card, as the co-branded return reports it.
    expiry: str | None = None


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where somebody has things shipped to."""

    name: str
    line1: str
    line2: str = ""
    city: str
    state: str = ""
    zip: str = ""
    country: str
    phone: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """As one writes it on a parcel."""
        town = " ".join(part for part in (self.city, self.state, self.zip) if part)
        return tuple(line for line in (self.name, self.line1, self.line2, town, self.country, self.phone) if line)

    @property
    def is_plausible(self) -> bool:
        """False for what cannot be an address of the United States, and says that it is one."""
        american = self.country.strip().upper() in ("US", "USA", "UNITED STATES")
        return not american or _ZIP.fullmatch(self.zip.strip()) is not None


@dataclass(frozen=True, kw_only=True)
class Account:
    """Somebody's account with the bank, or one of the bank's own (``house``)."""

    email: str
    name: str
    balance: Money
    #: In the clear: these are the public demo's, never a person's.
    password: str = ""
    methods: tuple[Method, ...] = ()
    default_method: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    #: "URL for Instant Payment Notification" of the account's settings.
    ipn_url: str | None = None
    #: How notifications to this account are signed: ``2`` (RSA) or ``1`` (HMAC, before 2011).
    ipn_signature: str = "2"
    #: The same for returns from the co-branded pages; ``""``: as the request was signed.
    return_signature: str = ""
    addresses: tuple[Address, ...] = ()
    #: Its e-mail address is known to be its own; without that it cannot use the co-branded pages.
    email_verified: bool = True
    #: It may ask for payments to others, as a marketplace does.
    is_marketplace: bool = True
    #: A personal account takes no cards.
    is_personal: bool = False
    #: ``active``, ``suspended`` or ``closed``.
    standing: str = "active"
    #: It has a verified bank account or card, and its bank account is verified.
    is_verified: bool = True
    bank_verified: bool = True
    #: It has sent or received as much as it may.
    is_limited: bool = False
    house: bool = False

    def method(self, kind: str) -> Method | None:
        return next((method for method in self.methods if method.kind == kind), None)
