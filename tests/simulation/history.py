"""One history: buyers, a provider, two workers and bad luck, all from one seed; then rest, and judgement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import timedelta

from flask_fps.records import is_guest
from tests.simulation import database
from tests.simulation.fibers import Fiber
from tests.simulation.oracle import Oracle
from tests.simulation.rest import all_ends
from tests.simulation.rest import come_to_rest
from tests.simulation.rest import compare
from tests.simulation.rest import supervised
from tests.simulation.shapes import SECOND
from tests.simulation.shapes import SHAPES
from tests.simulation.shop import Shop
from tests.simulation.shop import Wish
from tests.simulation.world import Violation
from tests.simulation.world import World

#: How long nobody may have been at work when the weather turns fine.
OUTAGES = (timedelta(0), timedelta(0), timedelta(0), *(timedelta(hours=hours) for hours in (4, 21, 25, 150, 190)))
LETTER_LIFE = timedelta(hours=24)


@dataclass
class Buyer:
    """Somebody, with the tabs of his browser."""

    name: str
    wishes: list[Wish]
    #: How often he will press a button in the shop.
    clicks: int
    #: Payment pages of the provider that are open.
    tabs: list[str] = field(default_factory=list)
    #: Addresses he was sent back to.
    returns: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """What one history was."""

    seed: int
    shape: str
    payments: int
    transactions: int
    states: Counter[str]
    parked: int
    delivered: int
    #: What became of what was given back, and of what was held: ``refund done``, ``adopted done``, ``held paid`` …
    money_back: Counter[str]
    crashes: int
    faults: Counter[str]
    passes: int
    trace: tuple[str, ...]


@dataclass(frozen=True)
class Climate:
    """What is not left to the seed; ``None`` leaves it."""

    shape: str | None = None
    trouble: int | None = None
    freezes: float | None = None
    workers: float | None = None
    outage: timedelta | None = None
    orders: int | None = None


TEMPERATE = Climate()


def run(seed: int, climate: Climate = TEMPERATE) -> Report:
    """Live through the history of this seed.

    :raises Violation: an invariant does not hold; its text has the whole story.
    """
    return History(seed, climate).live()


class History:
    def __init__(self, seed: int, climate: Climate = TEMPERATE) -> None:
        self.seed = seed
        self.world = World(seed)
        self.random = self.world.random
        self.shape_name = climate.shape or self.random.choice(sorted(SHAPES))
        self.shape = SHAPES[self.shape_name](self.world)
        self.shop = Shop(self.world, self.shape, database.emptied(self.world.dice))
        self.buyers = list(self._people())
        #: How often time leaps to where something changes.
        self.edges = self.random.choice((0, 0.1, 0.5, 2))
        #: How often a process stands still for long.
        self.freezes = _first(climate.freezes, self.random.choice((0, 0.5, 2)))
        #: How often a worker comes by.
        self.workers = _first(climate.workers, self.random.choice((0, 0.5, 1.5)))
        #: How often the shop's operator will still do something about its money.
        drawn = self.random.choice((0, 0, 1, 3, 5))
        self.orders = drawn if climate.orders is None else climate.orders
        #: Nobody was at work for so long when the weather turns fine.
        self.outage = climate.outage or self.random.choice(OUTAGES)
        if climate.trouble is not None:
            self.world.dice.trouble = climate.trouble

    def _people(self) -> Iterator[Buyer]:
        currencies = self.shape.currencies
        for number in range(self.random.choice((1, 2, 2, 3, 4))):
            name = self.random.choice((f"guest:{number}", f"buyer-{number}"))
            skus = self.random.sample(sorted(self.shop.prices), self.random.choice((1, 1, 2)))
            shared = self.random.choice((None, None, None, "order-1"))
            held = self.random.randrange(4) == 0
            wishes = [Wish(sku, self.random.choice(currencies), shared and f"{shared}-{sku}", held) for sku in skus]
            yield Buyer(name, wishes, len(wishes) * self.random.choice((1, 1, 2, 3)))

    def live(self) -> Report:
        try:
            with supervised(self.world):
                for _ in range(self.random.choice((60, 120, 200))):
                    self._something_happens()
                    if self._is_over():
                        break
                return self._judged()
        except Violation as violation:
            raise Violation(self._story(str(violation))) from violation

    def _story(self, what: str) -> str:
        lines = [f"history {self.seed} ({self.shape_name}): {what}", "", *self.world.trace]
        return "\n".join([*lines, "", f"again: SIM_SEED={self.seed} python -m tests.simulation"])

    def _is_over(self) -> bool:
        """Nobody wants anything any more, and nothing is under way."""
        wanted = any(buyer.clicks or buyer.tabs or buyer.returns for buyer in self.buyers)
        ordered = self.orders and (self._moved() or self._holds())
        return not (wanted or ordered or self.world.fibers or self.world.jobs or self.world.letters)

    # What happens

    def _something_happens(self) -> None:
        weighed = list(self._possible())
        actions = [action for _, action in weighed]
        self.random.choices(actions, [weight for weight, _ in weighed])[0]()
        self.shape.collect()

    def _possible(self) -> Iterator[tuple[float, Callable[[], None]]]:
        world = self.world
        yield 1.5, self._time_passes
        yield self.edges, self._an_edge_comes
        awake = [fiber for fiber in world.fibers if not fiber.frozen]
        if awake:
            yield 12 * len(awake), lambda: self._go_on(self.random.choice(awake))
            yield self.freezes, lambda: self._freeze(self.random.choice(awake))
        if len(awake) < len(world.fibers):
            yield 1, self._thaw
        if world.fibers:
            yield world.dice.crashes / 8, self._crash
        if world.jobs:
            yield 3, world.step_job
        if len(awake) < 4:
            yield from self._beginnings()
        if self._something_pends():
            yield 3, lambda: self.shape.end_one(well=self.random.randrange(4) > 0)
        if self.shape.refunds():
            yield 0.3, self.shape.fail_late
        if world.dice.refusals:
            yield world.dice.refusals / 50, self.shape.refuse_next

    def _beginnings(self) -> Iterator[tuple[float, Callable[[], None]]]:
        if any(buyer.clicks for buyer in self.buyers):
            yield 3, self._start
        yield self.workers, self._work
        if any(buyer.tabs for buyer in self.buyers):
            yield 10, self._approve
            yield 0.3, self._leave
        if any(buyer.returns for buyer in self.buyers):
            yield 10, self._come_back
        if any(is_guest(buyer.name) for buyer in self.buyers):
            yield 0.1, self._sign_in
        if self.shop.drafts:
            yield 0.5, self._look
        if self.orders and self._moved():
            yield 3, self._give_back
            yield 0.3, self._gives_back_by_hand
        if self.orders and self._holds():
            yield 3, self._settle_or_cancel
        if self.world.letters:
            yield 3, self._post

    def _start(self) -> None:
        buyer = self.random.choice([each for each in self.buyers if each.clicks])
        buyer.clicks -= 1
        wish = self.random.choice(buyer.wishes)
        if self.random.randrange(8) == 0:
            self.shop.prices[wish.sku] += 1
        self.world.begin(f"start {buyer.name[-2:]}", lambda: self.shop.start(wish, buyer.name, buyer.tabs.append))

    def _approve(self) -> None:
        buyer = self.random.choice([each for each in self.buyers if each.tabs])
        tab = self.random.choice(buyer.tabs)
        url = self.shape.approve(tab, slow=self.random.randrange(3) == 0)
        self.world.note(f"{buyer.name} approves")
        if self.random.randrange(5):
            buyer.tabs.remove(tab)
        if url is not None and self.random.randrange(6):
            buyer.returns.append(url)

    def _leave(self) -> None:
        buyer = self.random.choice([each for each in self.buyers if each.tabs])
        url = self.shape.leave(self.random.choice(buyer.tabs))
        self.world.note(f"{buyer.name} leaves")
        if url is not None:
            buyer.returns.append(url)

    def _come_back(self) -> None:
        buyer = self.random.choice([each for each in self.buyers if each.returns])
        url = self.random.choice(buyer.returns)
        if self.random.randrange(5):
            buyer.returns.remove(url)
        self.world.begin(f"return {buyer.name[-2:]}", lambda: self.shop.come_back(url))

    def _sign_in(self) -> None:
        buyer = self.random.choice([each for each in self.buyers if is_guest(each.name)])
        guest, buyer.name = buyer.name, self.random.choice((f"buyer-{buyer.name[-1]}", "buyer-0"))
        self.world.begin("sign in", lambda: self.shop.sign_in(guest, buyer.name))

    def _look(self) -> None:
        reference = self.random.choice(list(self.shop.drafts))
        self.world.begin("page", lambda: self.shop.look(reference))

    def _work(self) -> None:
        name = self.random.choice(("worker 1", "worker 2"))
        if not any(fiber.name == name for fiber in self.world.fibers):
            self.world.begin(name, lambda: self.shop.work(name))

    def _holds(self) -> list[str]:
        """Payments that are only held, if they have come so far."""
        return [reference for reference, draft in self.shop.drafts.items() if draft.order.reserve]

    def _moved(self) -> list[str]:
        """Payments that have brought money."""
        return [tx.payment for tx in self.shape.transactions() if tx.state == "success"]

    def _something_pends(self) -> bool:
        return any(tx.state == "pending" for tx in (*self.shape.transactions(), *self.shape.refunds()))

    def _give_back(self) -> None:
        self.orders -= 1
        reference = self.random.choice(self._moved())
        part, key = self.random.choice((None, None, 0.3, 0.5, 1.5)), self.random.choice((None, None, "a", "b"))
        self.world.begin("refund", lambda: self.shop.refund(reference, part, key))

    def _gives_back_by_hand(self) -> None:
        self.orders -= 1
        reference = self.random.choice(self._moved())
        self.world.note(f"somebody gives {reference[:6]} back at the provider")
        self.shape.give_back(reference)

    def _settle_or_cancel(self) -> None:
        self.orders -= 1
        reference = self.random.choice(self._holds())
        part = self.random.choice((None, None, 0.5, 1.5))
        if self.random.randrange(3):
            self.world.begin("settle", lambda: self.shop.settle(reference, part))
        else:
            self.world.begin("cancel", lambda: self.shop.cancel(reference))

    def _post(self) -> None:
        letters, letter = self.world.letters, self.random.choice(self.world.letters)
        if self.world.dice.chance(self.world.dice.loss) or self.world.clock() > letter.posted_at + LETTER_LIFE:
            letters.remove(letter)
            self.world.note("a notification is lost")
            return

        def acknowledged() -> None:
            if letter in letters and self.random.randrange(4):
                letters.remove(letter)

        self.world.begin("ipn", lambda: self.shop.notify(letter.body, letter.headers, letter.url, acknowledged))

    def _freeze(self, fiber: Fiber) -> None:
        self.world.note(f"{fiber.name} stands still, {fiber.where}")
        fiber.frozen = True

    def _thaw(self) -> None:
        fiber = self.random.choice([each for each in self.world.fibers if each.frozen])
        self.world.note(f"{fiber.name} goes on after all")
        fiber.frozen = False

    def _go_on(self, fiber: Fiber) -> None:
        for _ in range(self.random.choice((1, 1, 2, 4, 8))):
            if fiber.is_done:
                return
            self.world.go_on(fiber)

    def _crash(self) -> None:
        self.world.crash(self.random.choice(self.world.fibers))

    def _time_passes(self) -> None:
        self.world.wait(timedelta(seconds=self.random.choice((1, 1, 3, 10, 36, 60, 300, 900, 3600))))

    def _an_edge_comes(self) -> None:
        """To a second before or after something changes."""
        born = [*self.shape.births(), *self._beginnings_of_payments()]
        if born:
            edge = self.random.choice(born) + self.random.choice(self.shape.edges)
            target = edge + self.random.choice((-SECOND, timedelta(0), SECOND))
            if target > self.world.clock():
                self.world.wait(target - self.world.clock())

    def _beginnings_of_payments(self) -> list[datetime]:
        return [each.at for each in self.shop.claims][-3:]

    # Rest and judgement

    def _judged(self) -> Report:
        self._calm_down()
        rested_at = self.world.clock()
        passes = come_to_rest(self.shop)
        oracle = Oracle(self.shop, rested_at, compare(self.shop))
        complaints = oracle.complaints()
        if complaints:
            raise Violation("\n".join(complaints))
        return Report(
            seed=self.seed,
            shape=self.shape_name,
            payments=len(oracle.rows),
            transactions=len(oracle.transactions),
            states=Counter(row.state for row in oracle.rows),
            parked=sum(1 for row in oracle.rows if row.parked is not None),
            delivered=sum(1 for row in oracle.rows if row.delivery == "done"),
            money_back=oracle.money_back(),
            crashes=self.world.crashed,
            faults=Counter(self.world.faults),
            passes=passes,
            trace=tuple(self.world.trace),
        )

    def _calm_down(self) -> None:
        """The weather turns fine: what is under way ends, and the shop is closed for a while."""
        all_ends(self.shop)
        if self.random.randrange(10):
            while self._something_pends():
                self.shape.end_one(well=self.random.randrange(4) > 0)
        self.shape.collect()
        self.world.wait(self.outage)


def _first(wanted: float | None, drawn: float) -> float:
    return drawn if wanted is None else wanted
