"""What a seed decides: how bad the weather is, and which of the providers' silences this history has."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from random import Random

#: How one exchange with the provider may go, and how often the bad ways are taken.
FINE = "fine"
NO_CONNECTION = "no connection"
NEVER_ARRIVES = "the request never arrives"
TIMES_OUT = "the request is slow, and nobody waits for its answer"
LOST_ANSWER = "the answer is lost"
BREAKS_BEFORE = "500 before the effect"
BREAKS_AFTER = "500 after the effect"
TROUBLES = {NO_CONNECTION: 1, NEVER_ARRIVES: 1, TIMES_OUT: 2, LOST_ANSWER: 3, BREAKS_BEFORE: 1, BREAKS_AFTER: 2}
#: How a commit may go.
LOCKED = "locked"
FAILS = "an I/O error, nothing committed"
LOST_COMMIT = "an I/O error after it was committed"
LOST_AND_TAKEN_AGAIN = "locked, after it was committed"


@dataclass
class Dice:
    """All chance of one history."""

    random: Random
    #: Of a hundred exchanges, so many go wrong; and so on.
    trouble: int = field(init=False)
    database: int = field(init=False)
    crashes: int = field(init=False)
    handlers: int = field(init=False)
    refusals: int = field(init=False)
    loss: int = field(init=False)
    calm: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        pick = self.random.choice
        self.trouble = pick((0, 10, 30, 60))
        self.database = pick((0, 0, 2, 10))
        self.crashes = pick((0, 3, 10, 25))
        self.handlers = pick((0, 0, 20, 60))
        self.refusals = pick((0, 0, 10, 30))
        self.loss = pick((0, 10, 50, 100))

    def exchange(self) -> str:
        if self.calm or not self.chance(self.trouble):
            return FINE
        return self.random.choices(list(TROUBLES), list(TROUBLES.values()))[0]

    def commit(self) -> str:
        if self.calm or not self.chance(self.database):
            return FINE
        return self.random.choice((LOCKED, LOCKED, FAILS, LOST_COMMIT, LOST_AND_TAKEN_AGAIN))

    def chance(self, percent: int) -> bool:
        return not self.calm and self.random.randrange(100) < percent


class Scripted(Dice):
    """Nothing goes wrong that was not asked for."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        #: Of the next exchanges, in order.
        self.fates: list[str] = []
        #: Of the next commits, in order.
        self.commits: list[str] = []
        self.trouble = self.database = self.crashes = self.handlers = self.refusals = self.loss = 0

    def exchange(self) -> str:
        return self.fates.pop(0) if self.fates and not self.calm else FINE

    def commit(self) -> str:
        return self.commits.pop(0) if self.commits and not self.calm else FINE
