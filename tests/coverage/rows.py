"""What the references name: a row for each action, parameter, code, status and pipeline, known by a short text.

Declarations of the product give actions and parameters (``test_reference`` holds them to what the references list);
what no declaration lists is written here as the references have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from itertools import chain

from flask_fps.protocol import pipelines
from flask_fps.protocol.codes import CODES
from flask_fps.protocol.dialects import DIALECTS
from flask_fps.protocol.values import camel

FIRST = "2007-01-08"
NEWEST = "2010-08-28"

#: Of a transaction, as the API says it: its status, and the status code that goes with it (data types,
#: *Transaction Status* and *Status Codes*).
TRANSACTION_STATUSES = (
    *("Reserved", "Success", "Failure", "Pending", "Cancelled"),
    *("Initiated", "Reinitiated", "TemporaryDecline"),
)
STATUS_CODES = (
    *("Success", "PendingNetworkResponse", "PendingVerification", "Canceled", "Expired", "TransactionDenied"),
)
#: Of a notification.
OPERATIONS = ("PAY", "REFUND", "SETTLE", "SETTLE_DEBT", "WRITE_OFF_DEBT", "FUND_PREPAID", "RESERVE")
#: Named by the references, and never said by the sandbox.
NOT_HERE = {
    "CANCEL": "what is cancelled is told as the operation it was, with the status CANCELLED",
    "CANCEL_TRANSACTION": "likewise",
    "MULTI_SETTLE": "a reserve is settled once",
    "REAUTH": "nothing is authorized anew",
    "DEPOSIT_FUNDS": "no action of the API puts money in",
    "CancelSubscriptionAndRefund of 2007-01-08": "it is not in that version's WSDL; one branch of one client sent it",
    "WITHDRAW_FUNDS": "no action of the API takes money out",
    "addressFullName … isShippingAddressProvided": "the address in a notification is documented for Simple Pay alone",
    "MarketplaceFee": "as a RelationType: the fee is a part of its payment here, told as MarketplaceFees",
    "RefundReversal": "as a RelationType: what a refund set aside goes back without a transaction of its own",
}
NOTIFICATIONS = ("TransactionStatus", "TokenCancellation")
#: Of a return from the co-branded pages (guide, *Status Codes* of the pipelines).
RETURN_STATUSES = {
    "SA": "paid from the account balance",
    "SB": "paid from a bank account",
    "SC": "paid by credit card",
    "SR": "a recipient token is installed",
    "SU": "the token is unchanged",
    "A": "the buyer abandoned the pipeline",
    "CE": "the caller's input is wrong",
    "SE": "a system error",
    "PE": "the buyer lacks the payment method that is asked for",
    "NP": "this buyer or account cannot pay here, or the pipeline was started again",
    "NM": "the caller is no marketplace",
    "IT": "the token is invalid, expired or cannot be edited",
    "NA": "nobody knows the buyer's account",
    "UT": "the token is somebody else's",
}
HTTP_STATUSES = ("200", "400", "403", "500", "503")


def every() -> Iterator[str]:
    """All rows, in the order of the page."""
    yield from actions(FIRST)
    yield from actions(NEWEST)
    yield from (f"code {code}" for code in CODES)
    yield from (f"transaction {status}" for status in TRANSACTION_STATUSES)
    yield from (f"status code {code}" for code in STATUS_CODES)
    yield from (f"http {status}" for status in HTTP_STATUSES)
    yield from (f"notification {name}" for name in chain(NOTIFICATIONS, OPERATIONS))
    yield from pipeline_rows()
    yield from (f"return {status}" for status in RETURN_STATUSES)


def actions(version: str) -> Iterator[str]:
    """Each action of a version, then its parameters."""
    for name, message in sorted(DIALECTS[version].actions.items()):
        yield f"{version} {name}"
        yield from (f"{version} {name} {parameter}" for parameter in sorted(message.names(version)))


def pipeline_rows() -> Iterator[str]:
    """Each pipeline, then its parameters."""
    for name, request in pipelines.PIPELINES.items():
        yield f"pipeline {name}"
        yield from (f"pipeline {name} {each.metadata.get('wire') or camel(each.name)}" for each in fields(request))
