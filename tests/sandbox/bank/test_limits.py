from __future__ import annotations

from datetime import datetime
from datetime import timedelta
from datetime import timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_fps.money import Money
from flask_fps.sandbox.bank.limits import Limit
from flask_fps.sandbox.bank.limits import Usage
from flask_fps.sandbox.bank.periods import parse
from flask_fps.sandbox.bank.periods import Period

START = datetime(2026, 1, 31, 10, 0, tzinfo=timezone.utc)
ONE = Money(100, "USD")


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("1 Month", Period(1, "month")),
        ("7 Days", Period(7, "day")),
        ("12months", Period(12, "month")),
        ("1 YEAR", Period(1, "year")),
        ("24 hours", Period(24, "hour")),
    ],
)
def test_a_period_is_a_number_and_a_unit(text: str, period: Period) -> None:
    assert parse(text) == period
    assert parse(str(period)) == period


@pytest.mark.parametrize("text", ["", "Month", "0 Days", "1 Week", "1.5 Days", "-1 Day", "1 Month "])
def test_nothing_else_is_a_period(text: str) -> None:
    with pytest.raises(ValueError, match="is no period"):
        parse(text)


def test_months_are_the_calendar_s() -> None:
    month = Period(1, "month")
    assert month.after(START).day == 28
    assert month.after(START, 2).day == 31
    assert month.after(START, 12) == START.replace(year=2027)


@given(
    st.builds(Period, st.integers(1, 40), st.sampled_from(["hour", "day", "month", "year"])),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(timezone.utc)),
    st.timedeltas(timedelta(0), timedelta(days=3000)),
)
def test_the_present_lies_in_the_window_that_was_counted(period: Period, start: datetime, later: timedelta) -> None:
    windows = period.passed(start, start + later)
    assert period.after(start, windows) <= start + later < period.after(start, windows + 1)


@pytest.mark.parametrize("text", ["9999 Years", "8000 Years", "9999 Months", "9999 Days"])
def test_a_period_beyond_the_calendar_never_passes(text: str) -> None:
    period = parse(text)
    end = period.after(START, 100_000)
    assert end == datetime.max.replace(tzinfo=timezone.utc)
    assert period.passed(START, START + timedelta(days=3000)) == 0


def test_before_its_start_no_window_has_passed() -> None:
    assert Period(1, "day").passed(START, START - timedelta(days=5)) == 0


def test_a_count_is_full_until_the_next_window() -> None:
    limit = Limit(count=1, period=Period(1, "month"))
    used = Usage(started_at=START).plus(ONE)
    assert not limit.allows(used.at(START + timedelta(days=27), limit), ONE)
    begun = used.at(START + timedelta(days=29), limit)
    assert limit.allows(begun, ONE)
    assert (begun.count, begun.last_count, begun.last_amount) == (0, 1, ONE)
    assert begun.started_at == START.replace(month=2, day=28)


def test_a_window_that_saw_nothing_leaves_nothing() -> None:
    limit = Limit(count=1, period=Period(1, "day"))
    assert Usage(started_at=START).plus(ONE).at(START + timedelta(days=2), limit).last_count == 0


def test_an_amount_without_a_period_counts_for_ever() -> None:
    limit = Limit(amount=Money(250, "USD"))
    used = Usage(started_at=START).plus(ONE).plus(ONE)
    later = used.at(START.replace(year=2036), limit)
    assert limit.allows(later, Money(50, "USD"))
    assert not limit.allows(later, Money(51, "USD"))
