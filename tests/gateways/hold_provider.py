"""A payment provider of another shape than FPS, in memory, with books of its own.

A shop opens a session for each attempt and sends the buyer to its address. Approving it *holds* the money at
once. The buyer comes back with nothing in his hands; the shop asks what became of the session, and captures
the hold. What changes is posted as "look at this session again", signed in a header. A request is known by
its key, which is forgotten after a day.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import timedelta
from itertools import count
from typing import Any

from flask_fps.money import Money

KEY_LIFE = timedelta(hours=24)
SESSION_LIFE = timedelta(hours=24)
HOLD_LIFE = timedelta(days=7)
CURRENCIES = frozenset({"EUR", "JPY"})
SECRET = b"hold/demo+secret"
SIGNATURE_HEADER = "Hold-Signature"
#: The account that this provider's shop is paid into.
SHOP = "shop@hold.example"


class Refused(Exception):
    """The provider said no."""

    def __init__(self, code: str, message: str = "", *, retryable: bool = False, status: int = 400) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.status = status


@dataclass(kw_only=True)
class Session:
    id: str
    reference: str
    money: Money
    return_url: str
    notify_url: str
    created_at: datetime
    #: ``open``, ``pending``, ``authorized``, ``abandoned`` or ``refused``.
    state: str = "open"
    hold: Hold | None = None


@dataclass(kw_only=True)
class Hold:
    id: str
    session: Session
    money: Money
    payer: str
    method: str
    given_at: datetime
    released: bool = False


@dataclass(kw_only=True)
class Charge:
    id: str
    hold: Hold
    key: str
    money: Money
    at: datetime
    #: ``success``, ``pending`` or ``failure``.
    state: str


@dataclass(kw_only=True)
class Back:
    """Money on its way back to a buyer, or there; it may still come back to the shop."""

    id: str
    charge: Charge
    key: str
    money: Money
    at: datetime
    #: ``success``, ``pending`` or ``failure``.
    state: str
    chargeback: bool = False


@dataclass(frozen=True)
class Letter:
    """A notification on its way."""

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass
class Answered:
    """What is remembered of a key."""

    digest: str
    at: datetime
    #: ``None`` while the first request is under way.
    answer: dict[str, Any] | Refused | None = None


@dataclass
class Rules:
    """Where a provider's documents are silent."""

    #: A key that is used again after a day: ``again`` moves money again, ``refuse`` knows that the hold is captured.
    forgotten_key: str = "again"
    #: A key whose request was done: ``replay`` its answer, or refuse with this code.
    done_key: str = "replay"
    #: A key whose first request was refused: ``forget`` judges anew, ``replay`` refuses again.
    refused_key: str = "forget"
    #: A key whose first request is not done: ``wait`` for it, or refuse with this code.
    in_flight: str = "key_in_use"


@dataclass
class HoldProvider:
    """:param clock: aware UTC time."""

    clock: Callable[[], datetime]
    rules: Rules = field(default_factory=Rules)
    sessions: list[Session] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    backs: list[Back] = field(default_factory=list)
    #: Notifications nobody has taken yet, oldest first.
    letters: list[Letter] = field(default_factory=list)
    #: What the next captures are refused with.
    refusals: list[Refused] = field(default_factory=list)
    _keys: dict[str, Answered] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    # What a shop asks, over the wire

    def call(self, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """A whole request: :meth:`arrive` and, if that was not all, :meth:`finish`.

        :raises Refused: with a code.
        """
        return self.arrive(action, parameters) or self.finish(action, parameters)

    def arrive(self, action: str, parameters: Mapping[str, str]) -> dict[str, Any] | None:
        """The request is there; an answer, if nothing has to be done for it any more."""
        key = parameters.get("key")
        if key is None:
            return None
        digest = hashlib.sha256(repr((action, sorted(parameters.items()))).encode()).hexdigest()
        known = self._keys.get(key)
        if known is not None and self.clock() < known.at + KEY_LIFE:
            if known.digest != digest:
                raise Refused("key_reused", "another request has used this key", status=409)
            if known.answer is not None:
                return self._answered(known, parameters)
            if self.rules.in_flight != "wait":
                raise Refused(self.rules.in_flight, "the first request with this key is not done", status=409)
            return self.finish(action, parameters)
        self._keys[key] = Answered(digest, self.clock())
        return None

    def finish(self, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """What was asked for happens, unless it has happened meanwhile."""
        known = self._keys.get(parameters.get("key", ""))
        if known is None:
            return self._act(action, parameters)
        if known.answer is None:
            try:
                known.answer = self._act(action, parameters)
            except Refused as refusal:
                known.answer = refusal
        if isinstance(known.answer, Refused):
            raise known.answer
        return known.answer

    def _answered(self, known: Answered, parameters: Mapping[str, str]) -> dict[str, Any] | None:
        if not isinstance(known.answer, Refused):
            if self.rules.done_key != "replay" and {"hold", "charge"} & set(parameters):
                raise Refused(self.rules.done_key, "this key was used", status=409)
            return known.answer
        if self.rules.refused_key == "replay":
            raise known.answer
        known.answer = None
        return None

    def _act(self, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        acts: dict[str, Callable[[Mapping[str, str]], dict[str, Any]]] = {
            "open": self._open,
            "session": self._session,
            "capture": self._capture,
            "release": self._release,
            "charge": lambda given: _charge(self._of(self.charges, given["id"])),
            "charges": self._charges,
            "hold": lambda given: _hold(self._open_hold(given["id"])),
            "refund": self._refund,
            "back": lambda given: _back(self._of(self.backs, given["id"])),
            "backs": self._backs,
        }
        return acts[action](parameters)

    def _open(self, given: Mapping[str, str]) -> dict[str, Any]:
        money = Money(int(given["amount"]), given["currency"])
        if money.currency not in CURRENCIES:
            raise Refused("currency", f"{money.currency} is not taken here")
        session = Session(
            id=f"ses_{next(self._numbers)}",
            reference=given["reference"],
            money=money,
            return_url=given["return_url"],
            notify_url=given["notify_url"],
            created_at=self.clock(),
        )
        self.sessions.append(session)
        url = f"https://hold.example/pay/{session.id}"
        return {"id": session.id, "url": url, "expires": (session.created_at + SESSION_LIFE).isoformat()}

    def _session(self, given: Mapping[str, str]) -> dict[str, Any]:
        session = self.session(given.get("id"), given.get("reference"))
        if session is None:
            raise Refused("no_such_session")
        hold = session.hold
        state = "expired" if session.state == "open" and self._is_over(session) else session.state
        return {"id": session.id, "reference": session.reference, "state": state, "hold": _hold(hold) if hold else None}

    def _capture(self, given: Mapping[str, str]) -> dict[str, Any]:
        hold = self._of(self.holds, given["hold"])
        money = Money(int(given["amount"]), given["currency"])
        if hold.released or self.has_lapsed(hold):
            raise Refused("no_hold", "released, or a week is over")
        if money.currency != hold.money.currency or money.minor > hold.money.minor:
            raise Refused("amount", f"{hold.money} is held")
        if self.rules.forgotten_key == "refuse" and any(charge.hold is hold for charge in self.charges):
            raise Refused("captured", "this hold is used up")
        if self.refusals:
            raise self.refusals.pop(0)
        charge = Charge(
            id=f"chg_{next(self._numbers)}",
            hold=hold,
            key=given["key"],
            money=money,
            at=self.clock(),
            state="pending" if hold.method == "bank" else "success",
        )
        self.charges.append(charge)
        self._post(hold.session)
        return _charge(charge)

    def _release(self, given: Mapping[str, str]) -> dict[str, Any]:
        hold = self._of(self.holds, given["hold"])
        if self.is_used(hold):
            raise Refused("captured", "this hold is used up")
        hold.released = True
        return {"released": hold.id}

    def _charges(self, given: Mapping[str, str]) -> dict[str, Any]:
        since = datetime.fromisoformat(given["since"]) if "since" in given else None
        found = [
            each
            for each in self.charges
            if (since is None or each.at >= since) and given.get("of", each.key) == each.key
        ]
        return {"charges": [_charge(each) for each in found]}

    def _open_hold(self, id: str) -> Hold:
        hold: Hold = self._of(self.holds, id)
        if hold.released or self.has_lapsed(hold):
            raise Refused("hold_gone", "this hold is not there any more")
        return hold

    def _refund(self, given: Mapping[str, str]) -> dict[str, Any]:
        if self.refusals:
            raise self.refusals.pop(0)
        charge: Charge = self._of(self.charges, given["charge"])
        money = Money(int(given["amount"]), given["currency"])
        if charge.state != "success":
            raise Refused("not_charged", f"this charge is {charge.state}")
        if money.currency != charge.money.currency or not 0 < money.minor <= self.left_of(charge):
            raise Refused("exceeds", "this is more than is left of the charge")
        return _back(self.give_back(charge, money, given["key"]))

    def _backs(self, given: Mapping[str, str]) -> dict[str, Any]:
        since = datetime.fromisoformat(given["since"]) if "since" in given else None
        found = [each for each in self.backs if since is None or each.at >= since]
        return {"backs": [_back(each) for each in found if given.get("of", each.key) == each.key]}

    # What buyers do, and what time does

    def give_back(self, charge: Charge, money: Money, key: str = "", *, chargeback: bool = False) -> Back:
        """By a request; by hand, without a key; or by a bank."""
        slow = charge.hold.method == "bank" and not chargeback
        back = Back(
            id=f"bck_{next(self._numbers)}",
            charge=charge,
            key=key,
            money=money,
            at=self.clock(),
            state="pending" if slow else "success",
            chargeback=chargeback,
        )
        self.backs.append(back)
        self._post(charge.hold.session, back)
        return back

    def end_back(self, back: Back, state: str) -> None:
        """It has arrived, or it has not; it may come back long after it seemed to be there."""
        back.state = state
        self._post(back.charge.hold.session, back)

    def left_of(self, charge: Charge) -> int:
        """How much of a charge was not given back."""
        gone = sum(each.money.minor for each in self.backs if each.charge is charge and each.state != "failure")
        return charge.money.minor - gone

    def session(self, id: str | None = None, reference: str | None = None) -> Session | None:
        """The newest session of this id or of this reference."""
        found = [each for each in self.sessions if id == each.id or reference == each.reference]
        return found[-1] if found else None

    def authorize(self, session: Session, method: str = "card", *, pending: bool = False) -> str:
        """The buyer approves, and his money is held; gives the address he is sent back to.

        :param method: what is captured from a ``bank`` pends at first.
        :param pending: his approval itself takes its time.
        """
        assert session.state in ("open", "pending"), session.state
        assert session.state == "pending" or not self._is_over(session)
        session.state = "pending" if pending else "authorized"
        if not pending:
            session.hold = Hold(
                id=f"hld_{next(self._numbers)}",
                session=session,
                money=session.money,
                payer="john@example.com",
                method=method,
                given_at=self.clock(),
            )
            self.holds.append(session.hold)
            self._post(session)
        return session.return_url

    def turn_away(self, session: Session, state: str) -> str:
        """The buyer presses Cancel (``abandoned``), or is not taken (``refused``)."""
        assert session.state == "open"
        session.state = state
        return session.return_url

    def end(self, charge: Charge, state: str) -> None:
        """A charge that pends is done."""
        assert charge.state == "pending"
        charge.state = state
        self._post(charge.hold.session)

    def has_lapsed(self, hold: Hold) -> bool:
        return self.clock() >= hold.given_at + HOLD_LIFE

    def is_used(self, hold: Hold) -> bool:
        """Is it captured, or about to be?"""
        return any(charge.hold is hold and charge.state != "failure" for charge in self.charges)

    def is_open(self, hold: Hold) -> bool:
        """Is a buyer's money tied up for nothing?"""
        return not hold.released and not self.has_lapsed(hold) and not self.is_used(hold)

    def _is_over(self, session: Session) -> bool:
        return self.clock() >= session.created_at + SESSION_LIFE

    def _post(self, session: Session, back: Back | None = None) -> None:
        about = {} if back is None else {"back": back.id, "charge": back.charge.id}
        body = json.dumps({"session": session.id, **about}).encode()
        self.letters.append(Letter(session.notify_url, body, {SIGNATURE_HEADER: sign(body)}))

    def _of(self, shelf: list[Any], id: str) -> Any:
        found = next((each for each in shelf if each.id == id), None)
        if found is None:
            raise Refused("unknown_id", id)
        return found


def sign(body: bytes) -> str:
    return hmac.new(SECRET, body, hashlib.sha256).hexdigest()


def _hold(hold: Hold) -> dict[str, Any]:
    return {
        "id": hold.id,
        "amount": hold.money.minor,
        "currency": hold.money.currency,
        "payer": hold.payer,
        "method": hold.method,
        "given_at": hold.given_at.isoformat(),
    }


def _charge(charge: Charge) -> dict[str, Any]:
    return {
        "id": charge.id,
        "key": charge.key,
        "amount": charge.money.minor,
        "currency": charge.money.currency,
        "state": charge.state,
        "payee": SHOP,
        "payer": charge.hold.payer,
        "method": charge.hold.method,
    }


def _back(back: Back) -> dict[str, Any]:
    return {
        "id": back.id,
        "key": back.key,
        "charge": back.charge.id,
        "amount": back.money.minor,
        "currency": back.money.currency,
        "state": back.state,
        "chargeback": back.chargeback,
    }
