"""What FPS signs and sends: the buyer's return and the instant payment notification (IPN).

Both are hints. A signature says "FPS sent this to this URL", never "you were paid": the money is proved
by the answer to one's own Pay call. A message is checked over everything it carries, against the URL
that the shop stored (never what the request says of itself), by one of the judges in ``verifiers``, whose
names are here, too.

FPS developer guide, *Working with Signatures*, *Instant Payment Notification*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit

from ..errors import InvalidSignature
from ..errors import MalformedMessage
from ..errors import OutcomeUnknown
from . import query
from . import rsa
from . import signing
from . import values
from .results import Amount
from .verifiers import AWS_SIGNATURE as AWS_SIGNATURE
from .verifiers import AwsSignature as AwsSignature
from .verifiers import HmacV1 as HmacV1
from .verifiers import PinnedCertificate as PinnedCertificate
from .verifiers import RemoteVerification as RemoteVerification
from .verifiers import RSA_SHA1
from .verifiers import Verifier as Verifier

#: A return with one of these carries a token; the value is the payment method behind it.
SUCCESS_STATUSES = {"SA": "ABT", "SB": "ACH", "SC": "CC"}

#: Names that FPS puts on returns and notifications. None may be there twice, and no return URL may
#: bring one of its own.
PROTOCOL_NAMES = frozenset(
    """
    status tokenID callerReference expiry errorMessage warningCode warningMessage refundTokenID
    prepaidInstrumentID prepaidSenderTokenID fundingTokenID creditInstrumentID creditSenderTokenID settlementTokenID
    addressName addressLine1 addressLine2 city state zip country phoneNumber
    notificationType transactionId transactionDate transactionStatus statusCode statusMessage operation
    paymentMethod transactionAmount paymentReason buyerName buyerEmail recipientName recipientEmail
    parentTransactionId tokenId tokenType customerName customerEmail dateInstalled
    signature signatureVersion signatureMethod certificateUrl awsSignature
    """.split()  # noqa: SIM905 - forty names read better in lines
)


@dataclass(frozen=True)
class Return:
    """How a buyer came back from the co-branded pages (FPS developer guide, *Single-Use Token Pipeline*)."""

    #: ``SA``, ``SB``, ``SC``: authorised; ``A`` abandoned; ``CE``, ``NP``, ``NM``, ``PE``, ``SE``: refused.
    status: str
    token_id: str | None
    #: Left out by FPS on ``A`` and ``NP``.
    caller_reference: str | None
    #: ``MM/YYYY``, when the card expires; never when the token does.
    expiry: str | None
    error_message: str | None
    warning_code: str | None
    #: Everything on the URL, the return URL's own parameters too.
    params: Mapping[str, str]

    @property
    def authorized(self) -> bool:
        return self.status in SUCCESS_STATUSES and bool(self.token_id)

    @property
    def payment_method(self) -> str | None:
        """``ABT``, ``ACH`` or ``CC`` where the buyer authorised."""
        return SUCCESS_STATUSES.get(self.status)


def parse_return(raw_query: str | bytes) -> Return:
    """Read a return **without** verifying it: for tests and logs.

    :raises MalformedMessage: for a repeated name, bad UTF-8, or no status.
    """
    return _return(query.unique(query.parse(raw_query)))


def verified_return(raw_query: str, return_url: str, verifier: Verifier) -> Return:
    """Verify, then read, the query string that a buyer's browser brought to ``return_url``.

    :param return_url: as it was signed and stored; its own parameters must all be there, unchanged.
    :raises MalformedMessage: if it cannot be read as a return at all.
    :raises InvalidSignature: if FPS did not send it to this URL: touch nothing.
    :raises OutcomeUnknown: if it could not be checked now: keep it and ask again.
    """
    params = query.unique(query.parse(raw_query))
    for name, value in query.parse(urlsplit(return_url).query):
        if params.get(name) != value:
            raise InvalidSignature(f"the return lacks the parameter {name!r:.40} that our return URL carries", params)
    _judge(verifier, "GET", return_url, params, raw_query)
    return _return(params)


def _return(params: Mapping[str, str]) -> Return:
    return Return(
        status=_required(params, "status"),
        token_id=params.get("tokenID"),
        caller_reference=params.get("callerReference"),
        expiry=params.get("expiry"),
        error_message=params.get("errorMessage"),
        warning_code=params.get("warningCode"),
        params=params,
    )


# ------------------------------------------------------------------------------------ the notification


@dataclass(frozen=True)
class NotificationMessage:
    """What FPS posted about a transaction or a cancelled token (*Instant Payment Notification*)."""

    #: ``TransactionStatus`` or ``TokenCancellation``.
    notification_type: str | None
    transaction_id: str | None
    #: ``PENDING``, ``SUCCESS``, ``FAILURE``, ``RESERVED``, ``CANCELLED``: upper case, unlike the API's.
    transaction_status: str | None
    status_code: str | None
    status_message: str | None
    #: Seconds since 1970.
    transaction_date: str | None
    #: ``PAY``, ``REFUND``, …: upper case, unlike the API's.
    operation: str | None
    payment_method: str | None
    transaction_amount: Amount | None
    #: The reference of the API call, or for a token of the co-branded request.
    caller_reference: str | None
    payment_reason: str | None
    parent_transaction_id: str | None
    buyer_name: str | None
    buyer_email: str | None
    recipient_name: str | None
    recipient_email: str | None
    token_id: str | None
    params: Mapping[str, str]


def parse_notification(body: bytes) -> NotificationMessage:
    """Read a notification **without** verifying it.

    :raises MalformedMessage: for a repeated name, bad UTF-8, or an amount that is none.
    """
    return _notification(query.unique(query.parse(body)))


def verified_notification(body: bytes, url: str, verifier: Verifier) -> NotificationMessage:
    """Verify, then read, the form that was posted to ``url``; raises as :func:`verified_return` does."""
    params = query.unique(query.parse(body))
    _judge(verifier, "POST", url, params, body.decode())
    return _notification(params)


def _notification(params: Mapping[str, str]) -> NotificationMessage:
    texts: dict[str, Any] = {each.name: params.get(values.camel(each.name)) for each in fields(NotificationMessage)}
    texts["transaction_status"] = params.get("transactionStatus") or params.get("status")
    texts["transaction_amount"] = _amount(params.get("transactionAmount"))
    return NotificationMessage(**{**texts, "params": params})


def _amount(text: str | None) -> Amount | None:
    """``USD 2.22``."""
    if text is None:
        return None
    currency, _, value = text.partition(" ")
    try:
        return Amount(values.exact(value), currency)
    except ValueError as error:
        raise MalformedMessage(f"{text!r:.40} is not an amount such as 'USD 2.22'") from error


# ------------------------------------------------------------------------------------ FPS's own side


def sign_outbound(
    method: str,
    url: str,
    params: Mapping[str, str],
    private_key_pem: bytes,
    certificate_url: str,
    *,
    wrap: int | None = 76,
) -> dict[str, str]:
    """The parameters as FPS signs them for ``url``: append them to it (GET) or post them (POST).

    A return's signature covers the parameters that the URL already has, too.

    :raises MalformedMessage: if the URL itself has a parameter of that name.
    """
    own = query.parse(urlsplit(url).query) if method == "GET" else ()
    sent = {
        **params,
        "signatureVersion": "2",
        "signatureMethod": RSA_SHA1,
        "certificateUrl": certificate_url,
    }
    text = signing.string_to_sign(method, *signing.address(url), query.unique((*own, *sent.items())))
    return sent | {"signature": rsa.sign(text, private_key_pem, wrap)}


def sign_outbound_v1(params: Mapping[str, str], secret: str, *, return_url: str = "") -> dict[str, str]:
    """The parameters as FPS signed them before November 2009, with the caller's secret.

    :param return_url: for a return, the URL they are appended to; its own parameters are covered as well.
    """
    own = query.parse(urlsplit(return_url).query)
    return {**params, "signature": signing.sign_v1(query.unique((*own, *params.items())), secret)}


def url_signed_as_in_2007(params: Mapping[str, str], secret: str, return_url: str, *, escape: bool = False) -> str:
    """The URL that FPS sent a buyer back to in 2007: its ``awsSignature`` as it is, not percent-encoded.

    :param escape: encode it all the same, for listeners that read it as a form.
    """
    own = query.parse(urlsplit(return_url).query)
    signature = signing.sign_url_form(return_url, query.unique((*own, *params.items())), secret)
    address, mark, fragment = query.append(return_url, params).partition("#")
    return f"{address}&{AWS_SIGNATURE}={query.encode(signature) if escape else signature}{mark}{fragment}"


# ------------------------------------------------------------------------------------ shared


def _judge(verifier: Verifier, method: str, url: str, params: Mapping[str, str], raw: str) -> None:
    if not {"signature", AWS_SIGNATURE} & params.keys():
        raise InvalidSignature("the message is not signed", params)
    verdict = verifier.verify(method, url, params, raw)
    if verdict is None:
        raise OutcomeUnknown("the signature could not be checked now")
    if not verdict:
        raise InvalidSignature("the message was not signed by FPS for this URL", params)


def _required(params: Mapping[str, str], name: str) -> str:
    try:
        return params[name]
    except KeyError:
        raise MalformedMessage(f"the message has no {name}") from None
