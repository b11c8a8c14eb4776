"""Our own client asks the sandbox for everything there is, and reads every answer strictly."""

from __future__ import annotations

from datetime import datetime
from datetime import timezone
from decimal import Decimal
from typing import TypeVar

import pytest

from flask_fps.errors import ServiceError
from flask_fps.protocol import messages
from flask_fps.protocol import results
from flask_fps.protocol.client import Client
from flask_fps.protocol.dialects import dialect
from flask_fps.protocol.messages import ACTIONS
from flask_fps.protocol.results import Amount
from flask_fps.sandbox.api.actions import PERFORM
from flask_fps.sandbox.bank.periods import parse
from flask_fps.sandbox.bank.subscriptions import Terms
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.api.authority import credit
from tests.sandbox.api.authority import gift_card
from tests.sandbox.api.authority import MERCHANT
from tests.sandbox.api.authority import merchant
from tests.sandbox.api.authority import multi
from tests.sandbox.api.authority import recipient_tokens
from tests.sandbox.api.authority import usd
from tests.sandbox.caller import ACCESS_KEY
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SECRET_KEY
from tests.sandbox.caller import SELLER

R = TypeVar("R")
TEN, FIVE = Amount(Decimal(10)), Amount(Decimal(5))


class Asked:
    """A client that remembers what it has asked for."""

    def __init__(self, server: SandboxServer, version: str) -> None:
        self._client = Client(server.url, ACCESS_KEY, SECRET_KEY, version=version)
        self.dialect = self._client.dialect
        self.actions: set[str] = set()

    def __call__(self, message: messages.Message[R]) -> R:
        self.actions.add(message.action)
        return self._client.send(message)


@pytest.mark.parametrize("version", ["2008-09-17", "2010-08-28"])
def test_every_action_from_both_ends(server: SandboxServer, version: str) -> None:
    ask = Asked(server, version)
    _pay(server, ask)
    _reserve(server, ask)
    _tokens(server, ask)
    _prepaid(server, ask)
    _debt(server, ask)
    _subscription(server, ask)
    assert ask.actions | {"VerifySignature"} == set(dialect(version).actions)


def test_a_refusal_carries_its_code(server: SandboxServer) -> None:
    ask = Asked(server, "2010-08-28")
    with pytest.raises(ServiceError) as refused:
        ask(messages.GetDebtBalance(credit_instrument_id="NONE"))
    assert (refused.value.code, refused.value.http_status) == ("InvalidParams", 400)
    assert refused.value.message == "CreditInstrumentId : NONE is invalid"


def _pay(server: SandboxServer, ask: Asked) -> None:
    merchant(server)
    paid = ask(
        messages.Pay(
            sender_token_id=multi(server, recipients=(MERCHANT,)),
            recipient_token_id=recipient_tokens(server).recipient.token_id,
            transaction_amount=TEN,
            caller_reference="p-1",
            charge_fee_to="Recipient",
            caller_description="songs",
            sender_description="DIGITALDOWNLOAD SONGS",
            descriptor_policy=results.DescriptorPolicy(soft_descriptor_type="Dynamic", cs_owner="Caller"),
            transaction_timeout_in_mins=5,
            marketplace_fixed_fee=Amount(Decimal("0.50")),
            marketplace_variable_fee=Decimal(5),
        )
    )
    assert ask(messages.GetTransactionStatus(transaction_id=paid.transaction_id)).transaction_status == "Success"
    detail = ask(messages.GetTransaction(transaction_id=paid.transaction_id)).transaction
    assert detail.marketplace_fees == Amount(Decimal(1))
    found = server.bank.transaction(paid.transaction_id)
    assert found is not None
    assert found.statement == "DIGITALDOWNLOAD"
    ask(
        messages.Refund(
            transaction_id=paid.transaction_id,
            caller_reference="refund-1",
            refund_amount=FIVE,
            marketplace_refund_policy="MasterAndMarketplaceTxn",
        )
    )
    activity = ask(messages.GetAccountActivity(start_date=datetime(2020, 1, 1, tzinfo=timezone.utc), role=("Caller",)))
    assert [one.fps_operation for one in activity.transactions] == ["Refund", "Pay"]
    assert ask(messages.GetAccountBalance()).account_balance.total_balance.value == Decimal("0.50")


def _reserve(server: SandboxServer, ask: Asked) -> None:
    held = [
        ask(messages.Reserve(sender_token_id=multi(server), transaction_amount=TEN, caller_reference=f"r-{number}"))
        for number in range(2)
    ]
    settled = ask(messages.Settle(reserve_transaction_id=held[0].transaction_id, transaction_amount=FIVE))
    assert settled == results.SettleResult(held[0].transaction_id, "Success")
    cancelled = ask(messages.Cancel(transaction_id=held[1].transaction_id, description="sold out"))
    assert cancelled == results.CancelResult(held[1].transaction_id, "Cancelled")


def _tokens(server: SandboxServer, ask: Asked) -> None:
    own = ask(
        messages.InstallPaymentInstruction(
            payment_instruction="MyRole == 'Caller';", caller_reference="own", token_type="Unrestricted"
        )
    ).token_id
    assert ask(messages.GetPaymentInstruction(token_id=own)).payment_instruction == "MyRole == 'Caller';"
    assert [one.token_id for one in ask(messages.GetTokens()).tokens] == [own]
    many = multi(server)
    assert ask(messages.GetTokenByCaller(token_id=many)).token.token_type == "MultiUse"
    assert ask(messages.GetTokenUsage(token_id=many)).token_usage_limits[0].amount == Amount(Decimal(0))
    ask(messages.CancelToken(token_id=many, reason_text="enough"))
    status = ask(messages.GetRecipientVerificationStatus(recipient_token_id=own))
    assert status.recipient_verification_status.startswith("VerificationComplete")


def _prepaid(server: SandboxServer, ask: Asked) -> None:
    card = gift_card(server)
    ask(
        messages.FundPrepaid(
            sender_token_id=card.funding.token_id,
            prepaid_instrument_id=card.instrument.instrument_id,
            funding_amount=TEN,
            caller_reference="f-1",
        )
    )
    balance = ask(messages.GetPrepaidBalance(prepaid_instrument_id=card.instrument.instrument_id)).prepaid_balance
    assert balance.available_balance == TEN
    liability = ask(messages.GetTotalPrepaidLiability()).outstanding_prepaid_liability
    assert liability.outstanding_balance == TEN


def _debt(server: SandboxServer, ask: Asked) -> None:
    line = credit(server)
    about = line.instrument.instrument_id
    ask(messages.Pay(sender_token_id=line.sender.token_id, transaction_amount=TEN, caller_reference="d-1"))
    ask(messages.WriteOffDebt(credit_instrument_id=about, adjustment_amount=FIVE, caller_reference="w-1"))
    assert ask(messages.GetDebtBalance(credit_instrument_id=about)).debt_balance.available_balance == FIVE
    assert ask(messages.GetOutstandingDebtBalance()).outstanding_debt.outstanding_balance == FIVE
    ask(
        messages.SettleDebt(
            sender_token_id=line.settlement.token_id,
            credit_instrument_id=about,
            settlement_amount=FIVE,
            caller_reference="s-1",
        )
    )


def _subscription(server: SandboxServer, ask: Asked) -> None:
    terms = Terms(
        sender=JOHN, recipient=SELLER, description="News", amount=usd(500), method="ABT", frequency=parse("1 Month")
    )
    about = server.bank.subscriptions.open(terms).subscription_id
    if "GetSubscriptionDetails" in ask.dialect.actions:
        assert ask(messages.GetSubscriptionDetails(subscription_id=about)).subscription_details.description == "News"
        paid = ask(messages.GetTransactionsForSubscription(subscription_id=about)).subscription_transactions
        assert [one.transaction_amount for one in paid] == [FIVE]
    ended = ask(
        messages.CancelSubscriptionAndRefund(subscription_id=about, refund_amount=FIVE, caller_reference="back")
    )
    assert ended.refund_transaction_id is not None


def test_every_action_is_performed() -> None:
    assert set(PERFORM) == set(ACTIONS)
