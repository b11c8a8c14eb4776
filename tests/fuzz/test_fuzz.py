"""A little of ``make fuzz`` in every run of the suite, and proofs that it can fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from flask_fps.money import Money
from flask_fps.sandbox.api import door
from flask_fps.sandbox.bank.accounts import Accounts
from flask_fps.sandbox.bank.records import Token
from flask_fps.sandbox.bank.shelf import Shelf
from flask_fps.sandbox.bank.tokens import Tokens
from tests.fuzz import doors
from tests.fuzz.series import play
from tests.fuzz.series import Tally

SEED = "make test"
#: Each is so many requests to a sandbox of its own.
WORLDS, SHOTS = 4, 250


@pytest.mark.parametrize("number", range(WORLDS))
def test_no_request_breaks_the_sandbox_or_its_books(number: int) -> None:
    tally = play(SEED, number, SHOTS)
    assert tally.problems == []
    assert tally.statuses[200] and tally.statuses[400]


API = {doors.api: 9, doors.again: 1}
FORGED = {doors.forged: 1}


def _first_problem(at: Mapping[doors.Door, int], worlds: int = 8) -> str:
    """What the fuzz of these doors has to say first."""
    for number in range(worlds):
        tally: Tally = play(SEED, number, at=at)
        if tally.problems:
            return tally.problems[0]
    return ""


def _every_signature_is_right(*_: Any) -> bool:
    return True


def _money_out_of_nothing(self: Accounts, payer: str, payee: str, money: Money) -> None:
    target = self.get(payee)
    self._books.accounts.put(replace(target, balance=target.balance + money))


def _tokens_stay_as_they_were(self: Shelf[Any], record: Any) -> Any:
    if not isinstance(record, Token) or self.get(record.token_id) is None:
        self._change(self._key(record), record)
    return record


def _it_breaks(*_: Any, **__: Any) -> None:
    raise RuntimeError("broken on purpose")


@pytest.mark.parametrize(
    ("where", "name", "instead", "at", "told"),
    [
        pytest.param(door, "_is_signed", _every_signature_is_right, FORGED, "did what nobody signed", id="signature"),
        pytest.param(Accounts, "transfer", _money_out_of_nothing, API, "was put in", id="double entry"),
        pytest.param(Shelf, "put", _tokens_stay_as_they_were, API, "was used 2 times", id="used tokens"),
        pytest.param(Tokens, "by_caller", _it_breaks, API, "answered 500", id="no mistakes of ours"),
    ],
)
def test_it_reports_what_a_missing_guard_lets_through(
    where: Any, name: str, instead: Any, at: Mapping[doors.Door, int], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, name, instead)
    assert told in _first_problem(at)
