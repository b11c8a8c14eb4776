"""Messages, names and answers of the first API, by what its clients sent and recorded."""

from __future__ import annotations

import contextlib
from datetime import datetime
from datetime import timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_fps.errors import OutcomeUnknown
from flask_fps.errors import ServiceError
from flask_fps.protocol import dialects
from flask_fps.protocol import messages as later
from flask_fps.protocol import results as later_results
from flask_fps.protocol import schema
from flask_fps.protocol import signing
from flask_fps.protocol.client import Client
from flask_fps.protocol.dialects import RoleTokens
from flask_fps.protocol.dialects import V2007_01_08 as FIRST
from flask_fps.protocol.dialects.v2007_01_08 import messages
from flask_fps.protocol.dialects.v2007_01_08 import results
from flask_fps.protocol.dialects.v2007_01_08.own_tokens import INSTRUCTIONS
from flask_fps.protocol.dialects.v2007_01_08.own_tokens import own_token
from flask_fps.protocol.dialects.v2007_01_08.results import Amount
from flask_fps.protocol.dialects.v2007_01_08.saying import SAY
from flask_fps.protocol.dialects.v2007_01_08.understanding import UNDERSTAND
from flask_fps.protocol.messages import GetAccountBalance
from flask_fps.protocol.messages import Message

TOKEN = "A5BB" * 16
ROLES = RoleTokens("C" * 64, "R" * 64)
PAY = messages.Pay(
    caller_token_id="C" * 64,
    sender_token_id="S" * 64,
    recipient_token_id="R" * 64,
    transaction_amount=Amount(Decimal("0.10")),
    transaction_date=datetime(2007, 4, 25, tzinfo=timezone.utc),
    charge_fee_to="Recipient",
    caller_reference="MP3DownloadId-AF12ES",
    sender_reference="johndigitaldownload",
    caller_description="DigitalDownload web site",
    sender_description="John Customer of DigitalDownload",
    meta_data="Digital Content downloaded: Now and Forever - Richard Marx",
)
#: remit's recorded answer.
INITIATED = (
    b'<ns3:PayResponse xmlns:ns3="http://fps.amazonaws.com/doc/2007-01-08/">'
    b"<ns3:TransactionResponse><TransactionId>12TI9PLJ29HPKQ3DHAF3O5LOHAKJM5GLPKJ</TransactionId>"
    b"<Status>Initiated</Status></ns3:TransactionResponse>"
    b"<Status>Success</Status><RequestId>uuid:0</RequestId></ns3:PayResponse>"
)
MADE = results.Made(
    results.TransactionResponse(transaction_id="12TI9PLJ29HPKQ3DHAF3O5LOHAKJM5GLPKJ", status="Initiated")
)
REFUSED = (
    b'<ns3:PayResponse xmlns:ns3="http://fps.amazonaws.com/doc/2007-01-08/"><Status>Failure</Status><Errors><Errors>'
    b"<ErrorType>Business</ErrorType><IsRetriable>false</IsRetriable><ErrorCode>InvalidParams</ErrorCode>"
    b"<ReasonText>callerTokenId can not be empty</ReasonText></Errors></Errors><RequestId>r:0</RequestId>"
    b"</ns3:PayResponse>"
)


def test_there_are_29_actions() -> None:
    assert len(FIRST.actions) == 29


def test_pay_has_every_parameter_of_the_use_case() -> None:
    assert PAY.parameters() == {
        "CallerTokenId": "C" * 64,
        "SenderTokenId": "S" * 64,
        "RecipientTokenId": "R" * 64,
        "TransactionAmount.CurrencyCode": "USD",
        "TransactionAmount.Amount": "0.10",
        "TransactionDate": "2007-04-25T00:00:00Z",
        "ChargeFeeTo": "Recipient",
        "CallerReference": "MP3DownloadId-AF12ES",
        "SenderReference": "johndigitaldownload",
        "CallerDescription": "DigitalDownload web site",
        "SenderDescription": "John Customer of DigitalDownload",
        "MetaData": "Digital Content downloaded: Now and Forever - Richard Marx",
    }
    assert messages.Pay.from_parameters(PAY.parameters()) == PAY


def test_clients_sign_by_version_1() -> None:
    sent = FIRST.signed("GET", "http://127.0.0.1/", PAY.parameters(), "secret")
    unsigned = {name: value for name, value in sent.items() if name != "Signature"}
    assert sent["SignatureVersion"] == "1"
    assert "SignatureMethod" not in sent
    assert sent["Signature"] == signing.sign_v1(unsigned, "secret")


@pytest.mark.parametrize(
    ("message", "written", "documented"),
    [
        (messages.Pay, "callerReference", "CallerReference"),
        (messages.Pay, "RecipientTokenID", "RecipientTokenId"),
        (messages.Pay, "TransactionAmount.Value", "TransactionAmount.Amount"),
        (messages.DiscardResults, "TransactionIds", "TransactionIds.1"),
        (messages.DiscardResults, "transactionids.7", "TransactionIds.7"),
        (messages.DiscardResults, "TransactionID.0", "TransactionIds.1"),
        (messages.GetAccountActivity, "role.2", "Role.2"),
        (messages.PayBatch, "PayRequest.1.CallerReference", "PayRequest.1.CallerReference"),
        (messages.PayBatch, "payrequest.12.transactionamount.amount", "PayRequest.12.TransactionAmount.Amount"),
        (messages.Pay, "Frobnicate", None),
        (messages.Pay, "TransactionAmount", None),
        (messages.Pay, "SenderTokenId.1", None),
        (messages.DiscardResults, "TransactionIds.x", None),
        (messages.Pay, "OverrideIPNURL", None),
    ],
)
def test_names_as_the_clients_of_the_time_wrote_them(
    message: type[Message[Any]], written: str, documented: str | None
) -> None:
    assert FIRST.spelled(message, written) == documented


def test_names_of_actions_are_read_ignoring_case() -> None:
    assert FIRST.action("GetOutStandingDebtBalance") is messages.GetOutstandingDebtBalance
    assert FIRST.action("GetTransactionStatus") is None


def test_a_batch_is_a_list_of_requests() -> None:
    batch = messages.PayBatch(pay_request=(PAY, PAY))
    params = batch.parameters()
    assert params["PayRequest.2.SenderReference"] == "johndigitaldownload"
    assert messages.PayBatch.from_parameters(params) == batch
    assert messages.PayBatch.missing({}) == ("PayRequest",)
    del params["PayRequest.2.CallerTokenId"]
    assert messages.PayBatch.missing(params) == ("PayRequest.2.CallerTokenId",)


def test_the_recorded_answer_is_read_and_rendered() -> None:
    assert FIRST.parse_answer(INITIATED, messages.Pay).result == MADE
    assert FIRST.render_answer("Pay", MADE, "uuid:0").endswith(INITIATED)


def test_the_recorded_refusal_is_read_and_rendered() -> None:
    with pytest.raises(ServiceError) as caught:
        FIRST.parse_answer(REFUSED, messages.Pay)
    error = caught.value
    assert (error.code, error.message, error.retryable) == ("InvalidParams", "callerTokenId can not be empty", False)
    assert (error.http_status, error.request_id) == (200, "r:0")
    status, body = FIRST.render_refusal("Pay", 400, "InvalidParams", ["callerTokenId can not be empty"], "r")
    assert (status, body.endswith(REFUSED)) == (200, True)


def test_a_refusal_may_have_many_reasons() -> None:
    _, body = FIRST.render_refusal("InstallPaymentInstruction", 400, "BadRule", ["one", "two"], "r")
    assert body.count(b"<Errors>") == 3
    with pytest.raises(ServiceError) as caught:
        FIRST.parse_answer(body, messages.InstallPaymentInstruction)
    assert (caught.value.code, caught.value.message) == ("BadRule", "one; two")


def test_what_the_service_is_to_blame_for_looks_as_it_always_did() -> None:
    status, body = FIRST.render_refusal("Pay", 503, "ServiceUnavailable", ["later"], "r")
    assert (status, b"<Response><Errors><Error><Code>ServiceUnavailable" in body) == (503, True)


@pytest.mark.parametrize(
    "change",
    [
        (b"<Status>Success</Status><RequestId>", b"<RequestId>"),
        (b"<Status>Success</Status><RequestId>", b"<Status>Failure</Status><RequestId>"),
        (b"<Status>Success</Status><RequestId>", b"<Status>Maybe</Status><RequestId>"),
        (b"<RequestId>uuid:0</RequestId>", b"<Errors/><RequestId>uuid:0</RequestId>"),
        (b"ns3:TransactionResponse", b"TransactionResponse"),
        (b"<Status>Initiated</Status>", b""),
        (b"2007-01-08", b"2008-09-17"),
        (b"PayResponse", b"RefundResponse"),
        (b"<RequestId>uuid:0</RequestId>", b""),
    ],
)
def test_what_is_not_exactly_an_answer_tells_nothing(change: tuple[bytes, bytes]) -> None:
    with pytest.raises(OutcomeUnknown):
        FIRST.parse_answer(INITIATED.replace(*change), messages.Pay)


def test_a_refusal_beside_a_transaction_tells_nothing() -> None:
    made = INITIATED.partition(b'2007-01-08/">')[2].partition(b"<Status>Success")[0]
    with pytest.raises(OutcomeUnknown):
        FIRST.parse_answer(REFUSED.replace(b"<Status>Failure", made + b"<Status>Failure"), messages.Pay)


def test_a_failure_of_the_service_itself_is_no_refusal() -> None:
    with pytest.raises(OutcomeUnknown):
        FIRST.parse_answer(REFUSED.replace(b">Business<", b">System<"), messages.Pay)


def test_an_error_document_of_the_front_door_is_understood() -> None:
    error = b"<Errors><Error><Code>InvalidAction</Code><Message>m</Message></Error></Errors>"
    document = b"<Response>" + error + b"<RequestID>r</RequestID></Response>"
    with pytest.raises(ServiceError, match="InvalidAction"):
        FIRST.parse_answer(document, messages.Pay)


def test_errors_of_a_discard_come_after_the_status() -> None:
    body = FIRST.render_answer("DiscardResults", results.DiscardResultsResult(("T1", "T2")), "r:0").decode()
    assert (
        body.index("<Status>") < body.index("<DiscardErrors>T1") < body.index("<DiscardErrors>T2") < body.index("<Req")
    )
    assert FIRST.parse_answer(body.encode(), messages.DiscardResults).result.discard_errors == ("T1", "T2")


SAMPLES: dict[type, Any] = {
    str: "a text & more",
    int: 7,
    Decimal: Decimal("1.5"),
    datetime: datetime(2008, 4, 16, 2, 43, 1, tzinfo=timezone.utc),
}


def sample(cls: type) -> Any:
    """An instance with every field filled."""
    given = {}
    for part in schema.parts(cls):
        value = sample(part.kind) if part.nested else SAMPLES[part.kind]
        given[part.attribute] = (value, value) if part.many else value
    return cls(**given)


@pytest.mark.parametrize("action", FIRST.actions)
def test_every_answer_is_read_as_it_was_rendered(action: str) -> None:
    message = FIRST.actions[action]
    result = None if message.result is type(None) else sample(message.result)
    body = FIRST.render_answer(action, result, "r:0")
    assert FIRST.parse_answer(body, message).result == result


@pytest.mark.parametrize("action", FIRST.actions)
def test_every_message_is_read_as_it_was_written(action: str) -> None:
    message = sample(FIRST.actions[action])
    params = message.parameters()
    assert all(FIRST.spelled(type(message), name) == name for name in params)
    assert type(message).from_parameters(params) == message


def test_amounts_have_six_decimals_and_times_are_pacific() -> None:
    body = FIRST.render_answer("GetTransaction", sample(results.GetTransactionResult), "r:0").decode()
    assert "<TransactionAmount><CurrencyCode>a text &amp; more</CurrencyCode><Amount>1.500000</Amount>" in body
    assert "<DateReceived>2008-04-15T19:43:01.000-07:00</DateReceived>" in body


def test_a_message_of_another_version_is_not_sent() -> None:
    with pytest.raises(ValueError, match="no message of API version 2007-01-08"):
        Client("http://127.0.0.1:1/", "AKID", "SECRET", version="2007-01-08").send(GetAccountBalance())


TODAY: dict[str, Any] = {
    "sender_token_id": "S" * 64,
    "transaction_amount": later_results.Amount(Decimal(1)),
    "caller_reference": "one",
}


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (later.Pay(**TODAY, transaction_timeout_in_mins=5), "TransactionTimeoutInMins"),
        (later.Reserve(**TODAY, override_ipn_url="http://127.0.0.1/ipn"), "OverrideIPNURL"),
        (
            later.Refund(transaction_id="1" * 35, caller_reference="r", override_ipn_url="http://127.0.0.1/"),
            "OverrideIPN",
        ),
        (later.CancelToken(token_id="T" * 64, override_ipn_url="http://127.0.0.1/"), "OverrideIPNURL"),
        (later.GetTokens(token_type="SingleUse"), "TokenType"),
    ],
)
def test_what_cannot_be_said_in_2007_is_not_left_out_in_silence(message: Message[Any], name: str) -> None:
    speaker = FIRST.speaker(Client("http://127.0.0.1:9/", "k", "s", version=FIRST.version), lambda: ROLES)
    for do in (speaker.parameters, speaker.send):
        with pytest.raises(ValueError, match=f"{message.action} has no {name}.* in API version 2007-01-08"):
            do(message)


def test_a_policy_for_the_card_statement_is_said_in_2007_too() -> None:
    speaker = FIRST.speaker(Client("http://127.0.0.1:9/", "k", "s", version=FIRST.version), lambda: ROLES)
    policy = later_results.DescriptorPolicy(soft_descriptor_type="Dynamic", cs_owner="Caller")
    said = speaker.parameters(later.Pay(**TODAY, caller_description="songs", descriptor_policy=policy))
    assert said["DescriptorPolicy.SoftDescriptorType"] == "Dynamic"
    assert said["DescriptorPolicy.CSNumberOf"] == "Caller"


def test_an_action_that_2007_lacks_is_stored_and_refused_when_it_is_sent() -> None:
    speaker = FIRST.speaker(Client("http://127.0.0.1:9/", "k", "s", version=FIRST.version), lambda: ROLES)
    cancel = later.Cancel(transaction_id="1" * 35)
    assert speaker.parameters(cancel) == {"TransactionId": "1" * 35}
    with pytest.raises(ServiceError, match="InvalidAction"):
        speaker.send(cancel)
    with pytest.raises(ServiceError, match="InvalidAction"):
        speaker.send_parameters(later.Cancel, cancel.parameters())


def test_whatever_is_said_in_the_words_of_today_is_understood_again() -> None:
    assert SAY.keys() == UNDERSTAND.keys()
    assert set(dialects.NEWEST.actions.values()) >= set(SAY)


@given(
    st.sampled_from(sorted(FIRST.actions)), st.text(st.sampled_from("TransactionIds.aN019²Ä "), max_size=30) | st.text()
)
def test_no_name_is_more_than_unknown(action: str, name: str) -> None:
    spelled = FIRST.spelled(FIRST.actions[action], name)
    assert spelled is None or FIRST.spelled(FIRST.actions[action], spelled) == spelled


@given(st.binary(max_size=200), st.integers(0, len(INITIATED)), st.integers(0, 40))
def test_no_answer_is_more_than_unreadable(noise: bytes, start: int, cut: int) -> None:
    for body in (noise, INITIATED[:start] + noise + INITIATED[start + cut :]):
        with contextlib.suppress(OutcomeUnknown, ServiceError):
            assert FIRST.parse_answer(body, messages.Pay).result.transaction_response.transaction_id


def test_whoever_has_cancelled_every_token_of_his_own_is_told_where_to_put_another() -> None:
    class Bank:
        """Finds a cancelled token under every reference."""

        def send(self, message: Message[Any]) -> Any:
            token = SimpleNamespace(token_id=TOKEN, status="Inactive")
            return SimpleNamespace(token=token, payment_instruction=INSTRUCTIONS["caller"])

    with pytest.raises(RuntimeError, match="set FPS_CALLER_TOKEN to it"):
        own_token(cast(Client, Bank()), "caller")
