"""Payments to somebody else, and what the caller takes of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.api.authority import amount
from tests.sandbox.api.authority import balance
from tests.sandbox.api.authority import change_account
from tests.sandbox.api.authority import MERCHANT
from tests.sandbox.api.authority import merchant
from tests.sandbox.api.authority import multi
from tests.sandbox.api.authority import recipient_tokens
from tests.sandbox.api.authority import refund
from tests.sandbox.api.authority import usd
from tests.sandbox.caller import Answer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER

FEES = "fees@sandbox.example"


def test_the_recipient_is_paid_and_the_caller_takes_his_fee(server: SandboxServer, caller: Caller) -> None:
    merchant(server)
    paid = _pay(server, caller, value="10.00", fixed="0.50", percent="5")
    assert paid["TransactionStatus"] == "Success"
    assert (balance(server, MERCHANT), balance(server, SELLER)) == ("$8.84", "$1.00")
    detail = caller.call("GetTransaction", TransactionId=paid["TransactionId"])
    assert (detail["FPSFeesPaidBy"], detail["RecipientEmail"]) == ("Recipient", MERCHANT)
    fees = detail.text.partition("<MarketplaceFees>")[2]
    assert fees.startswith("<CurrencyCode>USD</CurrencyCode><Value>1.000000</Value></MarketplaceFees>")
    assert "SenderEmail" not in detail.text
    said = server.notifications[-1].parameters
    assert (said["recipientEmail"], said["buyerName"], "buyerEmail" in said) == (MERCHANT, "John Doe", False)


def test_the_caller_may_bear_the_fee_of_fps(server: SandboxServer, caller: Caller) -> None:
    merchant(server)
    assert _pay(server, caller, value="10.00", ChargeFeeTo="Caller").error == "InsufficientBalance"
    change_account(server, SELLER, balance=usd(16))
    change_account(server, FEES, balance=usd(-16))
    assert _pay(server, caller, "p-2", "10.00", ChargeFeeTo="Caller").status == 200
    assert (balance(server, MERCHANT), balance(server, SELLER)) == ("$10.00", "$0.00")


def test_one_who_pays_no_fees_is_not_charged_them(server: SandboxServer, caller: Caller) -> None:
    merchant(server)
    to = {"RecipientTokenId": recipient_tokens(server, pays_fees=False).recipient.token_id}
    assert caller.pay(_sender(server), "p-1", **to).error == "IncompatibleTokens"
    assert caller.pay(_sender(server), "p-2", ChargeFeeTo="Recipient", **to).error == "IncompatibleTokens"
    assert caller.pay(_sender(server), "p-3", ChargeFeeTo="Caller", **to).error == "InsufficientBalance"


@pytest.mark.parametrize(
    ("fixed", "percent", "agreed_fixed", "agreed_percent"),
    [("0.51", "", 50, "10"), ("", "10.01", 50, "10"), ("0.01", "", None, "10"), ("", "0.01", 50, None)],
)
def test_no_more_than_the_recipient_agreed_to(
    server: SandboxServer,
    caller: Caller,
    fixed: str,
    percent: str,
    agreed_fixed: int | None,
    agreed_percent: str | None,
) -> None:
    merchant(server)
    to = recipient_tokens(server, agreed_fixed, agreed_percent).recipient.token_id
    refused = _pay(server, caller, fixed=fixed, percent=percent, to=to)
    assert refused.error == "IncompatibleTokens"
    if None in (agreed_fixed, agreed_percent):
        assert refused["Message"] == (
            "Maximum values of marketplace fees not defined in Recipient token or are unreadable."
        )


def test_something_must_be_left_for_the_recipient(server: SandboxServer, caller: Caller) -> None:
    merchant(server)
    refused = _pay(server, caller, value="0.52", fixed="0.50")
    assert (refused.error, refused["Message"]) == (
        "InvalidParams",
        "Transaction amount must be greater than Recipient Fee liability.",
    )
    assert _pay(server, caller, "p-2", value="0.53", fixed="0.50").status == 200


def test_a_fee_without_a_recipient_s_token_was_never_agreed(server: SandboxServer, caller: Caller) -> None:
    refused = caller.pay(_sender(server), MarketplaceVariableFee="1")
    assert refused.error == "IncompatibleTokens"


def test_a_recipient_s_token_must_be_good(server: SandboxServer, caller: Caller) -> None:
    other = merchant(server)
    made = recipient_tokens(server)
    assert _pay(server, caller, "p-1", to="NONE").error == "InvalidParams"
    assert _pay(server, caller, "p-2", to="Z" * 64).error == "InvalidTokenId_Recipient"
    assert _pay(server, caller, "p-3", to=made.refund.token_id).error == "InvalidTokenId_Recipient"
    spends = _sender(server)
    assert caller.pay(spends, "p-4", RecipientTokenId=spends).error == "SameTokenIdUsedMultipleTimes"
    assert _pay(server, other, "p-5", to=made.recipient.token_id).error == "IncompatibleTokens"
    caller.call("CancelToken", TokenId=made.recipient.token_id)
    assert _pay(server, caller, "p-6", to=made.recipient.token_id).error == "TokenNotActive_Recipient"


def test_a_recipient_s_token_has_its_time_and_its_methods(server: SandboxServer, caller: Caller) -> None:
    merchant(server)
    cards = recipient_tokens(server, accepts=("CC",)).recipient
    assert _pay(server, caller, "p-1", to=cards.token_id).error == "IncompatibleTokens"
    over = replace(recipient_tokens(server).recipient, expires_at=server.bank.clock.now())
    server.bank.tokens.install(over)
    assert _pay(server, caller, "p-2", to=over.token_id).error == "IncompatibleTokens"


def test_who_is_no_marketplace_pays_nobody_else(server: SandboxServer, caller: Caller) -> None:
    merchant(server)
    change_account(server, SELLER, is_marketplace=False)
    assert _pay(server, caller).error == "NotMarketplaceApp"
    assert caller.pay(multi(server), "p-2").status == 200


def test_one_s_own_token_names_oneself(server: SandboxServer, caller: Caller) -> None:
    own = caller.call(
        "InstallPaymentInstruction",
        PaymentInstruction="MyRole == 'Recipient';",
        CallerReference="own",
        TokenType="Unrestricted",
    )["TokenId"]
    assert caller.pay(multi(server), "p-1", RecipientTokenId=own).status == 200
    calls = caller.call(
        "InstallPaymentInstruction",
        PaymentInstruction="MyRole == 'Caller' orSay 'Roles do not match';",
        CallerReference="own-2",
        TokenType="Unrestricted",
    )["TokenId"]
    refused = caller.pay(multi(server), "p-2", RecipientTokenId=calls)
    assert refused.error == "IncompatibleTokens"
    assert refused["Message"].endswith("Roles do not match")


# ------------------------------------------------------------------------------------ refunds


def test_the_recipient_alone_gives_back(server: SandboxServer, caller: Caller) -> None:
    merchant(server)
    paid = _pay(server, caller, value="10.00", percent="10")
    assert refund(caller, paid).error == "InsufficientBalance"
    _lend(server, MERCHANT, 100)
    assert refund(caller, paid, "refund-2").status == 200
    server.advance(1)
    assert (balance(server, JOHN), balance(server, MERCHANT), balance(server, SELLER)) == (
        "$1,000.00",
        "$0.00",
        "$1.00",
    )
    assert server.bank.account(FEES).balance == usd(-100)


def test_all_give_back_what_they_took(server: SandboxServer, caller: Caller) -> None:
    merchant(server)
    paid = _pay(server, caller, value="10.00", percent="10")
    for number, value in enumerate(["3.33", "3.33", ""]):
        part = refund(caller, paid, f"refund-{number}", value, MarketplaceRefundPolicy="MasterAndMarketplaceTxn")
        assert part.status == 200
    server.advance(1)
    assert balance(server, JOHN) == "$1,000.00"
    assert [server.bank.account(email).balance.minor for email in (MERCHANT, SELLER, FEES)] == [0, 0, 0]


def test_the_caller_gives_his_fee_to_the_recipient(server: SandboxServer, caller: Caller) -> None:
    merchant(server)
    paid = _pay(server, caller, value="10.00", percent="10")
    policy = {"MarketplaceRefundPolicy": "MarketplaceTxnOnly"}
    assert refund(caller, paid, "refund-1", "0.40", **policy).status == 200
    assert refund(caller, paid, "refund-2", "0.61", **policy).error == "RefundAmountExceeded"
    assert refund(caller, paid, "refund-3", **policy).status == 200
    assert refund(caller, paid, "refund-4", **policy).error == "TransactionFullyRefundedAlready"
    server.advance(1)
    assert (balance(server, MERCHANT), balance(server, SELLER), balance(server, JOHN)) == ("$9.84", "$0.00", "$990.00")


def test_a_refund_that_fails_puts_every_fee_back(server: SandboxServer, caller: Caller) -> None:
    merchant(server)
    paid = _pay(server, caller, value="10.00", percent="10")
    before = [one.balance for one in server.bank.accounts.all()]
    server.faults.add("Refund", "pend", times=2, settles=60, ends="TransactionDenied")
    refund(caller, paid, "refund-1", "4.00", MarketplaceRefundPolicy="MasterAndMarketplaceTxn")
    refund(caller, paid, "refund-2", "0.10", MarketplaceRefundPolicy="MarketplaceTxnOnly")
    server.advance(60)
    assert [one.balance for one in server.bank.accounts.all()] == before
    found = server.bank.transaction(paid["TransactionId"])
    assert found is not None
    assert (found.refunded, found.fees_refunded, found.marketplace_refunded) == (usd(0), usd(0), usd(0))


def test_a_settle_takes_the_fee_of_what_is_settled(server: SandboxServer, caller: Caller) -> None:
    merchant(server)
    to = recipient_tokens(server).recipient.token_id
    fees = amount("MarketplaceFixedFee", "0.50") | {"MarketplaceVariableFee": "10"}
    held = caller.call(
        "Reserve",
        SenderTokenId=_sender(server),
        CallerReference="r-1",
        RecipientTokenId=to,
        **amount("TransactionAmount", "20.00"),
        **fees,
    )
    caller.call("Settle", ReserveTransactionId=held["TransactionId"], **amount("TransactionAmount", "10.00"))
    assert (balance(server, MERCHANT), balance(server, SELLER)) == ("$8.34", "$1.50")


# ------------------------------------------------------------------------------------ small words


def _pay(
    server: SandboxServer,
    caller: Caller,
    reference: str = "p-1",
    value: str = "1.00",
    fixed: str = "",
    percent: str = "",
    to: str = "",
    **more: str,
) -> Answer:
    fees = (amount("MarketplaceFixedFee", fixed) if fixed else {}) | (
        {"MarketplaceVariableFee": percent} if percent else {}
    )
    recipient = to or recipient_tokens(server).recipient.token_id
    return caller.pay(_sender(server), reference, value, RecipientTokenId=recipient, **fees, **more)


def _sender(server: SandboxServer) -> str:
    return multi(server, recipients=(MERCHANT, SELLER))


def _lend(server: SandboxServer, email: str, cents: int) -> None:
    server.bank.accounts.transfer(FEES, email, usd(cents))
