"""What only FPS says, and what the gateway makes of it: answers scripted at the client, one level above the wire."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from flask_fps.errors import NotSent
from flask_fps.errors import OutcomeUnknown
from flask_fps.errors import ServiceError
from flask_fps.gateways.fps import BATCHES_FOR_ONE
from flask_fps.gateways.fps import FPSGateway
from flask_fps.money import Money
from flask_fps.protocol import messages
from flask_fps.protocol.cbui import CBUI
from flask_fps.protocol.client import Client
from flask_fps.records import Facts
from flask_fps.records import Intent
from flask_fps.records import Result
from tests.clock import START

NOTHING = messages.Amount(Decimal("0"), "USD")
US = "seller@shop.example"
INTENT = Intent("p-2", "pay", "p", Money(10, "USD"), "TOKEN", {"CallerReference": "p-2"}, sends=1, first_sent_at=START)


class ScriptedClient(Client):
    """Answers each message from a list, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9/", "KEY", "SECRET")
        self.answers: deque[Any] = deque()
        self.asked: list[Any] = []

    def send(self, message: messages.Message[Any]) -> Any:
        self.asked.append(message)
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def send_parameters(self, message_type: Any, parameters: Any) -> Any:
        return self.send(message_type.from_parameters(parameters))


@pytest.fixture
def client() -> ScriptedClient:
    return ScriptedClient()


@pytest.fixture
def gateway(client: ScriptedClient) -> FPSGateway:
    return FPSGateway(
        client=client,
        cbui=CBUI("http://127.0.0.1:9/cobranded-ui/actions/start", "KEY", "SECRET"),
        verifier=lambda: pytest.fail("nothing to verify"),
        recipient_email="Seller@shop.example",
        methods=("ABT",),
    )


def detail(id: str = "TX2", **changes: Any) -> messages.GetTransactionResult:
    given: dict[str, Any] = {
        "transaction_id": id,
        "caller_reference": "p-2",
        "date_received": START,
        "transaction_amount": messages.Amount(Decimal("0.100000"), "USD"),
        "fps_fees": NOTHING,
        "fps_fees_paid_by": "Recipient",
        "fps_operation": "Pay",
        "payment_method": "ABT",
        "transaction_status": "Success",
        "caller_name": "Shop",
        "sender_email": "john@example.com",
        "recipient_email": US,
        **changes,
    }
    return messages.GetTransactionResult(transaction=messages.TransactionDetail(**given))


def activity(*ids: str, token: str = "TOKEN", more: datetime | None = None) -> messages.GetAccountActivityResult:
    transactions = tuple(
        messages.Transaction(
            transaction_id=id,
            caller_transaction_date=START,
            date_received=START,
            transaction_amount=NOTHING,
            fps_operation="Pay",
            transaction_status="Success",
            payment_method="ABT",
            caller_name="Shop",
            fps_fees=NOTHING,
            balance=NOTHING,
            sender_token_id=token,
        )
        for id in ids
    )
    return messages.GetAccountActivityResult(
        batch_size=len(ids), transactions=transactions, start_time_for_next_transaction=more
    )


def refusal(code: str, status: int = 400, *, retryable: bool = False) -> ServiceError:
    return ServiceError(code, "no", http_status=status, retryable=retryable)


# What became of a transaction


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("Success", Result.SUCCESS),
        ("Pending", Result.PENDING),
        ("Reserved", Result.RESERVED),
        ("Failure", Result.FAILURE),
        ("Cancelled", Result.CANCELLED),
        ("SomethingNew", Result.UNKNOWN),
    ],
)
def test_every_status_of_a_transaction(
    gateway: FPSGateway, client: ScriptedClient, status: str, result: Result
) -> None:
    client.answers.append(detail(transaction_status=status))
    outcome = gateway.status("TX2")

    assert (outcome.result, outcome.transaction_id, outcome.payer) == (result, "TX2", "john@example.com")
    assert outcome.facts == Facts("p-2", Money(10, "USD"), True, US)


@pytest.mark.parametrize(
    ("wire", "method"), [("ABT", "balance"), ("ACH", "bank"), ("CC", "card"), ("Prepaid", "Prepaid")]
)
def test_a_method_leaves_its_wire_name_at_the_seam(
    gateway: FPSGateway, client: ScriptedClient, wire: str, method: str
) -> None:
    client.answers.append(detail(payment_method=wire))

    assert gateway.status("TX2").method == method


@pytest.mark.parametrize(
    ("changes", "facts"),
    [
        ({"recipient_email": "somebody@else.example"}, Facts("p-2", Money(10, "USD"), False, "somebody@else.example")),
        ({"recipient_email": None}, Facts("p-2", Money(10, "USD"), None)),
        ({"transaction_amount": messages.Amount(Decimal("0.09"), "USD")}, Facts("p-2", Money(9, "USD"), True, US)),
        ({"transaction_amount": messages.Amount(Decimal("0.105"), "USD")}, Facts("p-2", None, True, US)),
        ({"transaction_amount": messages.Amount(Decimal("0.10"), "XXX")}, Facts("p-2", None, True, US)),
        ({"transaction_amount": messages.Amount(Decimal("-1"), "USD")}, Facts("p-2", None, True, US)),
    ],
)
def test_facts_are_told_as_they_are(
    gateway: FPSGateway, client: ScriptedClient, changes: dict[str, Any], facts: Facts
) -> None:
    client.answers.append(detail(**changes))

    assert gateway.status("TX2").facts == facts


@pytest.mark.parametrize("error", [NotSent("no"), OutcomeUnknown("cut"), refusal("InvalidTransactionId")])
def test_no_answer_about_a_transaction_says_nothing(
    gateway: FPSGateway, client: ScriptedClient, error: Exception
) -> None:
    client.answers.append(error)

    assert gateway.status("TX2").result is Result.UNKNOWN


@pytest.mark.parametrize(("operation", "waits"), [("Pay", True), ("Reserve", True), ("Refund", False)])
def test_only_what_pays_or_reserves_can_be_tried_again(
    gateway: FPSGateway, client: ScriptedClient, operation: str, waits: bool
) -> None:
    """RetryTransaction is for Pay and Reserve (FPS 2007-01-08)."""
    declined = {"transaction_status": "Pending", "status_code": "TemporaryDecline", "fps_operation": operation}
    client.answers.append(detail(**declined))
    outcome = gateway.status("TX2")
    assert (outcome.result, outcome.declined_for_now) == (Result.PENDING, waits)
    assert len(client.asked) == 1, "to look is to look"


def test_later_versions_are_not_asked_to_try_again(gateway: FPSGateway, client: ScriptedClient) -> None:
    assert gateway.retry("TX2").result is Result.UNKNOWN
    assert not client.asked


def test_an_answer_about_another_transaction_says_nothing(gateway: FPSGateway, client: ScriptedClient) -> None:
    client.answers.append(detail("TX9"))

    assert gateway.status("TX2").result is Result.UNKNOWN


# What an error of Pay proves


@pytest.mark.parametrize(
    ("error", "result", "retryable"),
    [
        (NotSent("no"), Result.NOT_SENT, False),
        (OutcomeUnknown("cut"), Result.UNKNOWN, False),
        (refusal("InternalServerError", 500, retryable=True), Result.UNKNOWN, True),
        (refusal("ServiceUnavailable", 503, retryable=True), Result.UNKNOWN, True),
        (refusal("DuplicateRequest"), Result.UNKNOWN, False),
        (refusal("InvalidParams"), Result.FAILURE, False),
        (refusal("AccessFailure", retryable=True), Result.FAILURE, True),
        (refusal("SignatureDoesNotMatch", 403), Result.FAILURE, True),
        (refusal("RequestExpired"), Result.FAILURE, True),
        (refusal("InsufficientBalance", retryable=True), Result.FAILURE, False),
    ],
    ids=str,
)
def test_what_an_error_proves(
    gateway: FPSGateway, client: ScriptedClient, error: Exception, result: Result, retryable: bool
) -> None:
    client.answers.append(error)
    parameters = messages.Pay(
        sender_token_id="TOKEN", transaction_amount=messages.Amount(Decimal("0.10")), caller_reference="p-2"
    ).parameters()
    outcome = gateway.pay(Intent("p-2", "pay", "p", Money(10, "USD"), "TOKEN", parameters))

    assert (outcome.result, outcome.transaction_id) == (result, None)
    if result is Result.FAILURE:
        assert outcome.retryable is retryable


# Looking for a lost transaction


def test_a_lost_transaction_is_found_by_its_token_and_confirmed(gateway: FPSGateway, client: ScriptedClient) -> None:
    client.answers += [activity("TX1", token="ANOTHER", more=START), activity("TX2"), detail("TX2")]
    outcome = gateway.find(INTENT)

    assert (outcome.result, outcome.transaction_id, outcome.facts) == (
        Result.SUCCESS,
        "TX2",
        Facts("p-2", Money(10, "USD"), True, US),
    )
    assert client.asked[0].start_date == START - timedelta(days=1)
    assert client.asked[1].start_date == START


def test_an_earlier_request_with_the_same_token_is_not_taken_for_this_one(
    gateway: FPSGateway, client: ScriptedClient
) -> None:
    failed = detail("TX1", caller_reference="p-1", transaction_status="Failure")
    client.answers += [activity("TX1", "TX2"), failed, detail("TX2")]

    assert gateway.find(INTENT).transaction_id == "TX2"
    client.answers += [activity("TX1"), failed]
    assert gateway.find(INTENT).result is Result.UNKNOWN


def test_not_found_is_not_a_no(gateway: FPSGateway, client: ScriptedClient) -> None:
    client.answers += [activity("TX1", token="ANOTHER")]

    assert gateway.find(INTENT).result is Result.UNKNOWN


@pytest.mark.parametrize("error", [NotSent("no"), OutcomeUnknown("cut"), refusal("AuthFailure", 403)])
def test_books_that_cannot_be_read_are_not_a_no(gateway: FPSGateway, client: ScriptedClient, error: Exception) -> None:
    client.answers.append(error)

    assert gateway.find(INTENT).result is Result.UNKNOWN


def test_the_search_ends(gateway: FPSGateway, client: ScriptedClient) -> None:
    client.answers += [activity(more=START)] * (BATCHES_FOR_ONE + 1)

    assert gateway.find(INTENT).result is Result.UNKNOWN
    assert len(client.asked) == BATCHES_FOR_ONE
