"""Accounts: who banks here, their keys and settings, and every posting between two balances."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import replace

from ...money import Money
from .books import Books
from .records import Account
from .records import Method
from .rules import METHODS
from .rules import NOTHING
from .standing import STANDINGS

#: The bank's own accounts. What comes from outside (cards, bank accounts) is owed by the first two, so
#: that all balances together always are what was put in.
CARDS = "cards@sandbox.example"
BANKS = "banks@sandbox.example"
FEES = "fees@sandbox.example"
#: Refunds under way.
TRANSIT = "transit@sandbox.example"
#: What is reserved and neither settled nor released.
HOLDS = "holds@sandbox.example"
HOUSE = {
    CARDS: "Card networks",
    BANKS: "Banks",
    FEES: "Fees of the service",
    TRANSIT: "Refunds under way",
    HOLDS: "Reserved amounts",
}

#: What may stand between an account and a payment: by name what it may be, the usual first.
STANDING: Mapping[str, tuple[str | bool, ...]] = {
    "standing": STANDINGS,
    "email_verified": (True, False),
    "is_verified": (True, False),
    "bank_verified": (True, False),
    "is_limited": (False, True),
    "is_marketplace": (True, False),
    "is_personal": (False, True),
}


class Accounts:
    """The desk for accounts."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def open(self, account: Account) -> Account:
        """A new account; its balance is money put in from outside.

        :raises ValueError: where the e-mail address or the access key is taken.
        """
        with self._books.change():
            if self._books.accounts.get(account.email) is not None:
                raise ValueError(f"there is an account of {account.email} already")
            if account.access_key and self._books.accounts.find("access_key", account.access_key):
                raise ValueError(f"the access key {account.access_key} is another account's")
            return self._books.accounts.put(account)

    def all(self) -> list[Account]:
        """In the order they were opened, the bank's own last."""
        with self._books.change():
            return list(self._books.accounts)

    def find(self, email: str) -> Account | None:
        return self._books.accounts.get(email)

    def get(self, email: str) -> Account:
        """:raises LookupError: for an address nobody banks under."""
        account = self._books.accounts.get(email)
        if account is None:
            raise LookupError(f"nobody banks here as {email}")
        return account

    def by_key(self, access_key: str) -> Account | None:
        with self._books.change():
            found = self._books.accounts.find("access_key", access_key)
            return found[0] if found else None

    def sign_in(self, email: str, password: str) -> Account | None:
        """The account of this address and password; house accounts have no door."""
        account = self._books.accounts.get(email.strip().lower())
        if account is None or account.house or not account.password:
            return None
        same = hmac.compare_digest(account.password.encode(), password.encode(errors="replace"))
        return account if same else None

    def set_default_method(self, email: str, kind: str | None) -> Account:
        """The way to pay that needs no asking; ``None`` asks every time.

        :raises LookupError: for a method the account does not have.
        """
        with self._books.change():
            account = self.get(email)
            if kind is not None and account.method(kind) is None:
                raise LookupError(f"{email} has no {kind} to pay with")
            return self._books.accounts.put(replace(account, default_method=kind))

    def set_ipn(self, email: str, url: str | None, signature: str = "2") -> Account:
        """Where this account's notifications go, and how they are signed."""
        with self._books.change():
            return self._books.accounts.put(replace(self.get(email), ipn_url=url, ipn_signature=signature))

    def put(self, account: Account) -> Account:
        """Set what is known of an account in the place of what was; never its balance, which :meth:`transfer` moves.

        :raises LookupError: for an address nobody banks under.
        """
        with self._books.change():
            return self._books.accounts.put(replace(account, balance=self.get(account.email).balance))

    def set_standing(self, email: str, **standing: str | bool) -> Account:
        """What an account may take part in: any of :data:`STANDING`.

        :raises ValueError: for what it cannot be.
        """
        for name, value in standing.items():
            if name not in STANDING or value not in STANDING[name] or type(value) is not type(STANDING[name][0]):
                known = ", ".join(map(str, STANDING.get(name, ())))
                raise ValueError(f"{name} is not {value!r:.40}: use one of {known}")
        with self._books.change():
            return self._books.accounts.put(replace(self.get(email), **standing))  # type: ignore[arg-type]

    def transfer(self, payer: str, payee: str, money: Money) -> None:
        """Move money between two balances; whether there is enough is the caller's question."""
        if not money.minor or payer == payee:
            return
        with self._books.change():
            source = self.get(payer)
            self._books.accounts.put(replace(source, balance=source.balance - money))
            target = self.get(payee)
            self._books.accounts.put(replace(target, balance=target.balance + money))


def house_accounts() -> list[Account]:
    return [Account(email=email, name=name, balance=NOTHING, house=True) for email, name in HOUSE.items()]


def usual_methods(card: str, expiry: str, bank: str) -> tuple[Method, ...]:
    """A balance, a bank account and a card, in the order the pages show them."""
    labels = {"ABT": "Account balance", "ACH": bank, "CC": card}
    return tuple(Method(kind, labels[kind], expiry if kind == "CC" else None) for kind in METHODS)
