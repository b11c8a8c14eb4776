"""Any interleaving of return, notification, page and worker ends the same: as the provider's books say.

Hypothesis chooses who goes on at every commit and at every exchange with the provider, which answers are lost
and where a process dies; what it finds it makes short.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from typing import ClassVar

import pytest
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize
from hypothesis.stateful import precondition
from hypothesis.stateful import rule
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation import database
from tests.simulation import dice
from tests.simulation.fibers import Fiber
from tests.simulation.oracle import Oracle
from tests.simulation.rest import all_ends
from tests.simulation.rest import come_to_rest
from tests.simulation.rest import compare
from tests.simulation.rest import supervised
from tests.simulation.shapes import SHAPES
from tests.simulation.shop import Shop
from tests.simulation.shop import Wish
from tests.simulation.world import World

#: One of at most so many activities goes on.
MANY = 1000
#: How far an activity goes before another may: to its next commit or exchange, or to its end.
STEPS = st.sampled_from((1, 2, 3, 4, 6, 50))
BUYER = "buyer-1"
#: How much of it the operator wants: all, a part, or more than there is.
PARTS = st.sampled_from((None, 0.3, 0.6, 1.5))


class Interleavings(RuleBasedStateMachine):
    """One buyer, one order, one provider that is honest but hard to reach."""

    shape_name: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self.redirects: list[str] = []
        self.returns: list[str] = []

    @initialize(seed=st.integers(0, MANY), slow=st.booleans(), dearer=st.booleans(), held=st.booleans())
    def a_buyer_has_approved(self, seed: int, slow: bool, dearer: bool, held: bool) -> None:
        """The seed decides what the provider does where its documents are silent.

        :param dearer: he has approved it at two prices, in two tabs.
        :param held: his money is only held at first.
        """
        self.world = World(seed)
        self.dice = dice.Scripted(self.world.random)
        self.world.dice = self.dice
        self.shape = SHAPES[self.shape_name](self.world)
        self.shop = Shop(self.world, self.shape, database.emptied(self.dice))
        self.shop.unattended = True
        self.wish = Wish("song", self.shape.currencies[0], reserve=held)
        self._stack.enter_context(supervised(self.world))
        for _ in range(2 if dearer else 1):
            self.shop.start(self.wish, BUYER, self.redirects.append)
            self.shop.prices["song"] += 1
        for redirect in self.redirects:
            self._approve(redirect, slow)

    def _approve(self, redirect: str, slow: bool) -> None:
        url = self.shape.approve(redirect, slow=slow)
        if url is not None:
            self.returns.append(url)

    def _begin(self, name: str, work: Callable[[], None], steps: int) -> None:
        if len(self.world.fibers) < 4:
            self.world.begin(name, work)
            self._go_on(self.world.fibers[-1], steps)

    def _go_on(self, fiber: Fiber, steps: int) -> None:
        for _ in range(steps):
            if not fiber.is_done:
                self.world.go_on(fiber)
        self.shape.collect()

    # People

    @rule(which=st.integers(0, MANY), steps=STEPS)
    def a_return(self, which: int, steps: int) -> None:
        url = self.returns[which % len(self.returns)]
        self._begin("return", lambda: self.shop.come_back(url), steps)

    @rule(which=st.integers(0, MANY), steps=STEPS)
    def a_look_at_the_page(self, which: int, steps: int) -> None:
        reference = list(self.shop.drafts)[which % len(self.shop.drafts)]
        self._begin("page", lambda: self.shop.look(reference), steps)

    @precondition(lambda self: self.world.letters)
    @rule(which=st.integers(0, MANY), steps=STEPS)
    def a_notification(self, which: int, steps: int) -> None:
        letter = self.world.letters[which % len(self.world.letters)]
        headers = letter.headers
        self._begin("ipn", lambda: self.shop.notify(letter.body, headers, letter.url, lambda: None), steps)

    @rule(steps=STEPS)
    def a_worker(self, steps: int) -> None:
        name = f"worker {len(self.world.trace)}"
        self._begin(name, lambda: self.shop.work(name), steps)

    @rule(steps=STEPS)
    def one_more_click(self, steps: int) -> None:
        self._begin("start", lambda: self.shop.start(self.wish, BUYER, self._approve_at_once), steps)

    def _approve_at_once(self, redirect: str) -> None:
        self._approve(redirect, slow=False)

    # The shop's operator

    @rule(which=st.integers(0, MANY), part=PARTS, key=st.sampled_from((None, "a", "b")), steps=STEPS)
    def a_refund(self, which: int, part: float | None, key: str | None, steps: int) -> None:
        reference = list(self.shop.drafts)[which % len(self.shop.drafts)]
        self._begin("refund", lambda: self.shop.refund(reference, part, key), steps)

    @precondition(lambda self: self.wish.reserve)
    @rule(which=st.integers(0, MANY), part=PARTS, steps=STEPS)
    def a_settle(self, which: int, part: float | None, steps: int) -> None:
        reference = list(self.shop.drafts)[which % len(self.shop.drafts)]
        self._begin("settle", lambda: self.shop.settle(reference, part), steps)

    @precondition(lambda self: self.wish.reserve)
    @rule(which=st.integers(0, MANY), steps=STEPS)
    def a_cancel(self, which: int, steps: int) -> None:
        reference = list(self.shop.drafts)[which % len(self.shop.drafts)]
        self._begin("cancel", lambda: self.shop.cancel(reference), steps)

    @precondition(lambda self: any(tx.state == "success" for tx in self.shape.transactions()))
    @rule()
    def somebody_else_gives_it_back(self) -> None:
        moved = [tx.payment for tx in self.shape.transactions() if tx.state == "success"]
        self.shape.give_back(moved[0])
        self.shape.collect()

    @precondition(lambda self: any(tx.state == "success" for tx in self.shape.refunds()))
    @rule()
    def a_refund_comes_back(self) -> None:
        self.shape.fail_late()
        self.shape.collect()

    # What becomes of them

    @precondition(lambda self: self.world.fibers)
    @rule(which=st.integers(0, MANY), steps=STEPS)
    def goes_on(self, which: int, steps: int) -> None:
        self._go_on(self.world.fibers[which % len(self.world.fibers)], steps)

    @precondition(lambda self: self.world.fibers)
    @rule(which=st.integers(0, MANY))
    def dies(self, which: int) -> None:
        self.world.crash(self.world.fibers[which % len(self.world.fibers)])

    @rule(fate=st.sampled_from(sorted(dice.TROUBLES)))
    def the_next_exchange_goes_wrong(self, fate: str) -> None:
        self.dice.fates.append(fate)

    @rule(fate=st.sampled_from((dice.LOCKED, dice.FAILS, dice.LOST_COMMIT, dice.LOST_AND_TAKEN_AGAIN)))
    def the_next_commit_goes_wrong(self, fate: str) -> None:
        self.dice.commits.append(fate)

    @precondition(lambda self: self.world.jobs)
    @rule()
    def a_request_arrives_late(self) -> None:
        self.world.step_job()
        self.shape.collect()

    @precondition(lambda self: self._something_pends())
    @rule(well=st.booleans())
    def what_pends_ends(self, well: bool) -> None:
        self.shape.end_one(well=well)
        self.shape.collect()

    @rule(minutes=st.sampled_from((0.1, 1, 11, 60)))
    def time_passes(self, minutes: float) -> None:
        self.world.wait(timedelta(minutes=minutes))

    def _something_pends(self) -> bool:
        return any(tx.state == "pending" for tx in (*self.shape.transactions(), *self.shape.refunds()))

    # The end

    def teardown(self) -> None:
        with self._stack:
            all_ends(self.shop)
            while self._something_pends():
                self.shape.end_one(well=True)
            rested_at = self.world.clock()
            come_to_rest(self.shop)
            oracle = Oracle(self.shop, rested_at, compare(self.shop))
            assert oracle.complaints() == []
            moved = {tx.payment for tx in self.shape.transactions() if tx.state == "success"}
            assert {row.reference for row in oracle.rows if row.state == "paid"} == moved


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_any_interleaving_ends_as_the_books_say(shape: str) -> None:
    machine: Any = type(f"Interleavings_{shape}", (Interleavings,), {"shape_name": shape})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=int(os.environ.get("INTERLEAVINGS") or 40),
            stateful_step_count=40,
            deadline=None,
            derandomize="INTERLEAVINGS" not in os.environ,
            suppress_health_check=list(HealthCheck),
        ),
    )
