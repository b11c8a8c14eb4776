"""Who banks here when the sandbox opens: one seller and two buyers, known to every tutorial."""

from __future__ import annotations

from ...money import Money
from ...protocol import demo
from .accounts import Accounts
from .accounts import house_accounts
from .accounts import usual_methods
from .records import Account
from .records import Address
from .records import Method
from .rules import CURRENCY
from .rules import NOTHING


def seller() -> Account:
    return Account(
        email=demo.SELLER_EMAIL,
        name="DigitalDownload",
        password="seller",
        balance=NOTHING,
        methods=(Method("ABT", "Account balance"),),
        access_key=demo.ACCESS_KEY,
        secret_key=demo.SECRET_KEY,
    )


def buyers() -> list[Account]:
    """John has every method and no default, so he is asked; Jane's card is her default."""
    john = Account(
        email="john@example.com",
        name="John Doe",
        password="john",
        balance=Money(100_000, CURRENCY),
        methods=usual_methods("Visa ending in 1111", "08/2031", "Checking account ending in 6789"),
        addresses=(_address("John Doe", "410 Terry Avenue North"),),
    )
    jane = Account(
        email="jane@example.com",
        name="Jane Roe",
        password="jane",
        balance=Money(25_000, CURRENCY),
        methods=usual_methods("MasterCard ending in 4444", "05/2032", "Savings account ending in 4321"),
        default_method="CC",
        addresses=(_address("Jane Roe", "1915 Pine Street"),),
    )
    return [john, jane]


def _address(name: str, street: str) -> Address:
    return Address(name=name, line1=street, city="Seattle", state="WA", zip="98101", country="US")


def open_demo(accounts: Accounts) -> None:
    for account in [seller(), *buyers()]:
        accounts.open(account)
    open_house(accounts)


def open_house(accounts: Accounts) -> None:
    """The bank's own accounts; books of an older day may lack some."""
    for account in house_accounts():
        if accounts.find(account.email) is None:
            accounts.open(account)
