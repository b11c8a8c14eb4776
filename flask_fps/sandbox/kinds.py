"""Every fault there is: whom it strikes, what it takes, and what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from typing import Any

from ..protocol.pipelines import PIPELINES

#: The actions under which pages and returns are known.
_PIPELINES = frozenset(PIPELINES)
_MOVES_MONEY = frozenset({"Pay", "Reserve", "Settle", "Cancel", "Refund", "FundPrepaid", "SettleDebt", "WriteOffDebt"})
#: Error codes since 2008 that no situation leads to here: nobody described one, or it would be our own failure.
SCRIPTED = frozenset(
    {
        "AccessFailure",
        "InternalError",
        "InternalServerError",
        "InvalidSignature",
        "ServiceUnavailable",
        "TransactionDenied",
    }
)
GARBAGE = "<html><body>It works!</body></html>"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One sort of fault."""

    #: ``request`` (to the API, and whether it is answered), ``transaction``, ``answer`` (what it says),
    #: ``notification``, ``page`` or ``return``.
    strikes: str
    #: In a sentence; the documentation has the same.
    does: str
    #: Its settings, with their defaults.
    takes: Mapping[str, Any] = field(default_factory=dict)
    #: Only these; ``None`` for every action.
    actions: frozenset[str] | None = None


def _request(does: str, **takes: Any) -> Kind:
    return Kind(strikes="request", does=does, takes={"seconds": 0.0, **takes})


FAULTS: Mapping[str, Kind] = {
    "500_before": _request("``InternalError``, and the action does not happen"),
    "500_after": _request("the action happens, then the answer is ``InternalError``"),
    "503_before": _request("``ServiceUnavailable``, and the action does not happen"),
    "503_after": _request("the action happens, then the answer is ``ServiceUnavailable``"),
    "decline": _request(
        "the action is refused with ``code``, any of FPS's error codes, and does not happen",
        code="InsufficientBalance",
    ),
    "delay": _request(
        "the answer comes ``seconds`` late; with ``when`` set to ``before``, so does the action",
        seconds=1.0,
        when="after",
    ),
    "lose_answer": _request("the action happens, then the connection is cut without an answer"),
    "cut_answer": _request("the action happens, then the connection is cut in the middle of the answer"),
    "garbage": _request("the action happens, and HTTP 200 comes back with ``value`` as its body", value=GARBAGE),
    "pend": Kind(
        strikes="transaction",
        does="the transaction pends, whatever its method, with ``waits`` as its status code (or "
        "``PendingVerification``); ``settles`` seconds later by the sandbox's clock it ends: ``ends`` is ``Success``, "
        "or the status code of a failure",
        takes={"ends": "Success", "settles": 60.0, "waits": "PendingNetworkResponse"},
        actions=_MOVES_MONEY,
    ),
    "tamper": Kind(
        strikes="answer",
        does="the answer says ``value`` as its ``field``; without a value the field is missing. It waits for an "
        "answer that has this field",
        takes={"field": "amount", "value": None},
    ),
    "drop_ipn": Kind(strikes="notification", does="the notification is never sent"),
    "delay_ipn": Kind(
        strikes="notification",
        does="it is posted ``seconds`` late by the sandbox's clock",
        takes={"seconds": 3600.0},
    ),
    "duplicate_ipn": Kind(strikes="notification", does="it is posted twice each time, byte for byte"),
    "reorder_ipn": Kind(
        strikes="notification", does="it is posted after the account's next notification, or an hour later"
    ),
    "tamper_ipn": Kind(
        strikes="notification",
        does="it says ``value`` as its ``field`` (``null``: nothing), under a good signature; with ``signed`` false it "
        "is changed after it was signed",
        takes={"field": "amount", "value": None, "signed": True},
    ),
    "system_error": Kind(
        strikes="page",
        does="the pages fail when the buyer confirms: there is no token, and the return says ``SE``",
        actions=_PIPELINES,
    ),
    "tamper_return": Kind(
        strikes="return",
        does="the URL that the buyer's browser carries back says ``value`` as its ``field``, as above",
        takes={"field": "status", "value": None, "signed": True},
        actions=_PIPELINES,
    ),
}
