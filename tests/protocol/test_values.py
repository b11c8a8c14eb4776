from __future__ import annotations

from datetime import datetime
from datetime import timedelta
from datetime import timezone
from decimal import Decimal
from zoneinfo import ZoneInfo
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_fps.protocol import values


@pytest.mark.parametrize("text", ["0", "0.10", "25.01", "2500", "-1.5", "0.100000", "999999999999999.999999999"])
def test_exact_reads_plain_numbers(text: str) -> None:
    assert values.exact(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "1e2", "1E-2", "NaN", "Infinity", "+1", "1,00", ".5", "5.", "１", "0x1", "1" * 16, "1.0000000001"],
)
def test_exact_refuses_all_other_forms(text: str) -> None:
    with pytest.raises(ValueError, match="plain number"):
        values.exact(text)


@pytest.mark.parametrize("value", [0.1, True, None])
def test_exact_refuses_what_is_not_exact(value: object) -> None:
    with pytest.raises(TypeError, match="Decimal"):
        values.exact(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("1E30"), 10**30])
def test_exact_refuses_numbers_that_no_amount_has(value: Decimal | int) -> None:
    with pytest.raises(ValueError, match="plain number"):
        values.exact(value)


@pytest.mark.parametrize(
    ("value", "two", "six"),
    [
        ("0", "0.00", "0.000000"),
        ("0.1", "0.10", "0.100000"),
        ("0.100000", "0.10", "0.100000"),
        ("1E+2", "100.00", "100.000000"),
        ("0.0025", "0.0025", "0.002500"),
        ("-12.345", "-12.345", "-12.345000"),
        ("123456789012345.123456789", "123456789012345.123456789", "123456789012345.123456789"),
    ],
)
def test_number_pads_and_never_rounds(value: str, two: str, six: str) -> None:
    assert values.number(Decimal(value)) == two
    assert values.number(Decimal(value), places=6) == six


def test_whole() -> None:
    assert values.whole("-12") == -12
    for text in ("", "1.0", "１", " 1", "1_000", "9" * 19):
        with pytest.raises(ValueError, match="whole"):
            values.whole(text)


def test_boolean() -> None:
    assert [values.boolean(text) for text in ("True", "true", "FALSE")] == [True, True, False]
    with pytest.raises(ValueError, match="neither"):
        values.boolean("1")


PDT = timezone(timedelta(hours=-7))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2009-10-06T07:53:11Z", datetime(2009, 10, 6, 7, 53, 11, tzinfo=timezone.utc)),
        ("2009-10-06T07:53:11.750Z", datetime(2009, 10, 6, 7, 53, 11, 750_000, timezone.utc)),
        ("2009-10-06T07:53:11.123456789Z", datetime(2009, 10, 6, 7, 53, 11, 123_456, timezone.utc)),
        ("2009-10-05T22:50:08.010-07:00", datetime(2009, 10, 5, 22, 50, 8, 10_000, PDT)),
        ("2009-10-06T07:53:11", datetime(2009, 10, 6, 7, 53, 11, tzinfo=timezone.utc)),
        ("2012-01-01", datetime(2012, 1, 1, tzinfo=timezone.utc)),
        ("2012-01-01Z", datetime(2012, 1, 1, tzinfo=timezone.utc)),
        ("2012-07-01-07:00", datetime(2012, 7, 1, tzinfo=PDT)),
    ],
)
def test_moment_reads_the_documented_forms(text: str, moment: datetime) -> None:
    assert values.moment(text) == moment
    assert values.moment(text).utcoffset() == moment.utcoffset()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2010-02-26T 19:48:05.000Z",
        "2010-02-30",
        "2010-02-26 19:48:05",
        "20100226T194805Z",
        "2010-02-26T25:00:00Z",
        "now",
    ],
)
def test_moment_refuses_all_others(text: str) -> None:
    with pytest.raises(ValueError, match="."):
        values.moment(text)


def test_utc() -> None:
    assert values.utc(datetime(2009, 10, 5, 22, 50, 8, tzinfo=PDT)) == "2009-10-06T05:50:08Z"
    assert values.utc(datetime(2009, 10, 5, 22, 50, 8, 10_999, PDT)) == "2009-10-06T05:50:08.010Z"


def test_pacific_is_the_local_time_of_the_service() -> None:
    assert values.pacific(datetime(2009, 10, 6, 5, 50, 8, 10_000, timezone.utc)) == "2009-10-05T22:50:08.010-07:00"
    assert values.pacific(datetime(2009, 12, 6, 5, 50, 8, tzinfo=timezone.utc)) == "2009-12-05T21:50:08.000-08:00"


def test_a_pacific_day_is_written_in_english_whatever_the_locale() -> None:
    assert values.pacific_day(datetime(2009, 9, 28, 6, 59, tzinfo=timezone.utc)) == "Sep 27, 2009"
    assert values.pacific_day(datetime(2009, 1, 1, 8, 0, tzinfo=timezone.utc)) == "Jan 01, 2009"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0001-01-01T00:00:00Z", "0001-01-01T16:00:00.000-08:00"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T16:00:00.000-08:00"),
        ("9999-12-31T23:59:59-12:00", "9999-12-30T15:59:59.999-08:00"),
    ],
)
def test_pacific_tells_the_ends_of_the_calendar_too(text: str, told: str) -> None:
    assert values.pacific(values.moment(text)) == told


@given(st.datetimes(datetime(2007, 1, 1), datetime(2035, 1, 1), timezones=st.just(timezone.utc)))
def test_pacific_agrees_with_the_time_zone_database(moment: datetime) -> None:
    try:
        zone = ZoneInfo("America/Los_Angeles")
    except ZoneInfoNotFoundError:  # no database on this machine: then the rule is checked by the fixed dates alone
        return
    assert values.pacific(moment) == moment.astimezone(zone).isoformat(timespec="milliseconds")


@pytest.mark.parametrize(
    "text", ["2015-03-08T10:00:00Z", "2015-03-08T09:59:59Z", "2015-11-01T09:00:00Z", "2015-11-01T08:59:59Z"]
)
def test_pacific_changes_at_the_hour(text: str) -> None:
    offset = {
        "2015-03-08T10": "-07:00",
        "2015-03-08T09": "-08:00",
        "2015-11-01T09": "-08:00",
        "2015-11-01T08": "-07:00",
    }
    assert values.pacific(values.moment(text)).endswith(offset[text[:13]])
