"""A request with every parameter that its action or pipeline has is performed: none is known by name alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta

import pytest

from flask_fps.money import Money
from flask_fps.protocol.dialects import V2010_08_28
from flask_fps.protocol.pipelines import PIPELINES
from flask_fps.protocol.values import camel
from flask_fps.protocol.values import utc
from flask_fps.sandbox.bank.periods import Period
from flask_fps.sandbox.bank.subscriptions import Terms
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER
from tests.sandbox.caller import token
from tests.sandbox.habits.grants import granted
from tests.sandbox.habits.grants import whole
from tests.sandbox.habits.wire import is_opened
from tests.sandbox.habits.wire import netloc
from tests.sandbox.habits.wire import start
from tests.sandbox.habits.wire import version_2
from tests.sandbox.habits.wire import written

Wish = dict[str, str]
Made = Callable[[SandboxServer, Caller], Wish]


def _usd(name: str, amount: str) -> Wish:
    return {f"{name}.Value": amount, f"{name}.CurrencyCode": "USD"}


IPN = {"OverrideIPNURL": "http://127.0.0.1:9/ipn"}
DESCRIPTOR = {"DescriptorPolicy.SoftDescriptorType": "Dynamic", "DescriptorPolicy.CSOwner": "Caller"}
TEXTS = {"CallerDescription": "A song", "SenderDescription": "Your song"}
TIMEOUT = {"TransactionTimeoutInMins": "60"}


def _payment(server: SandboxServer, _: Caller) -> Wish:
    payee = granted(server, "Recipient", buyer="jane@example.com")["tokenID"]
    run = granted(server, "MultiUse", method="CC", recipientTokenList=payee)
    return {
        **_usd("TransactionAmount", "10.00"),
        **_usd("MarketplaceFixedFee", "0.50"),
        "SenderTokenId": run["tokenID"],
        "RecipientTokenId": payee,
        "CallerReference": "whole",
        "ChargeFeeTo": "Recipient",
        "MarketplaceVariableFee": "5",
        **TEXTS,
        **DESCRIPTOR,
        **TIMEOUT,
        **IPN,
    }


def _reserved(server: SandboxServer, caller: Caller) -> str:
    made = token(server, JOHN, "ABT", "10.00", "held")
    money = {"TransactionAmount_Value": "10.00", "TransactionAmount_CurrencyCode": "USD"}
    return caller.call("Reserve", SenderTokenId=made, CallerReference="held", **money)["TransactionId"]


def _paid(server: SandboxServer, caller: Caller) -> str:
    return caller.pay(token(server), "paid")["TransactionId"]


def _settle(server: SandboxServer, caller: Caller) -> Wish:
    return {"ReserveTransactionId": _reserved(server, caller), **_usd("TransactionAmount", "4.00"), **IPN}


def _cancel(server: SandboxServer, caller: Caller) -> Wish:
    return {"TransactionId": _reserved(server, caller), "Description": "not now", **IPN}


def _refund(server: SandboxServer, caller: Caller) -> Wish:
    return {
        "TransactionId": _paid(server, caller),
        "CallerReference": "back",
        "CallerDescription": "sorry",
        "MarketplaceRefundPolicy": "MasterTxnOnly",
        **_usd("RefundAmount", "0.50"),
        **IPN,
    }


def _activity(server: SandboxServer, caller: Caller) -> Wish:
    _paid(server, caller)
    return {
        "StartDate": "2012-01-01",
        "EndDate": utc(server.bank.clock.now() + timedelta(days=1)),
        "MaxBatchSize": "20",
        "SortOrderByDate": "Ascending",
        "ResponseGroup": "Details",
        "FPSOperation": "Pay",
        "PaymentMethod": "ABT",
        "Role.1": "Recipient",
        "Role.2": "Caller",
        "TransactionStatus": "Success",
    }


def _fund(server: SandboxServer, _: Caller) -> Wish:
    made = granted(server, "SetupPrepaid")
    return {
        "SenderTokenId": made["fundingTokenID"],
        "PrepaidInstrumentId": made["prepaidInstrumentID"],
        "CallerReference": "fund",
        **_usd("FundingAmount", "20.00"),
        **TEXTS,
        **DESCRIPTOR,
        **TIMEOUT,
        **IPN,
    }


def _in_debt(server: SandboxServer, caller: Caller) -> Wish:
    made = granted(server, "SetupPostpaid")
    caller.pay(made["creditSenderTokenID"], "on-credit", "10.00")
    return made


def _settle_debt(server: SandboxServer, caller: Caller) -> Wish:
    made = _in_debt(server, caller)
    return {
        "SenderTokenId": made["settlementTokenID"],
        "CreditInstrumentId": made["creditInstrumentID"],
        "CallerReference": "settle",
        **_usd("SettlementAmount", "4.00"),
        **TEXTS,
        **DESCRIPTOR,
        **TIMEOUT,
        **IPN,
    }


def _write_off(server: SandboxServer, caller: Caller) -> Wish:
    return {
        "CreditInstrumentId": _in_debt(server, caller)["creditInstrumentID"],
        "CallerReference": "let go",
        "CallerDescription": "never mind",
        **_usd("AdjustmentAmount", "4.00"),
    }


def _install(_: SandboxServer, __: Caller) -> Wish:
    return {
        "PaymentInstruction": "MyRole == 'Caller' orSay 'Roles do not match';",
        "CallerReference": "own",
        "TokenType": "Unrestricted",
        "TokenFriendlyName": "Mine",
        "PaymentReason": "To call",
    }


def _own_token(server: SandboxServer, caller: Caller) -> str:
    return caller.send(caller.signed({"Action": "InstallPaymentInstruction", **_install(server, caller)}))["TokenId"]


def _tokens(server: SandboxServer, caller: Caller) -> Wish:
    _own_token(server, caller)
    return {
        "TokenStatus": "Active",
        "TokenType": "Unrestricted",
        "CallerReference": "own",
        "TokenFriendlyName": "Mine",
    }


def _subscribed(server: SandboxServer) -> str:
    terms = Terms(
        sender=JOHN,
        recipient=SELLER,
        description="A song a month",
        amount=Money(500, "USD"),
        method="ABT",
        frequency=Period(1, "month"),
    )
    return server.bank.subscriptions.open(terms).subscription_id


def _end_subscription(server: SandboxServer, _: Caller) -> Wish:
    return {
        "SubscriptionId": _subscribed(server),
        "CallerReference": "end",
        "CancelReason": "heard them all",
        **_usd("RefundAmount", "1.00"),
    }


#: By action: every parameter that it has, where one request can have them all.
WISHES: dict[str, Made] = {
    "Pay": _payment,
    "Reserve": _payment,
    "Settle": _settle,
    "Cancel": _cancel,
    "Refund": _refund,
    "GetTransaction": lambda server, caller: {"TransactionId": _paid(server, caller)},
    "GetTransactionStatus": lambda server, caller: {"TransactionId": _paid(server, caller)},
    "GetAccountActivity": _activity,
    "GetAccountBalance": lambda server, caller: {},
    "GetTokenByCaller": lambda server, caller: {"TokenId": token(server)},
    "GetTokens": _tokens,
    "GetTokenUsage": lambda server, caller: {"TokenId": granted(server, "MultiUse")["tokenID"]},
    "CancelToken": lambda server, caller: {"TokenId": token(server), "ReasonText": "not this one", **IPN},
    "InstallPaymentInstruction": _install,
    "GetPaymentInstruction": lambda server, caller: {"TokenId": _own_token(server, caller)},
    "GetRecipientVerificationStatus": lambda server, caller: {
        "RecipientTokenId": granted(server, "Recipient", buyer="jane@example.com")["tokenID"]
    },
    "VerifySignature": lambda server, caller: {
        "UrlEndPoint": "http://127.0.0.1:5000/",
        "HttpParameters": "signature=x&signatureMethod=RSA-SHA1&signatureVersion=2&certificateUrl=y",
    },
    "FundPrepaid": _fund,
    "GetPrepaidBalance": lambda server, caller: {
        "PrepaidInstrumentId": granted(server, "SetupPrepaid")["prepaidInstrumentID"]
    },
    "GetTotalPrepaidLiability": lambda server, caller: {},
    "GetDebtBalance": lambda server, caller: {"CreditInstrumentId": _in_debt(server, caller)["creditInstrumentID"]},
    "GetOutstandingDebtBalance": lambda server, caller: {},
    "SettleDebt": _settle_debt,
    "WriteOffDebt": _write_off,
    "CancelSubscriptionAndRefund": _end_subscription,
    "GetSubscriptionDetails": lambda server, caller: {"SubscriptionId": _subscribed(server)},
    "GetTransactionsForSubscription": lambda server, caller: {"SubscriptionId": _subscribed(server)},
}
#: What stands for another parameter of the same request.
INSTEAD = {"GetTokenByCaller": {"CallerReference"}, "GetAccountActivity": {"Status"}}


@pytest.mark.parametrize("action", sorted(V2010_08_28.actions))
def test_an_action_with_every_parameter_is_performed(server: SandboxServer, caller: Caller, action: str) -> None:
    wish = WISHES[action](server, caller)
    known = {name.replace("Role.1", "Role.N") for name in wish if name != "Role.2"}
    assert known | INSTEAD.get(action, set()) == V2010_08_28.actions[action].names(V2010_08_28.version)
    answer = caller.send(caller.signed({"Action": action, **wish}))
    assert answer.status == 200, answer.text
    assert f"<{action}Response " in answer.text


@pytest.mark.parametrize("pipeline", sorted(PIPELINES))
def test_a_pipeline_with_every_parameter_is_opened(server: SandboxServer, pipeline: str) -> None:
    wish = whole(server, pipeline)
    declared = {one.metadata["wire"] or camel(one.name) for one in fields(PIPELINES[pipeline])}
    assert wish.keys() - {"pipelineName"} == declared
    params = {"callerKey": Caller("").access_key, "version": "2009-01-09", **wish}
    assert is_opened(start(server, written(version_2(params, netloc(server)))))
