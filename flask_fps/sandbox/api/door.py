"""The front door of the API: who asks, whether he may, and what for.

The order of the checks tells a stranger nothing: presence and form; key; signature; timestamp; version and
action; names. Values, references and the state of the books come after (``actions``).
FPS developer guide, *Common Request Parameters* and *Generating a Signature*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from datetime import datetime
from typing import Any

from ...errors import MalformedMessage
from ...protocol import dialects
from ...protocol import query
from ...protocol import signing
from ...protocol import values
from ...protocol.dialects import Dialect
from ...protocol.messages import COMMON_NAMES
from ...protocol.messages import Message
from ..bank import Bank
from ..bank import BankError
from ..bank.records import Account
from .errors import bad_value
from .errors import missing_parameter
from .errors import not_in_interface

_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z?)", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
#: The one action that may come without key and signature.
_OPEN = "VerifySignature"


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    method: str
    path: str
    #: Every host its signature may cover.
    hosts: tuple[str, ...]
    query: bytes
    body: bytes

    def parameters(self) -> dict[str, str]:
        """All of them, decoded.

        :raises BankError: InvalidRequest for a repeated name or bad UTF-8.
        """
        try:
            return query.unique((*query.parse(self.query), *query.parse(self.body)))
        except MalformedMessage as error:
            raise BankError("InvalidRequest", f"The request cannot be read: {error}") from error


@dataclass(frozen=True)
class Call:
    """A request that was let in."""

    message: type[Message[Any]]
    #: What it is answered in.
    dialect: Dialect
    params: Mapping[str, str]
    #: Those of the action, under their documented names, without the common ones.
    own_parameters: Mapping[str, str]
    #: ``None`` for an open action that came unsigned.
    caller: Account | None
    timestamp: datetime | None

    @property
    def action(self) -> str:
        return self.message.action

    @property
    def reference(self) -> str:
        """The CallerReference, where there is one."""
        return self.own_parameters.get("CallerReference", "")


def admit(received: Received, bank: Bank) -> Call:
    """:raises BankError: with the code of the first check that failed."""
    params = received.parameters()
    caller, timestamp = None, None
    if not _is_open(params):
        _check_presence(params)
        timestamp = _timestamp(params["Timestamp"], _closest(params["Version"]))
        caller = _authenticated(received, params, bank)
        _check_age(timestamp, params["Timestamp"], bank)
    dialect = served_dialect(params.get("Version", ""))
    message = _message(params.get("Action", ""), dialect)
    return Call(message, dialect, params, _own(message, dialect, params), caller, timestamp)


def served_dialect(version: str) -> Dialect:
    """The newest version that is not later than the date asked for.

    :raises BankError: MissingParameter or InvalidParameterValue.
    """
    if not version:
        raise missing_parameter("Version")
    found = dialects.served(version) if _is_date(version) else None
    if found is None:
        raise bad_value("Version", version)
    return found


def _is_date(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _is_open(params: Mapping[str, str]) -> bool:
    """A signature that is there must be right, so only a request without any goes unchecked."""
    return params.get("Action") == _OPEN and not ({"Signature", "AWSAccessKeyId"} & params.keys())


def _check_presence(params: Mapping[str, str]) -> None:
    for name in ("Action", "Version", "Timestamp", "SignatureVersion"):
        if not params.get(name):
            raise missing_parameter(name)
    for name in ("AWSAccessKeyId", "Signature"):
        if not params.get(name):
            raise BankError("AuthFailure", f"The request is not authenticated: {name} is missing.")
    _check_signature_version(params)


def _check_signature_version(params: Mapping[str, str]) -> None:
    version = params["SignatureVersion"]
    if version not in _closest(params["Version"]).signatures:
        raise bad_value("SignatureVersion", version)
    if version == "2" and not params.get("SignatureMethod"):
        raise missing_parameter("SignatureMethod")
    if version == "2" and params["SignatureMethod"] not in (signing.HMAC_SHA256, signing.HMAC_SHA1):
        raise bad_value("SignatureMethod", params["SignatureMethod"])


def _closest(version: str) -> Dialect:
    """For a version nobody serves, which is refused later, the strictest rules hold."""
    try:
        return served_dialect(version)
    except BankError:
        return dialects.NEWEST


def _timestamp(text: str, dialect: Dialect) -> datetime:
    form = _TIMESTAMP.fullmatch(text)
    try:
        if form and (form[2] or dialect.zone_may_lack):
            return values.moment(text)
    except ValueError:
        pass  # a date the calendar does not have is as bad as any other form
    raise bad_value("Timestamp", text, "Must be in ISO8601 format.")


def _authenticated(received: Received, params: Mapping[str, str], bank: Bank) -> Account:
    account = bank.account_by_key(params["AWSAccessKeyId"])
    if account is None or not account.secret_key:
        raise BankError("InvalidClientTokenId", "The AWS Access Key Id you provided does not exist in our records.")
    if not _is_signed(received, params, [account.secret_key]):
        raise BankError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.",
        )
    return account


def _is_signed(received: Received, params: Mapping[str, str], secrets: Iterable[str]) -> bool:
    unsigned = {name: value for name, value in params.items() if name != "Signature"}
    if params["SignatureVersion"] == "1":
        return signing.verifies_v1(unsigned, params["Signature"], secrets)
    return signing.verifies(
        received.method,
        received.hosts,
        received.path,
        unsigned,
        params["Signature"],
        secrets,
        params["SignatureMethod"],
    )


def _check_age(timestamp: datetime, text: str, bank: Bank) -> None:
    clocks = (bank.clock.now(), bank.clock.unmoved())
    if min(abs(now - timestamp) for now in clocks) > bank.rules.request_window:
        raise BankError("RequestExpired", f"Request has expired. Timestamp date is {text}")


def _message(action: str, dialect: Dialect) -> type[Message[Any]]:
    found = dialect.action(action)
    if found is None:
        raise BankError("InvalidAction", f"The action {action} is not valid for this web service.")
    return found


def _own(message: type[Message[Any]], dialect: Dialect, params: Mapping[str, str]) -> dict[str, str]:
    """The action's own parameters as they are documented."""
    own: dict[str, str] = {}
    for name, value in params.items():
        if name in COMMON_NAMES:
            continue
        spelled = dialect.spelled(message, name)
        if spelled is None:
            raise not_in_interface(dialect.namespace, name)
        if spelled in own:
            raise BankError("InvalidRequest", f"The request cannot be read: the parameter {name!r:.80} is repeated")
        own[spelled] = value
    return own
