"""Whether a co-branded request is what a caller signed, and by which era's rule it was signed.

The signature parameters tell the era, never ``version`` alone: a caller that signs by concatenation is
answered by concatenation, one of signature version 2 by RSA (FPS developer guide, *Co-branded service
requests* and *Working with Signatures*), and one that signs as in 2007 is answered as in 2007, unless it names
the version of the pages that came after.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ...errors import MalformedMessage
from ...protocol import query
from ...protocol import signing
from ...protocol.cbui import VERSION
from ...protocol.endpoints import CBUI_PATH
from ...protocol.outbound import AWS_SIGNATURE
from ..bank.errors import absent
from ..bank.errors import CallerInputError
from ..bank.records import Account

#: A longer query is refused before it is read.
QUERY_BYTES = 8192
#: Names that clients of the time sent in place of the documented ones.
ALIASES = {"returnUrl": "returnURL", "accessKey": "callerKey", "CallerReference": "callerReference"}
#: What an answer may add to the return URL, which therefore must not bring it along.
ANSWER_NAMES = frozenset(
    {"status", "tokenID", "callerReference", "expiry", "errorMessage"}
    | {"signature", "signatureVersion", "signatureMethod", "certificateUrl", AWS_SIGNATURE}
)
#: What the answers of some pipelines add besides.
_ALSO_IN: Mapping[str, frozenset[str]] = {
    "Recipient": frozenset({"refundTokenID"}),
    "SetupPrepaid": frozenset({"prepaidInstrumentID", "prepaidSenderTokenID", "fundingTokenID"}),
    "SetupPostpaid": frozenset({"creditInstrumentID", "creditSenderTokenID", "settlementTokenID"}),
}
_SHIPPING = frozenset({"warningCode", "warningMessage", "addressName", "addressLine1", "addressLine2"}) | frozenset(
    {"city", "state", "zip", "country", "phoneNumber"}
)
ALGORITHMS = frozenset({signing.HMAC_SHA256, signing.HMAC_SHA1})


@dataclass(frozen=True)
class Signed:
    """A request that its caller signed."""

    caller: Account
    #: Under their documented names.
    params: Mapping[str, str]
    #: Which signature the answer shall carry: ``v2``, ``v1`` or ``awsSignature``.
    era: str


def verified(raw: bytes, hosts: Iterable[str], find: Callable[[str], Account | None]) -> Signed:
    """Read and check a co-branded request.

    :param raw: the query string as it came.
    :param hosts: every name this server may have been called by; a signature of version 2 covers one of them.
    :param find: the account that owns an access key.
    :raises CallerInputError: with the sentence for the error page.
    """
    sent = _read(raw)
    params = _documented(sent)
    era = _era(sent)
    caller = find(params["callerKey"]) if params.get("callerKey") else None
    if caller is None or not caller.secret_key:
        raise absent("callerKey")
    if not _is_signed(sent, raw, era, hosts, caller.secret_key):
        raise _invalid_signature()
    if params.get("version", VERSION) != VERSION:
        raise absent("version")
    if not _takes_an_answer(params.get("returnURL", ""), _answer_names(params)):
        raise absent("returnURL")
    return Signed(caller, params, _answered_in(era, sent))


def _read(raw: bytes) -> dict[str, str]:
    if len(raw) > QUERY_BYTES:
        raise CallerInputError("Caller Input Exception: The request is too long")
    try:
        return query.unique(query.parse(raw))
    except MalformedMessage as error:
        raise CallerInputError(f"Caller Input Exception: {error}") from error


def _documented(sent: Mapping[str, str]) -> dict[str, str]:
    """The parameters under their documented names; an alias counts only where the name itself is absent."""
    params = {name: value for name, value in sent.items() if name not in ALIASES}
    for alias, name in ALIASES.items():
        if alias in sent:
            params.setdefault(name, sent[alias])
    return params


def _era(sent: Mapping[str, str]) -> str:
    """Which one rule judges this request."""
    if sent.get(AWS_SIGNATURE) and "signature" not in sent:
        return AWS_SIGNATURE
    version = sent.get("signatureVersion", "1")
    if not sent.get("signature") or AWS_SIGNATURE in sent or version not in ("1", "2"):
        raise _invalid_signature()
    if version == "2" and sent.get("signatureMethod") not in ALGORITHMS:
        raise absent("signatureMethod")
    return f"v{version}"


def _answered_in(era: str, sent: Mapping[str, str]) -> str:
    """The version of 2009 moved the return from the form of 2007 to the concatenation."""
    return "v1" if era == AWS_SIGNATURE and "version" in sent else era


def _is_signed(sent: Mapping[str, str], raw: bytes, era: str, hosts: Iterable[str], secret: str) -> bool:
    if era == AWS_SIGNATURE:
        return _is_signed_as_in_2007(sent, raw, secret)
    unsigned = {name: value for name, value in sent.items() if name != "signature"}
    if era == "v1":
        return signing.verifies_v1(unsigned, sent["signature"], [secret])
    algorithm = sent["signatureMethod"]
    return signing.verifies("GET", hosts, CBUI_PATH, unsigned, sent["signature"], [secret], algorithm)


def _is_signed_as_in_2007(sent: Mapping[str, str], raw: bytes, secret: str) -> bool:
    """In any of the forms of the time; one that names the version of 2009, by concatenation too."""
    unsigned = {name: value for name, value in sent.items() if name != AWS_SIGNATURE}
    given = sent[AWS_SIGNATURE].replace(" ", "+")
    pairs = raw.decode("ascii", "replace").split("&")
    as_sent = "&".join(pair for pair in pairs if not pair.startswith(f"{AWS_SIGNATURE}="))
    if signing.verifies_any_url_form(CBUI_PATH, unsigned, as_sent, given, [secret]):
        return True
    return "version" in sent and signing.verifies_v1(unsigned, given, [secret])


def _answer_names(params: Mapping[str, str]) -> frozenset[str]:
    names = ANSWER_NAMES | _ALSO_IN.get(params.get("pipelineName", ""), frozenset())
    return names | _SHIPPING if params.get("collectShippingAddress", "").lower() == "true" else names


def _takes_an_answer(url: str, names: frozenset[str]) -> bool:
    """Whether an answer can be added to this URL: each of its own names is there once, and none is the answer's."""
    try:
        parts = urlsplit(url)
        own = query.unique(query.parse(parts.query))
        (parts.hostname or "").encode("idna")  # no host has an empty label, nor one of more than 63 letters
    except (ValueError, MalformedMessage):
        return False
    plain = url.isprintable() and parts.netloc.isascii() and not {" ", "\\"} & set(parts.netloc)
    return plain and not names & own.keys()


def _invalid_signature() -> CallerInputError:
    return CallerInputError("Caller Input Exception: Invalid Signature")
