"""What buyers and merchants have agreed to, put straight into the bank's books."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from flask_fps.money import Money
from flask_fps.sandbox.bank.instruments import multi_use
from flask_fps.sandbox.bank.instruments import postpaid
from flask_fps.sandbox.bank.instruments import prepaid
from flask_fps.sandbox.bank.instruments import recipient
from flask_fps.sandbox.bank.instruments import recurring
from flask_fps.sandbox.bank.instruments.consent import Consent
from flask_fps.sandbox.bank.instruments.postpaid import Postpaid
from flask_fps.sandbox.bank.instruments.prepaid import Prepaid
from flask_fps.sandbox.bank.instruments.recipient import RecipientTokens
from flask_fps.sandbox.bank.limits import Limit
from flask_fps.sandbox.bank.periods import parse
from flask_fps.sandbox.bank.records import Account
from flask_fps.sandbox.bank.records import Method
from flask_fps.sandbox.bank.records import Token
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Answer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER

MERCHANT = "merchant@example.com"


def usd(cents: int) -> Money:
    return Money(cents, "USD")


def amount(name: str, value: str) -> dict[str, str]:
    return {f"{name}_Value": value, f"{name}_CurrencyCode": "USD"}


def consent(server: SandboxServer, **more: Any) -> Consent:
    """John's yes to the demo seller."""
    said = {"sender": JOHN, "caller": SELLER, "caller_reference": "yes-1", "method": "ABT"}
    return Consent(**(said | {"at": server.bank.clock.now()} | more))


def multi(server: SandboxServer, cap: int = 10_000, limits: list[Limit] | None = None, **more: Any) -> str:
    """A token for many payments."""
    own = {name: more.pop(name) for name in ("amount", "amount_type", "recipients") if name in more}
    return _installed(server, multi_use.install(consent(server, **more), cap=usd(cap), limits=limits or [], **own))


def every(server: SandboxServer, period: str, cents: int, **more: Any) -> str:
    """A token for one payment in each period."""
    return _installed(server, recurring.install(consent(server, **more), amount=usd(cents), period=parse(period)))


def merchant(server: SandboxServer, **more: Any) -> Caller:
    """Somebody who sells in the demo seller's marketplace; as a caller, he knows his own key."""
    account = Account(
        email=MERCHANT,
        name="Merchant",
        balance=usd(0),
        methods=(Method("ABT", "Account balance"),),
        access_key="AKIAMERCHANT00000001",
        secret_key="merchant",
    )
    server.bank.accounts.open(replace(account, **more))
    return Caller(server.url, access_key="AKIAMERCHANT00000001", secret_key="merchant")


def recipient_tokens(
    server: SandboxServer, fixed: int | None = 50, percent: str | None = "10", **more: Any
) -> RecipientTokens:
    """The merchant lets the demo seller have others pay him."""
    made = recipient.install(
        consent(server, sender=MERCHANT),
        max_fixed_fee=None if fixed is None else usd(fixed),
        max_variable_fee=None if percent is None else Decimal(percent),
        **more,
    )
    server.bank.tokens.install(*made)
    return made


def gift_card(server: SandboxServer, limit: int = 10_000, **more: Any) -> Prepaid:
    made = prepaid.install(consent(server, **more), limit=usd(limit), funding_reference="yes-1-funding")
    server.bank.tokens.install(*made)
    return made


def credit(server: SandboxServer, limit: int = 10_000, cap: int = 50_000, **more: Any) -> Postpaid:
    made = postpaid.install(
        consent(server, **more), credit_limit=usd(limit), cap=usd(cap), settlement_reference="yes-1-settlement"
    )
    server.bank.tokens.install(*made)
    return made


def change_account(server: SandboxServer, email: str, **changes: Any) -> None:
    server.bank.books.accounts.put(replace(server.bank.account(email), **changes))


def balance(server: SandboxServer, email: str) -> str:
    return str(server.bank.account(email).balance)


def refund(caller: Caller, paid: Answer, reference: str = "refund-1", value: str = "", **more: str) -> Answer:
    money = amount("RefundAmount", value) if value else {}
    about = {"TransactionId": paid["TransactionId"], "CallerReference": reference}
    return caller.call("Refund", **about, **money, **more)


def _installed(server: SandboxServer, token: Token) -> str:
    server.bank.tokens.install(token)
    return token.token_id
