"""Kill after kill: the n-th point of one history, for n = 1, 2, … until a run ends without dying."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from itertools import count
from random import Random

from tests.crash import oracle
from tests.crash.lane import Crashed
from tests.crash.lane import Lane
from tests.crash.lane import Life
from tests.crash.lane import Saved
from tests.crash.oracle import Verdict
from tests.crash.scenarios import Draw
from tests.crash.scenarios import drawn
from tests.crash.scenarios import drawn_switches
from tests.crash.scenarios import plain
from tests.crash.scenarios import Scenario
from tests.crash.scenarios import SCENARIOS
from tests.crash.shop import HOMES
from tests.crash.stage import look_at
from tests.crash.stage import Misbehaved
from tests.crash.stage import Stage

#: In so many worlds nothing goes wrong but the kill: together they have every history in every home.
PLAIN = len(HOMES)
#: Whoever dies more often than this in one repair is not repaired by dying.
POINTS_OF_REPAIR = 60
#: What the handler of ``payment_completed`` leaves behind, by the ledger's home.
EFFECT = {"db": "session", "engine": "session", "own": "license"}


@dataclass
class Tally:
    """What became of many kills."""

    kills: int = 0
    payments: int = 0
    lost: int = 0
    doubled: int = 0
    unpaid: int = 0
    wrong: int = 0
    parked: int = 0
    #: Each problem with the line that replays it.
    problems: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, verdict: Verdict, kills: int, replay: str) -> Tally:
        return cls(
            kills=kills,
            payments=verdict.payments,
            lost=len(verdict.lost),
            doubled=len(verdict.doubled),
            unpaid=len(verdict.unpaid),
            wrong=len(verdict.wrong),
            parked=verdict.parked,
            problems=[f"{problem}\n    {replay}" for problem in verdict.problems],
        )

    def __add__(self, other: Tally) -> Tally:
        mine, theirs = vars(self), vars(other)
        return Tally(**{name: mine[name] + theirs[name] for name in mine})

    def __str__(self) -> str:
        wrong = f", otherwise wrong {self.wrong}" if self.wrong else ""
        return (
            f"kills {self.kills}, payments {self.payments}: lost {self.lost}, doubled {self.doubled}, "
            f"unpaid but delivered {self.unpaid}, parked {self.parked}{wrong}"
        )


@dataclass(frozen=True)
class Series:
    """One history in one world, to be run again and again."""

    seed: str
    name: str
    #: Below :data:`PLAIN` nothing goes wrong but the kill; the world of any other is drawn.
    number: int
    #: Which of :data:`tests.database.KINDS` the shop has.
    database: str = "sqlite"

    @property
    def scenario(self) -> Scenario:
        return SCENARIOS[self.name]

    @property
    def draw(self) -> Draw:
        if self.is_plain:
            return plain(HOMES[(self.number + list(SCENARIOS).index(self.name)) % len(HOMES)])
        return drawn(f"{self.seed}/{self.name}", self.number)

    @property
    def is_plain(self) -> bool:
        return self.number < PLAIN

    def replay(self, kill: int) -> str:
        where = "" if self.database == "sqlite" else f" --database {self.database}"
        return f"python -m tests.crash --seed {self.seed}{where} --only {shlex.quote(self.name)} {self.number} {kill}"

    def open(self, lane: Lane) -> Opened:
        """Bring the history to its moment of danger."""
        lane.server.switches.turn(drawn_switches(f"{self.seed}/{self.number}"))
        lane.restore(lane.empty[self.draw.home])
        stage = Stage(lane, self.draw.home)
        self.scenario.before(stage, self.draw)
        return Opened(self, stage, lane.save(self.draw.home))


@dataclass(frozen=True)
class Opened:
    """A series at its moment of danger."""

    series: Series
    stage: Stage
    saved: Saved

    def kill(self, number: int, *, anew: bool = False) -> tuple[bool, Tally]:
        """Let the process in danger die at this point, let the world go on, and judge; whether it died.

        :param anew: the process is a new interpreter.
        """
        stage, draw, lane = self.stage.again(), self.series.draw, self.stage.lane
        self.begin()
        with self._beside(draw):
            life = self.danger(number, anew=anew)
        if not draw.hasty:
            lane.wait_for_stragglers()
        self._go_on(stage, draw, Random(f"{self.series}/{number}"))
        lane.wait_for_stragglers()
        verdict = self._judge(stage)
        return life.killed, Tally.of(verdict, life.killed + stage.deaths, self.series.replay(number))

    def begin(self) -> None:
        """All is as it was at the moment of danger."""
        self.stage.lane.restore(self.saved)
        self.stage.script(*self.series.draw.faults)

    @contextmanager
    def _beside(self, draw: Draw) -> Iterator[None]:
        lane = self.stage.lane
        worker = lane.stay(self.stage.home, "work on")[0] if draw.beside else None
        try:
            yield
        finally:
            if worker is not None:
                lane.end(worker, signal.SIGKILL)

    def danger(self, kill: int = 0, *, anew: bool = False) -> Life:
        """The process in danger lives, and dies at this point, or at none."""
        stage, draw, lane = self.stage, self.series.draw, self.stage.lane
        acts = self.series.scenario.danger(stage, draw)
        life = (lane.live_anew if anew else lane.live)(stage.home, acts, kill)
        look_at(life.answers)
        return life

    def _go_on(self, stage: Stage, draw: Draw, random: Random) -> None:
        if draw.dearer:
            stage.prices["song"] = "99"
        self.series.scenario.after(stage, draw)
        _buyer_acts(stage, draw)
        if draw.letters == "first":
            stage.live(*stage.letters())
        for _ in range(draw.deaths_after):
            stage.live(["rest", draw.driver], kill=random.randint(1, POINTS_OF_REPAIR))
        stage.live(["rest", draw.driver])
        if draw.letters == "last":
            letters = stage.letters()
            stage.live(*letters, *letters[::-1], ["rest", draw.driver])

    def _judge(self, stage: Stage) -> Verdict:
        facts = oracle.read(stage.lane.files(stage.home), stage.lane.ledger(), EFFECT[stage.home])
        verdict = oracle.judge(facts, stage.wishes)
        if self.series.is_plain:
            verdict.wrong += _unexpected(facts, self.series.scenario.ends)
        return verdict


def _unexpected(facts: oracle.Facts, ends: tuple[str, ...]) -> Iterator[str]:
    """Where only a process was killed, everything ends as if it had not been."""
    states = sorted(payment["state"] for payment in facts.payments.values())
    if set(states) != set(ends):
        yield f"it ended {', '.join(states)}, not {', '.join(ends)}"
    for reference, reasons in facts.parked.items():
        yield f"{reference} was parked: {reasons[0]}"


def _buyer_acts(stage: Stage, draw: Draw) -> None:
    if draw.buyer_then in ("return", "both"):
        stage.live(*stage.come_back())
    if draw.buyer_then in ("page", "both"):
        stage.live(*stage.look())


def sweep(lane: Lane, series: Series, limit: int | None = None) -> Tally:
    """Kill at every point, from the first on, until a run ends without dying."""
    opened, tally = series.open(lane), Tally()
    for number in count(1) if limit is None else range(1, limit + 1):
        found, killed = one(series, opened, number)
        tally += found
        if not killed:
            break
    return tally


def sample(lane: Lane, series: Series, kills: int) -> Tally:
    """Kill at so many points, drawn from all that the history has."""
    opened = series.open(lane)
    opened.begin()
    last = len(opened.danger().points)
    numbers = Random(f"{series}").sample(range(1, last + 1), min(kills, last))
    return sum((one(series, opened, number)[0] for number in sorted(numbers)), Tally())


def one(series: Series, opened: Opened, number: int, *, anew: bool = False) -> tuple[Tally, bool]:
    """One kill at this point, counted with all that it led to; and whether anybody died there."""
    try:
        killed, tally = opened.kill(number, anew=anew)
    except (Crashed, Misbehaved) as error:
        return Tally(kills=1, wrong=1, problems=[f"{error}\n    {series.replay(number)}"]), True
    return tally, killed
