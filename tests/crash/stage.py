"""One history: who wants what, who agreed to what, and what the world does meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from typing import TYPE_CHECKING
from urllib.parse import parse_qs
from urllib.parse import urlsplit

from flask_fps.sandbox.faults import Fault
from flask_fps.testing import Buyer
from flask_fps.testing import Sandbox
from tests.crash.acts import Act
from tests.crash.oracle import Wish
from tests.crash.shop import HOST
from tests.crash.shop import PRICES

if TYPE_CHECKING:
    from tests.crash.lane import Lane
    from tests.crash.lane import Life

#: Answers a buyer may see. A 500 is none of them.
ANSWERED = {200, 303, 400, 402, 404, 409, 410, 503}


class Misbehaved(Exception):
    """The shop gave an answer that it must never give."""


@dataclass
class Return:
    """Where a buyer who agreed is sent back to."""

    url: str
    buyer: str | None
    reference: str


@dataclass
class Stage:
    """A history under way."""

    lane: Lane
    home: str
    wishes: dict[str, Wish] = field(default_factory=dict)
    returns: list[Return] = field(default_factory=list)
    prices: dict[str, str] = field(default_factory=lambda: dict(PRICES))
    #: The cookie of whoever has not signed in.
    guest: str | None = None
    #: So many of its processes were killed.
    deaths: int = 0

    def again(self) -> Stage:
        """The same history, to be continued in another way."""
        return replace(self, wishes=dict(self.wishes), returns=list(self.returns), prices=dict(self.prices))

    def live(self, *acts: Act, kill: int = 0) -> Life | None:
        """A process of the shop, with today's prices; none if there is nothing to do."""
        if not acts:
            return None
        changed: Iterable[Act] = (["price", sku, now] for sku, now in self.prices.items() if now != PRICES[sku])
        life = self.lane.live(self.home, [*changed, *acts], kill)
        look_at(life.answers)
        self.deaths += life.killed
        return life

    def want(self, sku: str, buyer: str | None) -> str:
        """Press the link; the address of the payment pages."""
        life = self.live(["start", sku, buyer or self.guest])
        assert life is not None
        *_, answer = life.answers
        assert answer["status"] == 303, answer
        self.guest = answer["cookie"] or self.guest
        return str(answer["location"])

    def agree(self, sku: str, buyer: str | None, redirect: str, method: str = "ABT", order: str | None = None) -> str:
        """Approve on the sandbox's pages; the address to be sent back to."""
        [reference] = parse_qs(urlsplit(redirect).query)["callerReference"]
        [price] = parse_qs(urlsplit(redirect).query)["transactionAmount"]
        self.wishes[reference] = Wish(order or f"{buyer} {sku}", buyer, sku, price)
        url = self._robot().authorize(None, _redirected(redirect), method=method)  # type: ignore[arg-type]
        self.returns.append(Return(url, buyer or self.guest, reference))
        return url

    def leave(self, buyer: str | None, redirect: str) -> None:
        """Go to the sandbox's pages and press Cancel."""
        [reference] = parse_qs(urlsplit(redirect).query)["callerReference"]
        robot = self._robot()
        walk = robot._walk(None, _redirected(redirect), "john@example.com", None, None)  # type: ignore[arg-type]
        url = walk.left(walk.send(walk.to_step("confirm"), "cancel", [("cancel", "yes")]))
        self.returns.append(Return(url, buyer or self.guest, reference))

    def refund(self, amount: str | None, key: str) -> Act:
        """The operator gives the first payment back, or this much of it."""
        wish = self.wishes[self.first]
        self.wishes[self.first] = replace(wish, refunds=wish.refunds | {key})
        return ["refund", self.first, amount, key]

    def settle(self, amount: str) -> Act:
        """The operator takes this much of what is held of the first payment."""
        self.wishes[self.first] = replace(self.wishes[self.first], settled=amount)
        return ["settle", self.first, amount]

    def cancel(self) -> Act:
        return ["cancel", self.first]

    @property
    def first(self) -> str:
        return self.returns[0].reference

    def come_back(self) -> list[Act]:
        return [["get", each.url, each.buyer] for each in self.returns]

    def look(self) -> list[Act]:
        """Every buyer opens his payment's page."""
        return [["get", f"{HOST}/fps/payments/{each.reference}", each.buyer] for each in self.returns]

    def letters(self) -> list[Act]:
        """Every notification that the sandbox has written and nobody has taken yet."""
        return [
            ["post", letter.url, letter.body.decode(), dict(letter.headers)]
            for letter in self.lane.server.notifications
            if letter.url is not None
        ]

    def wait(self, seconds: float) -> None:
        self.lane.server.bank.advance(seconds)

    def script(self, *faults: Fault) -> None:
        """What else goes wrong from now on, at the sandbox's side."""
        self.lane.server.faults.script([*self.lane.server.faults.left, *faults])

    def _robot(self) -> Buyer:
        return Buyer(Sandbox(self.lane.server))


def _redirected(url: str) -> Any:
    request = SimpleNamespace(url=url)
    return SimpleNamespace(status_code=303, headers={"Location": url}, request=request)


def look_at(answers: Iterable[Any]) -> None:
    """Nothing a buyer or the provider was answered may be a failure of the shop.

    :raises Misbehaved: one is.
    """
    for answer in answers:
        if isinstance(answer, dict) and answer["status"] not in ANSWERED:
            raise Misbehaved(f"the shop answered {answer['status']}: {answer['text']}")
