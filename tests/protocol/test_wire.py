from __future__ import annotations

import socket
import threading
from dataclasses import fields
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_fps.errors import OutcomeUnknown
from flask_fps.errors import ServiceError
from flask_fps.protocol import wire
from flask_fps.protocol.messages import AccountBalance
from flask_fps.protocol.messages import Amount
from flask_fps.protocol.messages import AvailableBalances
from flask_fps.protocol.messages import CancelToken
from flask_fps.protocol.messages import GetAccountActivity
from flask_fps.protocol.messages import GetAccountActivityResult
from flask_fps.protocol.messages import GetAccountBalance
from flask_fps.protocol.messages import GetAccountBalanceResult
from flask_fps.protocol.messages import GetTokenByCaller
from flask_fps.protocol.messages import GetTokenByCallerResult
from flask_fps.protocol.messages import GetTransaction
from flask_fps.protocol.messages import GetTransactionResult
from flask_fps.protocol.messages import GetTransactionStatus
from flask_fps.protocol.messages import GetTransactionStatusResult
from flask_fps.protocol.messages import Pay
from flask_fps.protocol.messages import PayResult
from flask_fps.protocol.messages import Refund
from flask_fps.protocol.messages import RefundResult
from flask_fps.protocol.messages import RelatedTransaction
from flask_fps.protocol.messages import StatusHistory
from flask_fps.protocol.messages import Token
from flask_fps.protocol.messages import Transaction
from flask_fps.protocol.messages import TransactionDetail
from flask_fps.protocol.messages import TransactionPart
from flask_fps.protocol.messages import VerifySignature
from flask_fps.protocol.messages import VerifySignatureResult
from flask_fps.protocol.messages import VERSIONS

V2008, V2010 = VERSIONS
PDT = timezone(timedelta(hours=-7))
RECEIVED = datetime(2009, 10, 5, 22, 50, 8, 10_000, PDT)
COMPLETED = datetime(2009, 10, 5, 22, 50, 9, 86_000, PDT)
DOLLAR = Amount(Decimal(1))

# ------------------------------------------------------------------------------------ what the service sent


def test_reads_an_answer_of_the_live_service() -> None:
    body = (
        b'<?xml version="1.0"?>\n'
        b'<PayResponse xmlns="http://fps.amazonaws.com/doc/2010-08-28/"><PayResult>'
        b"<TransactionId>166KLUPRDM3ILKQ2SEMB9JNP7T5CJ3GUTVM</TransactionId>"
        b"<TransactionStatus>Pending</TransactionStatus></PayResult><ResponseMetadata>"
        b"<RequestId>471ae5eb-3de0-4098-9fb6-1fbe9429396a:0</RequestId></ResponseMetadata></PayResponse>"
    )
    answer = wire.parse_answer(body, Pay, V2010)
    assert answer.result == PayResult("166KLUPRDM3ILKQ2SEMB9JNP7T5CJ3GUTVM", "Pending")
    assert answer.request_id == "471ae5eb-3de0-4098-9fb6-1fbe9429396a:0"
    assert wire.render_answer("Pay", answer.result, V2010, answer.request_id) == body


def test_reads_a_transaction_as_the_documents_print_it() -> None:
    """Indented, with only what a card payment has; ``StatusHistory`` lacks the Amount that the schema demands."""
    body = b"""<GetTransactionResponse xmlns="http://fps.amazonaws.com/doc/2008-09-17/">
      <GetTransactionResult>
        <Transaction>
          <TransactionId>14GK6BGKA7U6OU6SUTNLBI5SBBV9PGDJ6UL</TransactionId>
          <CallerReference>CallerReference02</CallerReference>
          <CallerDescription>MyWish</CallerDescription>
          <DateReceived>2009-10-05T22:50:08.010-07:00</DateReceived>
          <DateCompleted>2009-10-05T22:50:09.086-07:00</DateCompleted>
          <TransactionAmount><CurrencyCode>USD</CurrencyCode><Value>1.000000</Value></TransactionAmount>
          <FPSFees><CurrencyCode>USD</CurrencyCode><Value>0.100000</Value></FPSFees>
          <FPSFeesPaidBy>Recipient</FPSFeesPaidBy>
          <FPSOperation>Pay</FPSOperation>
          <PaymentMethod>CC</PaymentMethod>
          <TransactionStatus>Success</TransactionStatus>
          <StatusCode>Success</StatusCode>
          <CallerName>Test Business</CallerName>
          <RecipientName>Test Business</RecipientName>
          <RecipientEmail>test-caller@amazon.example</RecipientEmail>
          <StatusHistory>
            <Date>2009-10-05T22:50:08.092-07:00</Date>
            <TransactionStatus>Pending</TransactionStatus>
            <StatusCode>PendingNetworkResponse</StatusCode>
          </StatusHistory>
          <StatusHistory>
            <Date>2009-10-05T22:50:09.086-07:00</Date>
            <TransactionStatus>Success</TransactionStatus>
            <StatusCode>Success</StatusCode>
          </StatusHistory>
        </Transaction>
      </GetTransactionResult>
      <ResponseMetadata><RequestId>0702960e-8221-4e04-9413-ca7d010d3b06:0</RequestId></ResponseMetadata>
    </GetTransactionResponse>"""
    found = wire.parse_answer(body, GetTransaction, V2008).result.transaction
    assert (found.transaction_amount, found.fps_fees) == (DOLLAR, Amount(Decimal("0.1")))
    assert (found.date_received, found.date_completed) == (RECEIVED, COMPLETED)
    assert [each.status_code for each in found.status_history] == ["PendingNetworkResponse", "Success"]
    assert found.status_history[0].amount is None
    assert (found.recipient_email, found.sender_token_id, found.related_transaction) == (
        "test-caller@amazon.example",
        None,
        (),
    )


def test_an_answer_may_hold_nothing_but_its_id() -> None:
    body = wire.render_answer("CancelToken", None, V2008, "a10e0ad6:0")
    assert b"CancelTokenResult" not in body
    assert wire.parse_answer(body, CancelToken, V2008) == wire.Answer(None, "a10e0ad6:0")


@pytest.mark.parametrize(
    ("code", "message", "retryable"),
    [
        ("TokenNotActive_Sender", "Sender token not active.", False),
        ("InvalidParams", '"recipientTokenId" has to be a valid token ID. Specified value: NONE', False),
        ("InvalidParams", "transactionId has to be a valid transaction ID. Specified value: FAKE", False),
        ("InvalidParams", "certificateUrl is missing in 'HttpParameters'.", False),
        (
            "InvalidRequest",
            "The request doesn't conform to the interface specification in the WSDL. Element/Parameter "
            '"http://fps.amazonaws.com/doc/2008-09-17/:recipient_token_id" in request is either invalid or is found at '
            "unexpected location",
            False,
        ),
        (
            "InvalidParameterValue",
            "Value (2010-02-26 T19:48:05.000Z) for parameter Timestamp is invalid. Must be in ISO8601 format.",
            False,
        ),
        ("RequestExpired", "Request has expired. Timestamp date is 2010-02-26T19:48:05.000Z", False),
        ("InsufficientBalance", "a < b & c", True),
    ],
)
def test_errors_of_the_live_service(code: str, message: str, retryable: bool) -> None:
    body = wire.render_error(code, message, "a3cb5e5c-da1f-403a-a05e-03ea9c7407ac")
    error = wire.parse_error(body, 400)
    assert error is not None
    assert (error.code, error.message, error.retryable) == (code, message, retryable)
    assert (error.request_id, error.http_status) == ("a3cb5e5c-da1f-403a-a05e-03ea9c7407ac", 400)


def test_the_error_document_is_compact_for_those_who_read_it_by_regular_expression() -> None:
    assert wire.render_error("TokenNotActive_Sender", "Sender token not active.", "a3cb") == (
        b'<?xml version="1.0"?>\n<Response><Errors><Error><Code>TokenNotActive_Sender</Code>'
        b"<Message>Sender token not active.</Message></Error></Errors><RequestID>a3cb</RequestID></Response>"
    )


def test_a_message_is_one_line_whatever_it_quotes() -> None:
    body = wire.render_error("InvalidParams", "Specified value: a\r\nb\u2028c\n", "a3cb")
    assert b"<Message>Specified value: a b c</Message>" in body


def test_errors_in_other_forms() -> None:
    indented = (
        b"<Response>\n <Errors>\n  <Error>\n   <Code>A</Code>\n   <Message>m</Message>\n  </Error>\n"
        b"  <Error><Code>B</Code></Error>\n </Errors>\n</Response>"
    )
    by_wsdl = (
        b'<ErrorResponse xmlns="http://fps.amazonaws.com/doc/2008-09-17/"><Error><Type>Sender</Type><Code>A</Code>'
        b"<Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
    for body, request_id in ((indented, None), (by_wsdl, "r")):
        error = wire.parse_error(body, 403)
        assert error is not None
        assert (error.code, error.message, error.request_id, error.http_status) == ("A", "m", request_id, 403)


# ------------------------------------------------------------------------------------ there and back

DETAIL = TransactionDetail(
    transaction_id="T1",
    caller_reference="ref",
    caller_description=" lead & trail <b> ",
    sender_description="☃\r\n",
    date_received=RECEIVED,
    date_completed=COMPLETED,
    transaction_amount=DOLLAR,
    fps_fees=Amount(Decimal("0.0025")),
    marketplace_fees=Amount(Decimal(0)),
    fps_fees_paid_by="Recipient",
    sender_token_id="S",
    recipient_token_id="R",
    prepaid_instrument_id="P",
    credit_instrument_id="C",
    fps_operation="Pay",
    payment_method="CC",
    transaction_status="Success",
    status_code="Success",
    status_message="fine",
    sender_name="John",
    sender_email="john@example.com",
    caller_name="DigitalDownload",
    recipient_name="DigitalDownload",
    recipient_email="seller@digitaldownload.example",
    related_transaction=(
        RelatedTransaction(transaction_id="T0", relation_type="Parent"),
        RelatedTransaction(transaction_id="T2"),
    ),
    status_history=(
        StatusHistory(date=RECEIVED, transaction_status="Pending", status_code="PendingNetworkResponse", amount=DOLLAR),
        StatusHistory(date=COMPLETED, transaction_status="Success"),
    ),
)
LINE = Transaction(
    transaction_id="T1",
    caller_transaction_date=RECEIVED,
    date_received=RECEIVED,
    date_completed=COMPLETED,
    transaction_amount=DOLLAR,
    fps_operation="Pay",
    transaction_status="Success",
    status_message="fine",
    status_code="Success",
    original_transaction_id="T0",
    transaction_part=(
        TransactionPart(
            role="Sender", name="John", instrument_id="I", reference="r", description="d", fees_paid=DOLLAR
        ),
        TransactionPart(role="Recipient"),
    ),
    payment_method="ABT",
    sender_name="John",
    caller_name="DigitalDownload",
    recipient_name="DigitalDownload",
    fps_fees=Amount(Decimal("0.01")),
    balance=Amount(Decimal("-3.25")),
    sender_token_id="S",
    recipient_token_id="R",
)
BALANCE = AccountBalance(
    total_balance=DOLLAR,
    pending_in_balance=Amount(Decimal("0.5")),
    pending_out_balance=Amount(Decimal(0)),
    available_balances=AvailableBalances(disburse_balance=DOLLAR, refund_balance=DOLLAR),
)
TOKEN = Token(
    token_id="T" * 64,
    friendly_name="Friendly1339359778",
    token_status="Active",
    date_installed=RECEIVED,
    caller_reference="ref",
    token_type="SingleUse",
    old_token_id="T" * 64,
    payment_reason="Now and Forever - Richard Marx",
)
RESULTS: list[tuple[Any, Any]] = [
    (Pay, PayResult("T", "Success")),
    (Refund, RefundResult("T", "Pending")),
    (GetTransactionStatus, GetTransactionStatusResult("T", "Success", "ref", "Success", "fine")),
    (GetTransactionStatus, GetTransactionStatusResult("T", "Success", "ref")),
    (GetTransaction, GetTransactionResult(DETAIL)),
    (
        GetAccountActivity,
        GetAccountActivityResult(batch_size=2, transactions=(LINE, LINE), start_time_for_next_transaction=COMPLETED),
    ),
    (GetAccountActivity, GetAccountActivityResult(batch_size=0)),
    (GetAccountBalance, GetAccountBalanceResult(BALANCE)),
    (GetTokenByCaller, GetTokenByCallerResult(TOKEN)),
    (VerifySignature, VerifySignatureResult("Failure")),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("message", "result"), RESULTS)
def test_what_is_rendered_is_read_back(message: Any, result: Any, version: str) -> None:
    body = wire.render_answer(message.action, result, version, "id:0")
    assert wire.parse_answer(body, message, version) == wire.Answer(result, "id:0")
    assert f'xmlns="http://fps.amazonaws.com/doc/{version}/">'.encode() in body
    assert b">\n" not in body.removeprefix(b'<?xml version="1.0"?>\n')


SCHEMA_ORDER = [
    "TransactionId",
    "CallerReference",
    "CallerDescription",
    "SenderDescription",
    "DateReceived",
    "DateCompleted",
    "TransactionAmount",
    "FPSFees",
    "MarketplaceFees",
    "FPSFeesPaidBy",
    "SenderTokenId",
    "RecipientTokenId",
    "PrepaidInstrumentId",
    "CreditInstrumentId",
    "FPSOperation",
    "PaymentMethod",
    "TransactionStatus",
    "StatusCode",
    "StatusMessage",
    "SenderName",
    "SenderEmail",
    "CallerName",
    "RecipientName",
    "RecipientEmail",
    "RelatedTransaction",
    "StatusHistory",
]


def test_elements_stand_in_the_order_of_the_schema() -> None:
    body = wire.render_answer("GetTransaction", GetTransactionResult(DETAIL), V2010, "id").decode()
    places = [body.index(f"<{name}>") for name in SCHEMA_ORDER]
    assert places == sorted(places)
    assert len(places) == len(fields(TransactionDetail))
    assert "<FPSFees><CurrencyCode>USD</CurrencyCode><Value>0.002500</Value></FPSFees>" in body
    assert "<DateReceived>2009-10-05T22:50:08.010-07:00</DateReceived>" in body


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_but_what_xml_cannot_hold(text: str) -> None:
    result = GetTransactionStatusResult("T", "Success", "ref", status_message=text)
    body = wire.render_answer("GetTransactionStatus", result, V2010, "id")
    held = [each in "\t\n\r" or (each >= " " and each not in "\ufffe\uffff") for each in text]
    expected = "".join(each if fits else "\ufffd" for each, fits in zip(text, held, strict=True))
    assert wire.parse_answer(body, GetTransactionStatus, V2010).result.status_message == expected


# ------------------------------------------------------------------------------------ attacks

GOOD = wire.render_answer("Pay", PayResult("T1", "Success"), V2010, "id:0").decode()
STATUS = "<TransactionStatus>Success</TransactionStatus>"
DECLARED = '<?xml version="1.0"?>\n'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


def doctype(subset: str, value: str = "Success") -> str:
    return GOOD.replace(DECLARED, f"{DECLARED}<!DOCTYPE PayResponse [{subset}]>").replace(">Success<", f">{value}<")


UNREADABLE = {
    "empty": "",
    "html": "<html><body>Success</body></html>",
    "text": "Success",
    "white space first": " " + GOOD,
    "byte order mark": "\ufeff" + GOOD,
    "truncated": GOOD[:-20],
    "trailing rubbish": GOOD + "x",
    "second document": GOOD + GOOD,
    "doctype": doctype(""),
    "external dtd": GOOD.replace(DECLARED, f'{DECLARED}<!DOCTYPE PayResponse SYSTEM "http://127.0.0.1:9/x.dtd">'),
    "billion laughs": doctype(f'<!ENTITY l0 "ha">{LAUGHS}', "&l9;"),
    "quadratic blow-up": doctype(f'<!ENTITY a "{"a" * 50_000}">', "&a;" * 1000),
    "external entity": doctype('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"),
    "parameter entity": doctype('<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;'),
    "undefined entity": GOOD.replace(">Success<", ">&x;<"),
    "comment in a value": GOOD.replace("Success<", "Succ<!-- x -->ess<"),
    "comment elsewhere": GOOD.replace("<PayResult>", "<PayResult><!-- Failure -->"),
    "processing instruction": GOOD.replace("Success<", "Succ<?x y?>ess<"),
    "cdata": GOOD.replace("Success<", "Succ<![CDATA[ess]]><"),
    "attribute": GOOD.replace("<TransactionStatus>", '<TransactionStatus nil="true">'),
    "child in a value": GOOD.replace(">Success<", ">Success<b/><"),
    "text between elements": GOOD.replace("<PayResult>", "<PayResult>Failure"),
    "text after an element": GOOD.replace("</TransactionStatus>", "</TransactionStatus>Failure"),
    "two statuses": GOOD.replace(STATUS, STATUS + STATUS),
    "two statuses that differ": GOOD.replace(STATUS, STATUS + STATUS.replace("Success", "Failure")),
    "two results": GOOD.replace(
        "<ResponseMetadata>", f"<PayResult><TransactionId>T2</TransactionId>{STATUS}</PayResult><ResponseMetadata>"
    ),
    "text before the result": GOOD.replace("<PayResult>", "Failure<PayResult>"),
    "empty status": GOOD.replace(">Success<", "><"),
    "empty id": GOOD.replace(">T1<", "><"),
    "no status": GOOD.replace(STATUS, ""),
    "status under the wrong parent": GOOD.replace(STATUS, "").replace(
        "<ResponseMetadata>", f"<ResponseMetadata>{STATUS}"
    ),
    "status nested too deep": GOOD.replace(STATUS, f"<X>{STATUS}</X>"),
    "no result": GOOD[: GOOD.index("<PayResult>")] + GOOD[GOOD.index("<ResponseMetadata>") :],
    "no request id": GOOD.replace("<RequestId>id:0</RequestId>", ""),
    "no metadata": GOOD[: GOOD.index("<ResponseMetadata>")] + "</PayResponse>",
    "no namespace": GOOD.replace(f' xmlns="{wire.namespace(V2010)}"', ""),
    "other version's namespace": GOOD.replace(V2010, V2008),
    "foreign namespace": GOOD.replace("fps.amazonaws.com", "evil.example"),
    "status in another namespace": GOOD.replace("<TransactionStatus>", '<TransactionStatus xmlns="urn:x">'),
    "other action": GOOD.replace("Pay", "Refund"),
    "soap fault": "<Envelope><Body><Fault/></Body></Envelope>",
    "error inside": GOOD.replace("</PayResult>", "</PayResult><Errors><Error><Code>A</Code></Error></Errors>"),
    "nested very deep": "<a>" * 200_000 + "</a>" * 200_000,
    "deep inside": GOOD.replace(STATUS, STATUS + "<a>" * 100_000 + "</a>" * 100_000),
    "control character": GOOD.replace("Success<", "Success\0<"),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_not_exactly_an_answer_leaves_the_outcome_unknown(body: str) -> None:
    with pytest.raises(OutcomeUnknown, match="unreadable answer to Pay"):
        wire.parse_answer(body.encode(), Pay, V2010)
    assert wire.parse_error(body.encode(), 500) is None


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_refused(encoding: str) -> None:
    body = GOOD.replace("Success", "Succ\u00e9ss").encode(encoding)
    with pytest.raises(OutcomeUnknown):
        wire.parse_answer(body, Pay, V2010)


def test_a_declared_encoding_does_not_matter() -> None:
    """What is read is UTF-8, as the service sends it, whatever the document says of itself."""
    body = GOOD.replace('"1.0"', '"1.0" encoding="iso-8859-1"').replace("T1", "é").encode()
    assert wire.parse_answer(body, Pay, V2010).result.transaction_id == "é"
    with pytest.raises(OutcomeUnknown):
        wire.parse_answer(body.replace("é".encode(), b"\xe9"), Pay, V2010)


def test_markup_inside_a_text_is_only_text() -> None:
    body = wire.render_answer(
        "Pay", PayResult("<TransactionStatus>Success</TransactionStatus>", "Failure"), V2010, "id"
    )
    assert wire.parse_answer(body, Pay, V2010).result.transaction_status == "Failure"


def test_elements_that_nobody_asked_for_are_left_alone() -> None:
    body = GOOD.replace(STATUS, f"{STATUS}<Memo>Failure</Memo>").encode()
    assert wire.parse_answer(body, Pay, V2010).result == PayResult("T1", "Success")


def test_an_error_wins_over_the_status_it_came_with() -> None:
    with pytest.raises(ServiceError, match="InternalError: try again") as caught:
        wire.parse_answer(wire.render_error("InternalError", "try again", "r"), Pay, V2010)
    assert (caught.value.http_status, caught.value.retryable) == (200, True)


@pytest.mark.parametrize(
    "body",
    [
        b"<Response><Errors/></Response>",
        b"<Response><Errors><Error><Message>m</Message></Error></Errors></Response>",
        b"<Response><Errors><Error><Code>A</Code></Error></Errors></Response>",
        b"<Response><Errors><Error><Code>A</Code><Code>B</Code><Message>m</Message></Error></Errors></Response>",
        b"<Response><Errors><Error><Code>a b</Code><Message>m</Message></Error></Errors></Response>",
        b"<Response><Errors><Error><Code></Code><Message>m</Message></Error></Errors></Response>",
        b"<Response><Errors><Error><Code>A<x/></Code><Message>m</Message></Error></Errors></Response>",
        b"<!DOCTYPE x><Response><Errors><Error><Code>A</Code><Message>m</Message></Error></Errors></Response>",
        b"<Error><Code>A</Code><Message>m</Message></Error>",
    ],
)
def test_what_is_not_exactly_an_error_is_none(body: bytes) -> None:
    assert wire.parse_error(body, 400) is None


@pytest.mark.parametrize("value", ["1e2", "NaN", "", "1,00", "--1", "1" * 40])
def test_amounts_in_answers_are_plain_numbers(value: str) -> None:
    body = wire.render_answer("GetAccountBalance", GetAccountBalanceResult(BALANCE), V2010, "id")
    with pytest.raises(OutcomeUnknown, match="Value"):
        wire.parse_answer(body.replace(b">0.500000<", f">{value}<".encode()), GetAccountBalance, V2010)


def test_no_external_entity_is_fetched() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    called = threading.Event()

    def accept() -> None:
        try:
            listener.accept()[0].close()
            called.set()
        except OSError:
            pass

    thread = threading.Thread(target=accept)
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    for body in (
        doctype(f'<!ENTITY x SYSTEM "{address}">', "&x;"),
        doctype(f'<!ENTITY % x SYSTEM "{address}"> %x;'),
        GOOD.replace(DECLARED, f'{DECLARED}<!DOCTYPE PayResponse SYSTEM "{address}">'),
    ):
        with pytest.raises(OutcomeUnknown):
            wire.parse_answer(body.encode(), Pay, V2010)
    assert not called.wait(0.1)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
