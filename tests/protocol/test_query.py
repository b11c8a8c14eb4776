from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_fps.errors import MalformedMessage
from flask_fps.protocol import query

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.mark.parametrize(
    ("raw", "pairs"),
    [
        ("", ()),
        ("&", ()),
        ("a=1&", (("a", "1"),)),
        ("a=1&&b=2", (("a", "1"), ("b", "2"))),
        ("a", (("a", ""),)),
        ("a=", (("a", ""),)),
        ("=1", (("", "1"),)),
        ("a=1=2", (("a", "1=2"),)),
        ("a=+1%202%2B", (("a", " 1 2+"),)),
        ("sta%74us=SA", (("status", "SA"),)),
        (b"a=%E2%98%83", (("a", "☃"),)),
        ("a=☃", (("a", "☃"),)),
        ("a=1;b=2", (("a", "1;b=2"),)),
        ("a=%zz", (("a", "%zz"),)),
        ("a%00=b%00", (("a\0", "b\0"),)),
        ("a=1&a=2", (("a", "1"), ("a", "2"))),
    ],
)
def test_parse_reads_form_data(raw: str | bytes, pairs: query.Pairs) -> None:
    assert query.parse(raw) == pairs


@pytest.mark.parametrize("raw", ["a=%FF%FE", "%C0=1", b"a=\xff", "a=\udcff", "a=%ED%A0%80"])
def test_parse_refuses_what_is_not_utf_8(raw: str | bytes) -> None:
    with pytest.raises(MalformedMessage, match="UTF-8"):
        query.parse(raw)


def test_unique_names_what_is_repeated() -> None:
    assert query.unique(query.parse("a=1&A=2")) == {"a": "1", "A": "2"}
    with pytest.raises(MalformedMessage, match="'status'"):
        query.unique(query.parse("status=A&b=1&sta%74us=A"))


def test_encode_keeps_the_unreserved_only() -> None:
    assert query.encode("AZaz09-_.~") == "AZaz09-_.~"
    assert query.encode(" +*/%é!'()") == "%20%2B%2A%2F%25%C3%A9%21%27%28%29"


@given(st.lists(st.tuples(TEXT, TEXT).filter(lambda pair: pair != ("", "")), max_size=5).map(tuple))
def test_parse_undoes_join(pairs: query.Pairs) -> None:
    assert query.parse(query.join(pairs)) == tuple(pairs)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h/p", "http://h/p?k=a%20b"),
        ("http://h", "http://h?k=a%20b"),
        ("http://h/p?", "http://h/p?k=a%20b"),
        ("http://h/p?x=1+2&", "http://h/p?x=1+2&k=a%20b"),
        ("http://h/p?x=%7E&y=%e9", "http://h/p?x=%7E&y=%e9&k=a%20b"),
        ("http://h/p#top", "http://h/p?k=a%20b#top"),
        ("http://h/p?x=1#a?b#c", "http://h/p?x=1&k=a%20b#a?b#c"),
    ],
)
def test_append_leaves_the_url_as_it_is(url: str, expected: str) -> None:
    assert query.append(url, {"k": "a b"}) == expected
    assert query.append(url, {}) == url
