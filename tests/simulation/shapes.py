"""Providers of two shapes, seen by the same eyes: what buyers do there, and what the books say."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from typing import Any
from typing import cast
from typing import Protocol
from urllib.parse import parse_qs
from urllib.parse import urlencode
from urllib.parse import urlsplit

from flask_fps.errors import ServiceError
from flask_fps.gateways import Gateway
from flask_fps.gateways.fps import FPSGateway
from flask_fps.money import Money
from flask_fps.protocol import messages
from flask_fps.protocol.cbui import CBUI
from flask_fps.protocol.client import Client
from flask_fps.protocol.dialects import NEWEST
from tests.gateways.hold import HoldGateway
from tests.gateways.hold_provider import Back
from tests.gateways.hold_provider import Charge
from tests.gateways.hold_provider import HOLD_LIFE
from tests.gateways.hold_provider import HoldProvider
from tests.gateways.hold_provider import KEY_LIFE
from tests.gateways.hold_provider import Refused
from tests.gateways.hold_provider import Rules as HoldRules
from tests.gateways.hold_provider import Session
from tests.simulation import dice
from tests.simulation import fps_provider
from tests.simulation.fps_provider import FPSProvider
from tests.simulation.fps_provider import Movement
from tests.simulation.world import Letter
from tests.simulation.world import World

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Tx:
    """One transaction in the provider's books: the truth."""

    id: str
    #: The reference of the request that made it.
    reference: str
    money: Money
    #: ``success``, ``pending``, ``reserved``, ``cancelled`` or ``failure``.
    state: str
    #: Of money that went back: the reference of the request that had brought it.
    brought_by: str | None = None

    @property
    def payment(self) -> str:
        return (self.brought_by or self.reference).rpartition("-")[0]


class Shape(Protocol):
    """A provider, as buyers, time and the oracle see it."""

    @property
    def gateway(self) -> Gateway: ...

    @property
    def currencies(self) -> tuple[str, ...]: ...

    @property
    def edges(self) -> tuple[timedelta, ...]:
        """Ages at which something changes."""

    def approve(self, redirect: str, *, slow: bool) -> str | None:
        """The buyer says yes; the URL he is sent back to, unless that is not possible any more."""

    def leave(self, redirect: str) -> str | None:
        """The buyer says no."""

    def transactions(self) -> list[Tx]:
        """What came to the shop, or is held for it."""

    def refunds(self) -> list[Tx]:
        """What went back."""

    def give_back(self, payment: str) -> None:
        """Somebody gives a part of this payment back, or a bank takes it, if anything is left of it."""

    def fail_late(self) -> None:
        """A refund that was done comes back."""

    def end_one(self, *, well: bool) -> None:
        """One of the transactions that pend ends."""

    def refuse_next(self) -> None:
        """The next request to pay is refused."""

    def births(self) -> list[datetime]:
        """When things were made that have an age."""

    def collect(self) -> None:
        """What the provider has posted meanwhile is on its way."""

    def loose_holds(self, since: datetime) -> list[str]:
        """Buyers' money that is tied up for nothing: payments, of holds that could still be released then."""


class Genuine:
    """Judges returns and notifications of the simulated FPS: their signature is a word."""

    def __init__(self, world: World) -> None:
        self._world = world

    def verify(self, method: str, url: str, params: Mapping[str, str], raw: str) -> bool | None:
        if self._world.dice.exchange() != dice.FINE:
            self._world.note("the signature cannot be checked now")
            return None
        return params["signature"] == "genuine"


class SimulatedClient:
    """In place of the client: the same two methods, and no socket."""

    endpoint = "https://fps.example/"
    dialect = NEWEST

    def __init__(self, world: World, provider: FPSProvider) -> None:
        self._world = world
        self.provider = provider

    def send_parameters(self, message: type[Any], parameters: Mapping[str, str]) -> Any:
        action, reference = message.action, parameters.get("CallerReference", "")
        what = f"{action} {reference[:6]}…{reference[-2:]}"
        arrive, finish = self.provider.arrive, self.provider.finish
        return self._world.exchange(
            what, lambda: arrive(action, parameters), lambda: finish(action, parameters), _broken_fps
        )

    def send(self, message: messages.Message[Any]) -> Any:
        return self._world.exchange(message.action, lambda: None, lambda: self.provider.ask(message), _broken_fps)


def _is_paid(movement: Movement, payment: str) -> bool:
    ours = movement.parent is None and movement.reference.rpartition("-")[0] == payment
    return ours and movement.status == "Success"


def _broken_fps() -> ServiceError:
    return ServiceError("InternalError", "a bad day", http_status=500, retryable=True)


class FPSShape:
    """FPS: the real gateway before a simulated provider."""

    currencies = ("USD",)
    edges = (3 * HOUR, DAY, 27 * HOUR, 6 * DAY, 7 * DAY)

    def __init__(self, world: World) -> None:
        self._world = world
        pick = world.random.choice
        errors = ("TokenUsageError", "TokenNotActive_Sender", "InvalidTokenId_Sender", "InternalError", "AccessFailure")
        rules = fps_provider.Rules(
            in_flight=pick(("wait", "wait", "DuplicateRequest", "ConcurrentModification", "InternalError")),
            done_reference=pick(("replay", "replay", "DuplicateRequest", "TokenUsageError", "InternalError")),
            failed_reference=pick(("forget", "replay", "DuplicateRequest", "InvalidParams")),
            used_token=pick(errors),
            expired_token=pick(("IncompatibleTokens", "TokenNotActive_Sender")),
            activity_delay=pick((timedelta(0), timedelta(minutes=2))),
        )
        world.note(f"{rules}")
        self.provider = FPSProvider(_their_clock(world), rules, tell=self._post)
        self.gateway = FPSGateway(
            client=cast(Client, SimulatedClient(world, self.provider)),
            cbui=CBUI("https://fps.example/cobranded-ui/actions/start", "KEY", "secret"),
            verifier=lambda: Genuine(world),
            recipient_email=fps_provider.SHOP,
            methods=("ABT", "CC"),
        )
        self._ended: set[str] = set()

    def approve(self, redirect: str, *, slow: bool) -> str | None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(redirect).query).items()}
        reference = asked["callerReference"]
        if reference in self._ended:
            return self._back(asked, {"status": "NP", "errorMessage": "aborted and restarted"})
        self._ended.add(reference)
        money = Money.parse(asked["transactionAmount"], asked["currencyCode"])
        token = self.provider.approve(reference, money, "CC" if slow else "ABT")
        status = fps_provider.STATUS[token.method]
        return self._back(asked, {"status": status, "tokenID": token.id, "callerReference": reference})

    def leave(self, redirect: str) -> str | None:
        """``A``, which proves nothing: in another tab he may still say yes."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(redirect).query).items()}
        if self._world.random.randrange(2):
            self._ended.add(asked["callerReference"])
        return self._back(asked, {"status": "A"})

    def _back(self, asked: Mapping[str, str], said: Mapping[str, str]) -> str:
        signed = {**said, "signature": "genuine", "signatureVersion": "2"}
        return f"{asked['returnURL']}&{urlencode(signed)}"

    def _post(self, movement: Movement) -> None:
        fields = {
            "notificationType": "TransactionStatus",
            "transactionId": movement.id,
            "transactionStatus": movement.status.upper(),
            "operation": movement.operation.upper(),
            "callerReference": movement.reference,
            **({"parentTransactionId": movement.parent.id} if movement.parent else {}),
            "signature": "genuine",
        }
        body = urlencode(fields).encode()
        self._world.letters.append(Letter(movement.notify_url, body, {}, self._world.clock()))

    def transactions(self) -> list[Tx]:
        self.provider.lapse()
        inward = [each for each in self.provider.movements if each.parent is None]
        return [Tx(each.id, each.reference, each.money, each.status.lower()) for each in inward]

    def refunds(self) -> list[Tx]:
        return [
            Tx(each.id, each.reference, each.money, each.status.lower(), each.parent.reference)
            for each in self.provider.movements
            if each.parent is not None
        ]

    def give_back(self, payment: str) -> None:
        paid = next((each for each in self.provider.movements if _is_paid(each, payment)), None)
        if paid is not None and self.provider.left_of(paid) > 0:
            money = Money(self._world.random.randint(1, self.provider.left_of(paid)), paid.money.currency)
            said = {"CallerReference": f"by hand {len(self.provider.movements)}", "OverrideIPNURL": paid.notify_url}
            self._post(self.provider.give_back(paid, money, said))

    def fail_late(self) -> None:
        done = [each for each in self.provider.movements if each.parent is not None and each.status == "Success"]
        if done:
            self.provider.end(self._world.random.choice(done), "Failure")

    def end_one(self, *, well: bool) -> None:
        pending = [each for each in self.provider.movements if each.status == "Pending"]
        self.provider.end(self._world.random.choice(pending), "Success" if well else "Failure")

    def refuse_next(self) -> None:
        codes = ("InsufficientBalance", "AccountLimitsExceeded", "PaymentError", "InvalidParams", "InternalError")
        self.provider.refusals.append(self._world.random.choice(codes))

    def births(self) -> list[datetime]:
        sent = [each.at for each in self.provider.references.values()]
        return [each.given_at for each in self.provider.tokens] + sent

    def collect(self) -> None:
        """It is posted at once."""

    def loose_holds(self, since: datetime) -> list[str]:
        return []


class HoldShape:
    """The other shape."""

    currencies = ("EUR", "JPY")
    edges = (HOUR, DAY * 6 / 7, DAY, 6 * DAY, 7 * DAY)

    def __init__(self, world: World) -> None:
        self._world = world
        pick = world.random.choice
        rules = HoldRules(
            forgotten_key=pick(("again", "again", "refuse")),
            done_key=pick(("replay", "replay", "key_reused", "captured")),
            refused_key=pick(("forget", "replay")),
            in_flight=pick(("key_in_use", "wait")),
        )
        world.note(f"{rules}")
        self.provider = HoldProvider(_their_clock(world), rules)
        self.gateway = HoldGateway(self._wire)

    def _wire(self, action: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        arrive, finish = self.provider.arrive, self.provider.finish
        try:
            answer: dict[str, Any] = self._world.exchange(
                action, lambda: arrive(action, parameters), lambda: finish(action, parameters), _broken_hold
            )
            return answer
        finally:
            self.collect()

    def collect(self) -> None:
        """What the provider has posted meanwhile is on its way."""
        for letter in self.provider.letters:
            self._world.letters.append(Letter(letter.url, letter.body, dict(letter.headers), self._world.clock()))
        self.provider.letters.clear()

    def approve(self, redirect: str, *, slow: bool) -> str | None:
        session = self._session(redirect)
        if session.state == "authorized":
            return session.return_url
        if session.state not in ("open", "pending") or self._is_over(session):
            return None
        pending = session.state == "open" and self._world.random.randrange(5) == 0
        url = self.provider.authorize(session, "bank" if slow else "card", pending=pending)
        self.collect()
        return url

    def leave(self, redirect: str) -> str | None:
        session = self._session(redirect)
        if session.state != "open":
            return None
        if self._world.random.randrange(2):
            return session.return_url
        return self.provider.turn_away(session, self._world.random.choice(("abandoned", "refused")))

    def transactions(self) -> list[Tx]:
        return [Tx(each.id, each.key, each.money, each.state) for each in self.provider.charges]

    def refunds(self) -> list[Tx]:
        return [Tx(each.id, each.key, each.money, each.state, each.charge.key) for each in self.provider.backs]

    def give_back(self, payment: str) -> None:
        charges = [each for each in self.provider.charges if each.state == "success"]
        paid = next((each for each in charges if each.key.rpartition("-")[0] == payment), None)
        if paid is not None and self.provider.left_of(paid) > 0:
            money = Money(self._world.random.randint(1, self.provider.left_of(paid)), paid.money.currency)
            self.provider.give_back(paid, money, chargeback=bool(self._world.random.randrange(2)))
            self.collect()

    def fail_late(self) -> None:
        done = [each for each in self.provider.backs if each.state == "success" and not each.chargeback]
        if done:
            self.provider.end_back(self._world.random.choice(done), "failure")
            self.collect()

    def end_one(self, *, well: bool) -> None:
        pending: list[Charge | Back] = [each for each in self.provider.charges if each.state == "pending"]
        pending += [each for each in self.provider.backs if each.state == "pending"]
        ends = self._world.random.choice(pending)
        if isinstance(ends, Back):
            self.provider.end_back(ends, "success" if well else "failure")
        else:
            self.provider.end(ends, "success" if well else "failure")
        self.collect()

    def refuse_next(self) -> None:
        retryable = bool(self._world.random.randrange(2))
        self.provider.refusals.append(Refused("declined", retryable=retryable))

    def births(self) -> list[datetime]:
        holds = [each.given_at for each in self.provider.holds]
        return holds + [each.at for each in self.provider.charges]

    def loose_holds(self, since: datetime) -> list[str]:
        return [
            each.session.reference
            for each in self.provider.holds
            if not each.released and not self.provider.is_used(each) and each.given_at + HOLD_LIFE > since
        ]

    def _session(self, redirect: str) -> Session:
        found = self.provider.session(urlsplit(redirect).path.rpartition("/")[2])
        assert found is not None
        return found

    def _is_over(self, session: Session) -> bool:
        return self.provider.clock() >= session.created_at + KEY_LIFE


def _their_clock(world: World) -> Callable[[], datetime]:
    """No two clocks show the same."""
    skew = timedelta(seconds=world.random.choice((0, 0, -90, 90)))
    return lambda: world.clock() + skew


def _broken_hold() -> Refused:
    return Refused("internal", "a bad day", status=500, retryable=True)


SHAPES: dict[str, Callable[[World], Shape]] = {"fps": FPSShape, "hold": HoldShape}
