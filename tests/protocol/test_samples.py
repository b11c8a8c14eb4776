"""Answers as FPS's documents print them, in the one line that the service sent: rendered and read, byte for byte."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta
from datetime import timezone
from decimal import Decimal
from typing import Any

import pytest

from flask_fps.protocol import messages
from flask_fps.protocol import results
from flask_fps.protocol.dialects import dialect
from flask_fps.protocol.messages import ACTIONS
from flask_fps.protocol.messages import Message
from flask_fps.protocol.results import Amount

PDT = timezone(timedelta(hours=-7))
INSTALLED = datetime(2009, 10, 7, 4, 29, 5, 54_000, PDT)
REQUEST = "c21e7735-9c08-4cd8-99bf-535a848c79b4:0"
PAID = "14GK6BGKA7U6OU6SUTNLBI5SBBV9PGDJ6UL"
TOKEN = "543IJMECGZZ3J4K1F7BJ3TMNXFBQU9VXNT7RRCTNAJDJ8X36L1ZRKSUUPPIBTTIK"
DOLLAR = Amount(Decimal(1))


def _pair(status: str, transaction_id: str = PAID) -> str:
    return f"<TransactionId>{transaction_id}</TransactionId><TransactionStatus>{status}</TransactionStatus>"


def _money(name: str, value: str) -> str:
    return f"<{name}><CurrencyCode>USD</CurrencyCode><Value>{value}</Value></{name}>"


TOKEN_XML = (
    f"<Token><TokenId>{TOKEN}</TokenId><FriendlyName>Friendly1339359778</FriendlyName>"
    "<TokenStatus>Active</TokenStatus><DateInstalled>2009-10-07T04:29:05.054-07:00</DateInstalled>"
    "<CallerReference>callerReferenceSingleUse10</CallerReference><TokenType>SingleUse</TokenType>"
    f"<OldTokenId>{TOKEN}</OldTokenId><PaymentReason>PaymentReason</PaymentReason></Token>"
)
INSTALLED_TOKEN = results.Token(
    token_id=TOKEN,
    friendly_name="Friendly1339359778",
    token_status="Active",
    date_installed=INSTALLED,
    caller_reference="callerReferenceSingleUse10",
    token_type="SingleUse",
    old_token_id=TOKEN,
    payment_reason="PaymentReason",
)

#: The action, what its answer holds, and the inside of its result element.
SAMPLES: list[tuple[type[Message[Any]], Any, str]] = [
    (messages.Pay, results.PayResult(PAID, "Pending"), _pair("Pending")),
    (messages.Reserve, results.ReserveResult(PAID, "Pending"), _pair("Pending")),
    (messages.Settle, results.SettleResult(PAID, "Pending"), _pair("Pending")),
    (messages.Cancel, results.CancelResult(PAID, "Cancelled"), _pair("Cancelled")),
    (messages.Refund, results.RefundResult(PAID, "Pending"), _pair("Pending")),
    (messages.FundPrepaid, results.FundPrepaidResult(PAID, "Success"), _pair("Success")),
    (messages.SettleDebt, results.SettleDebtResult(PAID, "Pending"), _pair("Pending")),
    (messages.WriteOffDebt, results.WriteOffDebtResult(PAID, "Success"), _pair("Success")),
    (
        messages.GetTransactionStatus,
        results.GetTransactionStatusResult(
            PAID,
            "Success",
            "CallerReference07",
            "Success",
            "The transaction was successful and the payment instrument was charged.",
        ),
        _pair("Success") + "<CallerReference>CallerReference07</CallerReference><StatusCode>Success</StatusCode>"
        "<StatusMessage>The transaction was successful and the payment instrument was charged.</StatusMessage>",
    ),
    (
        messages.VerifySignature,
        results.VerifySignatureResult("Success"),
        "<VerificationStatus>Success</VerificationStatus>",
    ),
    (messages.GetTokenByCaller, results.GetTokenByCallerResult(INSTALLED_TOKEN), TOKEN_XML),
    (messages.GetTokens, results.GetTokensResult((INSTALLED_TOKEN, INSTALLED_TOKEN)), TOKEN_XML * 2),
    (
        messages.GetTokenUsage,
        results.GetTokenUsageResult(
            (
                results.TokenUsageLimit(amount=DOLLAR, last_reset_amount=DOLLAR, last_reset_timestamp=INSTALLED),
                results.TokenUsageLimit(count=1, last_reset_count=0, last_reset_timestamp=INSTALLED),
            )
        ),
        "<TokenUsageLimits>"
        + _money("Amount", "1.000000")
        + _money("LastResetAmount", "1.000000")
        + "<LastResetTimestamp>"
        "2009-10-07T04:29:05.054-07:00</LastResetTimestamp></TokenUsageLimits><TokenUsageLimits><Count>1</Count>"
        "<LastResetCount>0</LastResetCount><LastResetTimestamp>2009-10-07T04:29:05.054-07:00</LastResetTimestamp>"
        "</TokenUsageLimits>",
    ),
    (
        messages.InstallPaymentInstruction,
        results.InstallPaymentInstructionResult(TOKEN),
        f"<TokenId>{TOKEN}</TokenId>",
    ),
    (
        messages.GetPaymentInstruction,
        results.GetPaymentInstructionResult(
            token=INSTALLED_TOKEN,
            payment_instruction="MyRole == 'Caller';",
            caller_reference="ref-1",
            token_friendly_name="mine",
        ),
        TOKEN_XML + "<PaymentInstruction>MyRole == 'Caller';</PaymentInstruction>"
        "<CallerReference>ref-1</CallerReference><TokenFriendlyName>mine</TokenFriendlyName>",
    ),
    (
        messages.GetRecipientVerificationStatus,
        results.GetRecipientVerificationStatusResult("VerificationComplete"),
        "<RecipientVerificationStatus>VerificationComplete</RecipientVerificationStatus>",
    ),
    (
        messages.GetPrepaidBalance,
        results.GetPrepaidBalanceResult(
            results.PrepaidBalance(available_balance=DOLLAR, pending_in_balance=Amount(Decimal(0)))
        ),
        "<PrepaidBalance>"
        + _money("AvailableBalance", "1.000000")
        + _money("PendingInBalance", "0.000000")
        + "</PrepaidBalance>",
    ),
    (
        messages.GetTotalPrepaidLiability,
        results.GetTotalPrepaidLiabilityResult(results.OutstandingPrepaidLiability(outstanding_balance=DOLLAR)),
        f"<OutstandingPrepaidLiability>{_money('OutstandingBalance', '1.000000')}</OutstandingPrepaidLiability>",
    ),
    (
        messages.GetDebtBalance,
        results.GetDebtBalanceResult(results.DebtBalance(available_balance=DOLLAR, pending_out_balance=DOLLAR)),
        "<DebtBalance>"
        + _money("AvailableBalance", "1.000000")
        + _money("PendingOutBalance", "1.000000")
        + "</DebtBalance>",
    ),
    (
        messages.GetOutstandingDebtBalance,
        results.GetOutstandingDebtBalanceResult(results.OutstandingDebt(outstanding_balance=DOLLAR)),
        f"<OutstandingDebt>{_money('OutstandingBalance', '1.000000')}</OutstandingDebt>",
    ),
    (
        messages.GetAccountBalance,
        results.GetAccountBalanceResult(
            results.AccountBalance(
                total_balance=DOLLAR,
                pending_in_balance=DOLLAR,
                pending_out_balance=DOLLAR,
                available_balances=results.AvailableBalances(disburse_balance=DOLLAR, refund_balance=DOLLAR),
            )
        ),
        "<AccountBalance>"
        + "".join(_money(name, "1.000000") for name in ("TotalBalance", "PendingInBalance", "PendingOutBalance"))
        + "<AvailableBalances>"
        + "".join(_money(name, "1.000000") for name in ("DisburseBalance", "RefundBalance"))
        + "</AvailableBalances></AccountBalance>",
    ),
    (messages.CancelSubscriptionAndRefund, results.CancelSubscriptionAndRefundResult(None), ""),
    (
        messages.CancelSubscriptionAndRefund,
        results.CancelSubscriptionAndRefundResult(PAID),
        f"<RefundTransactionId>{PAID}</RefundTransactionId>",
    ),
    (
        messages.GetSubscriptionDetails,
        results.GetSubscriptionDetailsResult(
            results.SubscriptionDetails(
                subscription_id="S",
                description="News",
                subscription_amount=DOLLAR,
                number_of_promotional_transactions=0,
                start_date=INSTALLED,
                subscription_frequency=results.SubscriptionPeriod(1, "month"),
                override_ipn_url="http://h/ipn",
                subscription_status="Active",
                number_of_transactions_processed=1,
                recipient_email="r@example.com",
                recipient_name="R",
                sender_email="s@example.com",
                sender_name="S",
                next_transaction_date=INSTALLED,
            )
        ),
        "<SubscriptionDetails><SubscriptionId>S</SubscriptionId><Description>News</Description>"
        + _money("SubscriptionAmount", "1.000000")
        + "<NumberOfPromotionalTransactions>0</NumberOfPromotionalTransactions>"
        "<StartDate>2009-10-07T04:29:05.054-07:00</StartDate>"
        "<SubscriptionFrequency><Value>1</Value><TimeUnit>month</TimeUnit></SubscriptionFrequency>"
        "<OverrideIPNUrl>http://h/ipn</OverrideIPNUrl><SubscriptionStatus>Active</SubscriptionStatus>"
        "<NumberOfTransactionsProcessed>1</NumberOfTransactionsProcessed><RecipientEmail>r@example.com</RecipientEmail>"
        "<RecipientName>R</RecipientName><SenderEmail>s@example.com</SenderEmail><SenderName>S</SenderName>"
        "<NextTransactionDate>2009-10-07T04:29:05.054-07:00</NextTransactionDate></SubscriptionDetails>",
    ),
    (
        messages.GetTransactionsForSubscription,
        results.GetTransactionsForSubscriptionResult(
            (
                results.SubscriptionTransaction(
                    transaction_id=PAID,
                    transaction_date=INSTALLED,
                    transaction_serial_number=1,
                    transaction_amount=DOLLAR,
                    description="News",
                    transaction_status="Success",
                ),
            )
        ),
        f"<SubscriptionTransaction><TransactionId>{PAID}</TransactionId>"
        "<TransactionDate>2009-10-07T04:29:05.054-07:00</TransactionDate>"
        "<TransactionSerialNumber>1</TransactionSerialNumber>"
        + _money("TransactionAmount", "1.000000")
        + "<Description>News</Description><TransactionStatus>Success</TransactionStatus></SubscriptionTransaction>",
    ),
]
#: Whose samples stand in ``test_wire``: long ones, and the one that holds nothing.
ELSEWHERE = {"GetTransaction", "GetAccountActivity", "CancelToken"}


@pytest.mark.parametrize(("message", "result", "inside"), SAMPLES)
@pytest.mark.parametrize("version", ["2008-09-17", "2010-08-28"])
def test_a_sample_is_rendered_and_read(version: str, message: type[Message[Any]], result: Any, inside: str) -> None:
    spoken, name = dialect(version), message.action
    if name not in spoken.actions:
        assert version < message.since
        return
    body = (
        f'<?xml version="1.0"?>\n<{name}Response xmlns="http://fps.amazonaws.com/doc/{version}/">'
        f"<{name}Result>{inside}</{name}Result>"
        f"<ResponseMetadata><RequestId>{REQUEST}</RequestId></ResponseMetadata></{name}Response>"
    ).encode()
    assert spoken.render_answer(name, result, REQUEST) == body
    read = spoken.parse_answer(body, message)
    assert (read.result, read.request_id) == (result, REQUEST)


def test_every_action_has_a_sample() -> None:
    assert {message.action for message, _, _ in SAMPLES} | ELSEWHERE == set(ACTIONS)
