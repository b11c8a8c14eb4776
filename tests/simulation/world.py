"""What stands around the shop: time, chance, the way to the provider and back, and whoever is at work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from random import Random
from typing import Any

from flask_fps.errors import NotSent
from flask_fps.errors import OutcomeUnknown
from tests.clock import Clock
from tests.simulation import dice
from tests.simulation.fibers import Crash
from tests.simulation.fibers import current
from tests.simulation.fibers import Fiber
from tests.simulation.fibers import pause

#: A request that is older was signed too long ago, and is not looked at.
REQUEST_LIFE = timedelta(minutes=15)


class Violation(AssertionError):
    """An invariant does not hold."""


@dataclass
class Job:
    """A request on its way: it arrives, is under way, and is done."""

    what: str
    sent_at: datetime
    #: Gives an answer, or ``None`` where something is still to be done.
    arrive: Callable[[], Any]
    finish: Callable[[], Any]
    arrived: bool = False
    done: bool = False
    answer: Any = None
    error: Exception | None = None

    def step(self, now: datetime) -> None:
        try:
            if not self.arrived and now > self.sent_at + REQUEST_LIFE:
                raise OutcomeUnknown("signed too long ago")
            if not self.arrived:
                self.arrived = True
                self.answer = self.arrive()
                self.done = self.answer is not None
            else:
                self.done = True
                self.answer = self.finish()
        except Exception as error:
            self.done, self.error = True, error

    def complete(self, now: datetime) -> Any:
        """All of it, now; its answer."""
        while not self.done:
            self.step(now)
        if self.error is not None:
            raise self.error
        return self.answer


@dataclass(frozen=True)
class Letter:
    """A notification on its way to the shop."""

    url: str
    body: bytes
    headers: dict[str, str]
    posted_at: datetime


class World:
    """One history's surroundings."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.dice = dice.Dice(self.random)
        self.clock = Clock()
        self.jobs: list[Job] = []
        self.letters: list[Letter] = []
        self.fibers: list[Fiber] = []
        self.crashed = 0
        self.faults: dict[str, int] = {}
        self.trace: list[str] = []

    def note(self, text: str) -> None:
        """A line of this history."""
        fiber = current()
        self.trace.append(f"{self.clock():%d %H:%M:%S} {fiber.name if fiber else '-':<12} {text}")

    # Activities

    def begin(self, name: str, work: Callable[[], None]) -> None:
        self.fibers.append(Fiber(name, work))
        self.note(f"{name} begins")

    def go_on(self, fiber: Fiber) -> None:
        fiber.go_on()
        self._gone(fiber)

    def crash(self, fiber: Fiber) -> None:
        self.note(f"{fiber.name} dies, {fiber.where}")
        self.crashed += 1
        fiber.kill()
        self._gone(fiber)

    def die_here(self) -> None:
        """The process of the running activity may die now, whatever it has open."""
        fiber = current()
        if fiber is not None and self.dice.chance(self.dice.crashes):
            self.note("dies in the middle of it")
            self.crashed += 1
            fiber.doom()
            raise Crash

    def _gone(self, fiber: Fiber) -> None:
        if fiber.is_done:
            self.fibers.remove(fiber)
            if fiber.raised is not None:
                raise Violation(f"{fiber.name} raised {fiber.raised!r}") from fiber.raised

    # The way to the provider

    def exchange(
        self, what: str, arrive: Callable[[], Any], finish: Callable[[], Any], broken: Callable[[], Exception]
    ) -> Any:
        """One request and its answer, or what comes in its place.

        :param broken: what an internal error of the provider looks like.
        """
        fate = self.dice.exchange()
        self.note(f"{what}: {fate}")
        if fate != dice.FINE:
            self.faults[fate] = self.faults.get(fate, 0) + 1
        if fate == dice.NO_CONNECTION:
            raise NotSent("connection refused")
        if fate in (dice.NEVER_ARRIVES, dice.BREAKS_BEFORE):
            pause(f"waiting for {what}")
            raise OutcomeUnknown("no answer") if fate == dice.NEVER_ARRIVES else broken()
        job = Job(what, self.clock(), arrive, finish)
        self.jobs.append(job)
        pause(f"waiting for {what}")
        if fate == dice.TIMES_OUT:
            raise OutcomeUnknown("no answer in time")
        return self._answer(job, fate, broken)

    def _answer(self, job: Job, fate: str, broken: Callable[[], Exception]) -> Any:
        if job in self.jobs:
            self.jobs.remove(job)
        answer, error = None, None
        try:
            answer = job.complete(self.clock())
        except Exception as refused:
            error = refused
        pause(f"before the answer to {job.what}")
        if fate == dice.LOST_ANSWER:
            raise OutcomeUnknown("the answer was lost")
        if fate == dice.BREAKS_AFTER:
            raise broken()
        if error is not None:
            raise error
        return answer

    def step_job(self) -> None:
        """Some request that nobody waits for, or not yet, goes on."""
        job = self.random.choice(self.jobs)
        job.step(self.clock())
        self.note(f"{job.what} goes on by itself: {job.error or job.answer or 'under way'}")
        if job.done:
            self.jobs.remove(job)

    # Time

    def wait(self, by: timedelta) -> None:
        self.clock.advance(by)
        self.note(f"{by} later")
