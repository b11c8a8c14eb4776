"""A gateway of another shape than FPS, for the tests: what the seam must carry beside the one it was made for.

``begin`` calls out, authorizing holds the money, the return proves nothing by itself, a notification may come
before it and only says "look again", keys are forgotten after a day, and there are two currencies, one without
decimals.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_fps.errors import NotSent
from flask_fps.errors import OutcomeUnknown
from flask_fps.errors import ServiceError
from flask_fps.errors import TransportError
from flask_fps.gateways import Authorization
from flask_fps.gateways import Begun
from flask_fps.gateways import Limits
from flask_fps.gateways import Notification
from flask_fps.gateways import Standing
from flask_fps.gateways import Unreachable
from flask_fps.gateways import Verdict
from flask_fps.money import Money
from flask_fps.records import Facts
from flask_fps.records import Intent
from flask_fps.records import Outcome
from flask_fps.records import Payment
from flask_fps.records import Result
from tests.gateways.hold_provider import CURRENCIES
from tests.gateways.hold_provider import HOLD_LIFE
from tests.gateways.hold_provider import KEY_LIFE
from tests.gateways.hold_provider import Refused
from tests.gateways.hold_provider import SHOP
from tests.gateways.hold_provider import sign
from tests.gateways.hold_provider import SIGNATURE_HEADER

#: How a request reaches the provider; raises NotSent, OutcomeUnknown or Refused.
Wire = Callable[[str, Mapping[str, str]], dict[str, Any]]

STANDINGS = {
    "open": Standing.ABANDONED,
    "expired": Standing.ABANDONED,
    "abandoned": Standing.ABANDONED,
    "refused": Standing.REFUSED,
    "pending": Standing.PENDING,
}
RESULTS = {"success": Result.SUCCESS, "pending": Result.PENDING, "failure": Result.FAILURE}
#: Another request has this key, or the first one is still under way: neither tells whether money moved.
SAYS_NOTHING = frozenset({"key_reused", "key_in_use"})


@dataclass(frozen=True)
class HoldGateway:
    wire: Wire

    name = "hold"
    limits = Limits(
        pay_within=HOLD_LIFE,
        resend_within=KEY_LIFE,
        hold_within=HOLD_LIFE,
        holds_on_authorize=True,
        can_reserve=True,
        currencies=CURRENCIES,
    )

    def begin(self, payment: Payment) -> Begun | Outcome:
        try:
            opened = self.wire(
                "open",
                {
                    "key": payment.reference,
                    "reference": payment.reference,
                    "amount": str(payment.money.minor),
                    "currency": payment.currency,
                    "return_url": payment.return_url,
                    "notify_url": payment.notify_url,
                },
            )
        except (TransportError, Refused) as error:
            return _failed(error)
        return Begun(opened["url"], opened["id"], datetime.fromisoformat(opened["expires"]))

    def reachable(self) -> Unreachable | None:
        return None

    def finish(self, raw_return: str, payment: Payment) -> Authorization:
        """What the browser brought is not even looked at."""
        handle = payment.gateway_handle
        return self._ask({"id": handle} if handle else {"reference": payment.reference})

    def freeze(self, payment: Payment, intent: Intent) -> Mapping[str, str]:
        about = (
            {"charge": payment.transaction_id or ""} if intent.kind == "refund" else {"hold": intent.authorization_id}
        )
        amount = {"amount": str(intent.money.minor), "currency": intent.money.currency}
        return {"key": intent.reference, **about, **amount}

    def pay(self, intent: Intent) -> Outcome:
        return self._sent("capture", intent.parameters, _outcome)

    def reserve(self, intent: Intent) -> Outcome:
        """Approving has held the money already: only look whether it is there."""
        return self._sent("hold", {"id": intent.authorization_id}, lambda hold: Outcome(Result.RESERVED))

    def settle(self, intent: Intent) -> Outcome:
        return self._sent("capture", intent.parameters, _outcome)

    def cancel(self, intent: Intent) -> Outcome:
        return self.release(intent.authorization_id)

    def refund(self, intent: Intent) -> Outcome:
        return self._sent("refund", intent.parameters, _returned)

    def _sent(
        self, action: str, parameters: Mapping[str, str], read: Callable[[Mapping[str, Any]], Outcome]
    ) -> Outcome:
        try:
            return read(self.wire(action, parameters))
        except (TransportError, Refused) as error:
            return _failed(error)

    def release(self, authorization_id: str) -> Outcome:
        try:
            self.wire("release", {"hold": authorization_id})
        except (TransportError, Refused) as error:
            return _failed(error)
        return Outcome(Result.CANCELLED)

    def status(self, transaction_id: str) -> Outcome:
        """Ids of what went back are not those of charges."""
        back = transaction_id.startswith("bck_")
        try:
            found = self.wire("back" if back else "charge", {"id": transaction_id})
        except Refused as error:
            return Outcome(Result.UNKNOWN, message=str(error), absent=True)
        except TransportError as error:
            return Outcome(Result.UNKNOWN, message=str(error))
        return _returned(found) if back else _outcome(found)

    def find(self, intent: Intent) -> Outcome:
        back = intent.kind == "refund"
        shelf = "backs" if back else "charges"
        try:
            found = self.wire(shelf, {"of": intent.reference})[shelf]
            if not found and intent.kind in ("reserve", "settle", "cancel"):
                self.wire("hold", {"id": intent.authorization_id})
                if intent.kind == "reserve":
                    return Outcome(Result.RESERVED)
        except Refused as error:
            gone = error.code == "hold_gone"
            return Outcome(Result.CANCELLED if gone else Result.UNKNOWN, message=str(error))
        except TransportError as error:
            return Outcome(Result.UNKNOWN, message=str(error))
        if found:
            return _returned(found[0]) if back else _outcome(found[0])
        return Outcome(Result.UNKNOWN, message="no such charge", absent=True)

    def activity(self, since: datetime) -> Iterable[Outcome]:
        try:
            found = self.wire("charges", {"since": since.isoformat()})["charges"]
            back = self.wire("backs", {"since": since.isoformat()})["backs"]
        except Refused as error:
            raise ServiceError(error.code, error.message) from error
        yield from map(_outcome, found)
        yield from map(_returned, back)

    def recover(self, payment: Payment) -> Authorization:
        """By its own name, where it is known: the provider may have begun another under the same reference."""
        handle = payment.gateway_handle
        return self._ask({"id": handle} if handle else {"reference": payment.reference})

    def _ask(self, whom: Mapping[str, str]) -> Authorization:
        try:
            session = self.wire("session", whom)
        except Refused as error:
            none = error.code == "no_such_session"
            return Authorization(Standing.ABANDONED if none else Standing.COULD_NOT_TELL, detail=str(error))
        except TransportError as error:
            return Authorization(Standing.COULD_NOT_TELL, detail=str(error))
        hold = session["hold"]
        if hold is None:
            return Authorization(STANDINGS[session["state"]], detail=session["state"])
        return Authorization(
            Standing.AUTHORIZED,
            hold["id"],
            money=Money(hold["amount"], hold["currency"]),
            method=hold["method"],
            payer=hold["payer"],
            given_at=datetime.fromisoformat(hold["given_at"]),
        )

    def notification(self, body: bytes, headers: Mapping[str, str], url: str) -> Notification:
        signature = next((value for name, value in headers.items() if name.lower() == SIGNATURE_HEADER.lower()), "")
        if not hmac.compare_digest(signature.encode(), sign(body).encode()):
            return Notification(Verdict.INVALID, detail="not signed by the provider")
        said = json.loads(body)
        return Notification(
            Verdict.VALID,
            handle=said["session"],
            transaction_id=said.get("back"),
            parent=said.get("charge"),
            stateless=True,
        )


def _outcome(charge: Mapping[str, Any]) -> Outcome:
    return Outcome(
        RESULTS[charge["state"]],
        charge["id"],
        payer=charge["payer"],
        method=charge["method"],
        message=charge["state"],
        facts=Facts(charge["key"], Money(charge["amount"], charge["currency"]), charge["payee"] == SHOP),
    )


def _returned(back: Mapping[str, Any]) -> Outcome:
    return Outcome(
        RESULTS[back["state"]],
        back["id"],
        message=back["state"],
        facts=Facts(
            back["key"] or None,
            Money(back["amount"], back["currency"]),
            False,
            gives_back=back["charge"],
            chargeback=back["chargeback"],
        ),
    )


def _failed(error: TransportError | Refused) -> Outcome:
    if isinstance(error, NotSent):
        return Outcome(Result.NOT_SENT, message=str(error))
    if isinstance(error, (OutcomeUnknown, TransportError)):
        return Outcome(Result.UNKNOWN, message=str(error))
    silent = error.status >= 500 or error.code in SAYS_NOTHING
    return Outcome(
        Result.UNKNOWN if silent else Result.FAILURE, code=error.code, message=str(error), retryable=error.retryable
    )
