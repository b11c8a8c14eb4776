"""A request of 2007-01-08 with every parameter that its action has is performed, in each spelling of an amount."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from flask_fps.protocol.dialects import V2007_01_08
from flask_fps.protocol.values import utc
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import token
from tests.sandbox.first_caller import FirstCaller
from tests.sandbox.first_caller import statuses
from tests.sandbox.habits.grants import granted

Wish = dict[str, str]
DATE = "2008-04-17T12:00:00Z"


class Clerk:
    """Makes what a request needs, and the request."""

    def __init__(self, server: SandboxServer, amount: str) -> None:
        self.server = server
        self.caller = FirstCaller(server.url)
        self._amount = amount

    def usd(self, name: str, amount: str) -> Wish:
        return {f"{name}.{self._amount}": amount, f"{name}.CurrencyCode": "USD"}

    @property
    def texts(self) -> Wish:
        said = {f"{role}Description": f"for the {role}" for role in ("Caller", "Sender", "Recipient")}
        return {
            **said,
            "SenderReference": "s-1",
            "RecipientReference": "r-1",
            "MetaData": "x=1",
            "TransactionDate": DATE,
        }

    @property
    def moves(self) -> Wish:
        return {"CallerTokenId": self.caller.token("Caller"), "CallerReference": "whole", "ChargeFeeTo": "Recipient"}

    def payment(self, method: str = "CC") -> Wish:
        payee = granted(self.server, "Recipient", buyer="jane@example.com")["tokenID"]
        sender = granted(self.server, "MultiUse", method=method, recipientTokenList=payee)["tokenID"]
        return {
            "SenderTokenId": sender,
            "RecipientTokenId": payee,
            "MarketplaceVariableFee": "5",
            "DescriptorPolicy.SoftDescriptorType": "Dynamic",
            "DescriptorPolicy.CSNumberOf": "Caller",
            "TemporaryDeclinePolicy.TemporaryDeclinePolicyType": "ImplicitRetry",
            "TemporaryDeclinePolicy.ImplicitRetryTimeoutInMins": "60",
            **self.moves,
            **self.texts,
            **self.usd("TransactionAmount", "10.00"),
            **self.usd("MarketplaceFixedFee", "0.50"),
        }

    def paid(self, method: str = "ABT", amount: str = "1.00", action: str = "Pay") -> str:
        made = self.caller.pay(token(self.server, method=method, amount=amount), "before", amount, action)
        return made["TransactionId"]

    def prepaid(self) -> Wish:
        return granted(self.server, "SetupPrepaid")

    def in_debt(self) -> Wish:
        made = granted(self.server, "SetupPostpaid")
        self.caller.pay(made["creditSenderTokenID"], "on-credit", "10.00")
        return made

    def instruction(self) -> Wish:
        return {
            "PaymentInstruction": "MyRole == 'Caller';",
            "CallerReference": "own",
            "TokenType": "Unrestricted",
            "TokenFriendlyName": "Mine",
            "PaymentReason": "To call",
        }

    def own_token(self) -> str:
        made = self.caller.send(self.caller.signed({"Action": "InstallPaymentInstruction", **self.instruction()}))
        return made["TokenId"]


def _settle(clerk: Clerk) -> Wish:
    held = clerk.paid("CC", action="Reserve")
    clerk.server.advance(2)
    fields = {"ReserveTransactionId": held, "MetaData": "x=1", "TransactionDate": DATE}
    return {**fields, **clerk.usd("TransactionAmount", "0.50")}


def _refund(clerk: Clerk) -> Wish:
    return {
        "TransactionId": clerk.paid(),
        "RefundSenderTokenId": clerk.caller.token("Recipient"),
        "MarketplaceRefundPolicy": "MasterTxnOnly",
        "CallerDescription": "sorry",
        "MetaData": "x=1",
        "RefundSenderDescription": "a",
        "RefundRecipientDescription": "b",
        "TransactionDate": DATE,
        "RefundSenderReference": "c",
        "RefundRecipientReference": "d",
        **clerk.moves,
        **clerk.usd("RefundAmount", "0.50"),
    }


def _retry(clerk: Clerk) -> Wish:
    return {"OriginalTransactionId": clerk.paid("CC", "0.61")}


def _fund(clerk: Clerk) -> Wish:
    made = clerk.prepaid()
    named = {"SenderTokenId": made["fundingTokenID"], "PrepaidInstrumentId": made["prepaidInstrumentID"]}
    return {**named, **clerk.moves, **clerk.texts, **clerk.usd("FundingAmount", "20.00")}


def _settle_debt(clerk: Clerk) -> Wish:
    made = clerk.in_debt()
    named = {"SenderTokenId": made["settlementTokenID"], "CreditInstrumentId": made["creditInstrumentID"]}
    return {**named, **clerk.moves, **clerk.texts, **clerk.usd("SettlementAmount", "4.00")}


def _write_off(clerk: Clerk) -> Wish:
    named = {"CreditInstrumentId": clerk.in_debt()["creditInstrumentID"]}
    moves = {name: text for name, text in clerk.moves.items() if name != "ChargeFeeTo"}
    return {**named, **moves, **clerk.texts, **clerk.usd("AdjustmentAmount", "4.00")}


def _activity(clerk: Clerk) -> Wish:
    clerk.paid()
    return {
        "StartDate": "2007-01-08",
        "EndDate": utc(clerk.server.bank.clock.now() + timedelta(days=1)),
        "MaxBatchSize": "20",
        "SortOrderByDate": "Ascending",
        "ResponseGroup": "Detail",
        "Operation": "Pay",
        "PaymentMethod": "ABT",
        "Role.1": "Recipient",
        "Status": "Success",
    }


def _tokens(clerk: Clerk) -> Wish:
    clerk.own_token()
    return {"TokenStatus": "Active", "CallerReference": "own", "TokenFriendlyName": "Mine"}


def _discard(clerk: Clerk) -> Wish:
    made = clerk.paid("CC")
    clerk.server.advance(2)
    return {"TransactionIds.1": made}


def _pay_batch(clerk: Clerk) -> Wish:
    return {f"PayRequest.1.{name}": text for name, text in clerk.payment().items()} | {"Unused": "x"}


def _install_batch(clerk: Clerk) -> Wish:
    stem = "InstallPaymentInstructionRequest.1"
    return {f"{stem}.{name}": text for name, text in clerk.instruction().items()} | {"Unused": "x"}


def _unsubscribe(clerk: Clerk) -> Wish:
    event = {"NotificationOperationName": "postTransactionResult"}
    clerk.caller.call("SubscribeForCallerNotification", WebServiceAPIURL="https://shop.example/fps", **event)
    return event


#: By action: every parameter that it has.
WISHES: dict[str, Callable[[Clerk], Wish]] = {
    "Pay": Clerk.payment,
    "Reserve": Clerk.payment,
    "Settle": _settle,
    "Refund": _refund,
    "RetryTransaction": _retry,
    "PayBatch": _pay_batch,
    "FundPrepaid": _fund,
    "SettleDebt": _settle_debt,
    "WriteOffDebt": _write_off,
    "GetTransaction": lambda clerk: {"TransactionId": clerk.paid()},
    "GetAccountActivity": _activity,
    "GetAccountBalance": lambda clerk: {},
    "GetResults": lambda clerk: {"Operation": "Pay", "MaxResultsCount": "5"},
    "DiscardResults": _discard,
    "GetAllCreditInstruments": lambda clerk: {"InstrumentStatus": "Active"},
    "GetAllPrepaidInstruments": lambda clerk: {"InstrumentStatus": "All"},
    "GetDebtBalance": lambda clerk: {"CreditInstrumentId": clerk.in_debt()["creditInstrumentID"]},
    "GetOutstandingDebtBalance": lambda clerk: {},
    "GetPrepaidBalance": lambda clerk: {"PrepaidInstrumentId": clerk.prepaid()["prepaidInstrumentID"]},
    "GetTotalPrepaidLiability": lambda clerk: {},
    "InstallPaymentInstruction": Clerk.instruction,
    "InstallPaymentInstructionBatch": _install_batch,
    "GetPaymentInstruction": lambda clerk: {"TokenId": clerk.own_token()},
    "GetTokenByCaller": lambda clerk: {"TokenId": token(clerk.server)},
    "GetTokens": _tokens,
    "GetTokenUsage": lambda clerk: {"TokenId": granted(clerk.server, "MultiUse")["tokenID"]},
    "CancelToken": lambda clerk: {"TokenId": token(clerk.server), "ReasonText": "not this one"},
    "SubscribeForCallerNotification": lambda clerk: {
        "NotificationOperationName": "postTransactionResult",
        "WebServiceAPIURL": "https://shop.example/fps",
    },
    "UnSubscribeForCallerNotification": _unsubscribe,
}


@pytest.mark.parametrize("amount", ["Amount", "Value"])
@pytest.mark.parametrize("action", sorted(V2007_01_08.actions))
def test_an_action_with_every_parameter_is_performed(server: SandboxServer, action: str, amount: str) -> None:
    clerk = Clerk(server, amount)
    wish = WISHES[action](clerk)
    names = {name.replace(".1", ".N").replace(".Value", ".Amount") for name in wish}
    declared = {name.replace(".Value", ".Amount") for name in V2007_01_08.actions[action].names(V2007_01_08.version)}
    assert names <= declared <= names | {"CallerReference"}
    answer = clerk.caller.send(clerk.caller.signed({"Action": action, **wish}))
    assert (answer.status, statuses(answer)[0]) == (200, "Success"), answer.text
