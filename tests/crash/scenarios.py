"""The histories in which processes die."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from flask_fps.sandbox.bank.switches import SWITCHES
from flask_fps.sandbox.faults import Fault
from tests.crash.acts import Act
from tests.crash.shop import HOMES
from tests.crash.stage import Stage

MINUTE = 60
HOUR = 60 * MINUTE


def fault(action: str, name: str, times: int = 1, **more: Any) -> Fault:
    return Fault.from_plain({"action": action, "fault": name, "times": times, **more})


#: What goes wrong at the sandbox's side on top, where it does. It is never dishonest: nothing is tampered with.
FAULTS = (
    fault("Pay", "lose_answer"),
    fault("Pay", "lose_answer", 2),
    fault("Pay", "cut_answer"),
    fault("Pay", "garbage"),
    fault("Pay", "500_after"),
    fault("Pay", "503_after", 3),
    fault("Pay", "500_before"),
    fault("Pay", "503_before", 2),
    fault("Pay", "delay", seconds=0.2, when="before"),
    fault("Pay", "decline", code="InsufficientBalance"),
    fault("Pay", "pend", settles=600.0),
    fault("Pay", "pend", settles=60.0, ends="TransactionDenied"),
    fault("GetTransaction", "lose_answer"),
    fault("GetTransaction", "500_before", 2),
    fault("GetTokenByCaller", "500_before"),
    fault("GetTokenByCaller", "cut_answer", 2),
    fault("GetAccountActivity", "500_after"),
    fault("GetAccountActivity", "garbage"),
    fault("CancelToken", "lose_answer"),
    fault("Refund", "lose_answer", 2),
    fault("Refund", "500_after"),
    fault("Refund", "503_before", 2),
    fault("Settle", "lose_answer", 2),
    fault("Settle", "500_before"),
    fault("Cancel", "cut_answer"),
    fault("*", "503_before", 3),
    fault("Pay", "drop_ipn", 2),
    fault("Pay", "duplicate_ipn"),
    fault("Pay", "reorder_ipn"),
)


LOST = fault("Pay", "lose_answer")
LOST_TWICE = fault("Pay", "lose_answer", 2)
ERROR_AFTER = fault("Pay", "500_after", 2)
ERROR_BEFORE = fault("Pay", "500_before", 2)


@dataclass(frozen=True)
class Draw:
    """How the world is in one series of kills, and how it goes on after each."""

    home: str
    faults: tuple[Fault, ...] = ()
    #: Who drives afterwards: a worker, or a scheduler.
    driver: str = "work"
    #: The buyer is known to the shop; otherwise he is a guest.
    known: bool = True
    #: What the buyer does when nothing came: nothing, the return again, or his payment's page.
    buyer_then: str = "nothing"
    #: When notifications come: never, before a worker passes by, or when all is over, and then twice.
    letters: str = "never"
    #: So many of the processes that repair die as well, at points drawn for each kill.
    deaths_after: int = 0
    #: Another worker is at it all the time, and is killed whenever the first process has ended.
    beside: bool = False
    #: The repair begins while the dead process's request may still be under way.
    hasty: bool = False
    #: Prices rise meanwhile.
    dearer: bool = False

    @property
    def buyer(self) -> str | None:
        return "ann" if self.known else None


@dataclass(frozen=True)
class Scenario:
    """A history up to the moment of danger, the process that may die, and what people do then."""

    before: Callable[[Stage, Draw], None]
    danger: Callable[[Stage, Draw], list[Act]]
    after: Callable[[Stage, Draw], None] = lambda stage, draw: None
    #: Where each payment ends if nothing but the kill goes wrong.
    ends: tuple[str, ...] = ("paid",)


def plain(home: str) -> Draw:
    """Nothing goes wrong but the kill."""
    return Draw(home)


def drawn(seed: str, number: int) -> Draw:
    """Whatever may go wrong, goes wrong now and then. The same seed and number give the same."""
    random = Random(f"{seed}/{number}")
    return Draw(
        home=random.choice(HOMES),
        faults=tuple(random.sample(FAULTS, random.choice((0, 1, 1, 2, 3)))),
        driver=random.choice(("work", "reconcile")),
        known=random.random() < 0.8,
        buyer_then=random.choice(("nothing", "return", "page", "both")),
        letters=random.choice(("never", "first", "last")),
        deaths_after=random.choice((0, 0, 1, 2, 4)),
        beside=random.random() < 0.25,
        hasty=random.random() < 0.3,
        dearer=random.random() < 0.3,
    )


def drawn_switches(seed: str) -> dict[str, str]:
    """The references do not say everything: each plausible answer has its turn.

    Notifications are carried by the scenario itself, at any time: the sandbox posts none.
    """
    random = Random(f"{seed}/switches")
    return {name: random.choice(list(each.positions)) for name, each in SWITCHES.items() if name != "ipn"}


# Before


def _nothing(stage: Stage, draw: Draw) -> None:
    pass


def _agreed(method: str, sku: str = "song") -> Callable[[Stage, Draw], None]:
    def before(stage: Stage, draw: Draw) -> None:
        stage.agree(sku, draw.buyer, stage.want(sku, draw.buyer), method)

    return before


def _agreed_and_gone(stage: Stage, draw: Draw) -> None:
    _agreed("ABT")(stage, draw)
    stage.wait(11 * MINUTE)


def _paid_by_card(stage: Stage, draw: Draw) -> None:
    """The return is dealt with, and the card company takes its time."""
    _agreed("CC")(stage, draw)
    stage.live(*stage.come_back())


def _settled(stage: Stage, draw: Draw) -> None:
    _paid_by_card(stage, draw)
    stage.wait(2)


def _unheard(method: str, *faults: Fault) -> Callable[[Stage, Draw], None]:
    """Pay was sent, and its answer was lost."""

    def before(stage: Stage, draw: Draw) -> None:
        _agreed(method)(stage, draw)
        stage.script(*faults)
        stage.live(*stage.come_back())
        stage.wait(2)

    return before


def _handler_broken(stage: Stage, draw: Draw) -> None:
    _agreed("ABT", "album")(stage, draw)
    stage.live(["break", 2], *stage.come_back())
    stage.wait(MINUTE)


def _two_tabs(stage: Stage, draw: Draw) -> None:
    """The price changed, the buyer started again, and approved in both tabs."""
    old = stage.want("song", draw.buyer)
    stage.prices["song"] = "0.20"
    new = stage.want("song", draw.buyer)
    stage.agree("song", draw.buyer, old, order="ann's song")
    stage.agree("song", draw.buyer, new, order="ann's song")


def _left(stage: Stage, draw: Draw) -> None:
    """The buyer pressed Cancel on the sandbox's pages."""
    stage.leave(draw.buyer, stage.want("song", draw.buyer))


def _bought(sku: str, *faults: Fault) -> Callable[[Stage, Draw], None]:
    """Paid for and delivered."""

    def before(stage: Stage, draw: Draw) -> None:
        _agreed("ABT", sku)(stage, draw)
        stage.live(*stage.come_back())
        stage.script(*faults)

    return before


def _refund_unheard(stage: Stage, draw: Draw) -> None:
    """A refund was sent, and its answer was lost."""
    _bought("album", fault("Refund", "lose_answer"))(stage, draw)
    stage.live(stage.refund("3.00", "lost"))
    stage.wait(MINUTE)


def _refund_before_delivery(stage: Stage, draw: Draw) -> None:
    _handler_broken(stage, draw)
    stage.live(stage.refund(None, "not wanted"))


def _held(stage: Stage, draw: Draw) -> None:
    """The money of a vinyl is held."""
    _agreed("ABT", "vinyl")(stage, draw)
    stage.live(*stage.come_back())


def _settle_unheard(stage: Stage, draw: Draw) -> None:
    _held(stage, draw)
    stage.script(fault("Settle", "lose_answer"))
    stage.live(stage.settle("11.00"))
    stage.wait(MINUTE)


def _crowd(stage: Stage, draw: Draw) -> None:
    """Four buyers, each stuck elsewhere."""
    stage.agree("album", "bob", stage.want("album", "bob"), "CC")
    stage.agree("song", "cy", stage.want("song", "cy"))
    stage.live(["break", 2], *stage.come_back())
    stage.agree("piano", "dee", stage.want("piano", "dee"), "ACH")
    stage.script(LOST)
    stage.live(*stage.come_back()[-1:])
    stage.agree("song", "eve", stage.want("song", "eve"))
    stage.wait(11 * MINUTE)


# Danger


def _start(stage: Stage, draw: Draw) -> list[Act]:
    return [["start", "song", draw.buyer]]


def _return(stage: Stage, draw: Draw) -> list[Act]:
    return stage.come_back()


def _letters(stage: Stage, draw: Draw) -> list[Act]:
    return stage.letters()


def _letters_twice(stage: Stage, draw: Draw) -> list[Act]:
    return stage.letters()[::-1] + stage.letters()


def _rest(stage: Stage, draw: Draw) -> list[Act]:
    return [["rest", draw.driver]]


def _look(stage: Stage, draw: Draw) -> list[Act]:
    return [["advance", HOUR], *stage.look()]


def _refund(stage: Stage, draw: Draw) -> list[Act]:
    return [stage.refund("3.00", "case 1"), stage.refund(None, "case 2")]


def _refund_and_rest(stage: Stage, draw: Draw) -> list[Act]:
    return [stage.refund(None, "case 1"), ["rest", draw.driver]]


def _settle(stage: Stage, draw: Draw) -> list[Act]:
    return [stage.settle("11.00")]


def _cancel(stage: Stage, draw: Draw) -> list[Act]:
    return [stage.cancel()]


# After


def _refund_again(stage: Stage, draw: Draw) -> None:
    """The answer did not come: ask once more, by the same keys."""
    stage.live(*_refund(stage, draw))


def _settle_again(stage: Stage, draw: Draw) -> None:
    stage.live(*_settle(stage, draw))


def _settle_when_it_is_held(stage: Stage, draw: Draw) -> None:
    for _ in range(3):
        stage.wait(11 * MINUTE)
        stage.live(["work"])
    stage.live(*_settle(stage, draw))


def _cancel_again(stage: Stage, draw: Draw) -> None:
    stage.live(*_cancel(stage, draw))


def _start_again(stage: Stage, draw: Draw) -> None:
    """The page did not come: press the link again, agree, and come back."""
    stage.agree("song", draw.buyer, stage.want("song", draw.buyer))
    stage.live(*stage.come_back())


SCENARIOS: Mapping[str, Scenario] = {
    "start": Scenario(_nothing, _start, _start_again),
    "return": Scenario(_agreed("ABT"), _return),
    "return by card": Scenario(_agreed("CC"), _return),
    "return by bank": Scenario(_agreed("ACH"), _return),
    "declined": Scenario(_agreed("CC", "denied"), _return, ends=("failed",)),
    "two tabs": Scenario(_two_tabs, _return, ends=("paid", "cancelled")),
    "left": Scenario(_left, _return, ends=("expired",)),
    "notification": Scenario(_settled, _letters),
    "notification twice": Scenario(_settled, _letters_twice),
    "notification before the answer": Scenario(_unheard("ABT", LOST), _letters),
    "pending": Scenario(_paid_by_card, _rest),
    "lost return": Scenario(_agreed_and_gone, _rest),
    "lost answer": Scenario(_unheard("ABT", LOST), _rest),
    "two lost answers": Scenario(_unheard("CC", LOST_TWICE), _rest),
    "errors after": Scenario(_unheard("ABT", ERROR_AFTER), _rest),
    "errors before": Scenario(_unheard("ABT", ERROR_BEFORE), _rest),
    "page": Scenario(_unheard("ABT", LOST), _look),
    "delivery": Scenario(_handler_broken, _rest),
    "crowd": Scenario(_crowd, _rest),
    "refund": Scenario(_bought("album"), _refund, _refund_again),
    "lost refund answer": Scenario(_refund_unheard, _rest),
    "refund that fails": Scenario(
        _bought("album", fault("Refund", "pend", settles=600.0, ends="TransactionDenied")), _refund_and_rest
    ),
    "refund before delivery": Scenario(_refund_before_delivery, _rest),
    "reserve": Scenario(_agreed("ABT", "vinyl"), _return, _settle_when_it_is_held),
    "settle": Scenario(_held, _settle, _settle_again),
    "lost settle answer": Scenario(_settle_unheard, _rest),
    "cancel": Scenario(_held, _cancel, _cancel_again, ends=("cancelled",)),
    "hold end": Scenario(_held, _rest, ends=("cancelled",)),
}
