from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from flask_fps.errors import Expired
from flask_fps.errors import Forged
from flask_fps.links import Links
from flask_fps.links import secret_keys

ORDER = {"lines": [["track-1", "A song ♪", 1, 10]], "currency": "USD", "next": "/download/1"}


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1_400_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def links(clock: Clock) -> Links:
    return Links(lambda: ["key"], order_max_age=timedelta(hours=1), clock=clock)


def readers(links: Links) -> list[Callable[[str], Any]]:
    return [links.read_order, links.read_ref, links.read_guest]


def test_what_was_written_is_read(links: Links) -> None:
    assert links.read_order(links.write_order(ORDER)) == ORDER
    assert links.read_ref(links.write_ref("r" * 26)) == "r" * 26
    assert links.read_guest(links.write_guest("guest:1")) == "guest:1"


def test_tokens_need_no_quoting_in_a_url(links: Links) -> None:
    for token in (links.write_order(ORDER), links.write_ref("r" * 26), links.write_guest("guest:1")):
        assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_an_order_is_good_for_its_age_and_no_longer(links: Links, clock: Clock) -> None:
    token = links.write_order(ORDER)

    clock.now += 3600
    assert links.read_order(token) == ORDER
    clock.now += 1
    with pytest.raises(Expired) as caught:
        links.read_order(token)
    assert caught.value.payload == ORDER


def test_an_order_signed_by_a_server_whose_clock_is_ahead_is_read(links: Links, clock: Clock) -> None:
    token = links.write_order(ORDER)
    clock.now -= 30

    assert links.read_order(token) == ORDER


def test_a_reference_and_a_guest_have_no_age(links: Links, clock: Clock) -> None:
    ref, guest = links.write_ref("r1"), links.write_guest("guest:1")
    clock.now += 10 * 365 * 86400

    assert links.read_ref(ref) == "r1"
    assert links.read_guest(guest) == "guest:1"


def test_no_token_passes_for_another_kind(links: Links) -> None:
    tokens = [links.write_order(ORDER), links.write_ref("r1"), links.write_guest("r1")]
    for written, token in enumerate(tokens):
        for reader, read in enumerate(readers(links)):
            if reader != written:
                with pytest.raises(Forged):
                    read(token)


def test_another_key_does_not_open_it(links: Links) -> None:
    other = Links(lambda: ["another key"])

    with pytest.raises(Forged):
        other.read_order(links.write_order(ORDER))
    with pytest.raises(Forged):
        other.read_ref(links.write_ref("r1"))


def test_the_apps_own_tokens_under_the_same_key_do_not_pass(links: Links) -> None:
    with pytest.raises(Forged):
        links.read_guest(URLSafeSerializer("key").dumps("guest:1"))


def test_every_changed_character_is_noticed(links: Links) -> None:
    token = links.write_order(ORDER)
    for position, character in enumerate(token):
        changed = token[:position] + ("A" if character != "A" else "B") + token[position + 1 :]
        with pytest.raises(Forged):
            links.read_order(changed)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        ".eJwrSS0uAQAEXQHB.AAAAAA.x",
        "=" * 50,
        "é",
        "\ud800",
        "\x00",
        "a" * 8193,
        "a." * 3000,
        "%2e",
        "IngiCg.__________8.AAAA",
    ],
)
def test_odd_tokens_are_forged_and_nothing_else(links: Links, token: str) -> None:
    for read in readers(links):
        with pytest.raises(Forged):
            read(token)


@given(token=st.text(alphabet=st.characters(exclude_categories=[])))
def test_any_text_is_forged_and_nothing_else(token: str) -> None:
    for read in readers(Links(lambda: ["key"])):
        with pytest.raises(Forged):
            read(token)


def test_keys_are_read_at_every_use() -> None:
    keys = ["old"]
    links = Links(lambda: list(keys))
    token = links.write_ref("r1")

    keys.append("new")
    assert links.read_ref(token) == "r1"
    assert links.write_ref("r1") != token
    keys.remove("old")
    with pytest.raises(Forged):
        links.read_ref(token)


def test_the_newest_key_signs_and_the_fallbacks_only_verify() -> None:
    before = Links(lambda: secret_keys({"SECRET_KEY": "old"}))
    after = Links(lambda: secret_keys({"SECRET_KEY": "new", "SECRET_KEY_FALLBACKS": ["old"]}))

    assert after.read_order(before.write_order(ORDER)) == ORDER
    with pytest.raises(Forged):
        before.read_order(after.write_order(ORDER))


def test_fallbacks_stand_before_the_key_that_signs() -> None:
    assert secret_keys({"SECRET_KEY": "new", "SECRET_KEY_FALLBACKS": ["a", "b"]}) == ["a", "b", "new"]
    assert secret_keys({"SECRET_KEY": "new", "SECRET_KEY_FALLBACKS": None}) == ["new"]


def test_fallbacks_that_are_one_text_are_not_taken_letter_by_letter() -> None:
    with pytest.raises(RuntimeError, match="SECRET_KEY_FALLBACKS must be a list of keys"):
        secret_keys({"SECRET_KEY": "new", "SECRET_KEY_FALLBACKS": "old"})


@pytest.mark.parametrize("config", [{}, {"SECRET_KEY": None}, {"SECRET_KEY": ""}, {"SECRET_KEY_FALLBACKS": ["old"]}])
def test_without_a_key_the_error_names_it_and_the_fix(config: dict[str, Any]) -> None:
    links = Links(lambda: secret_keys(config))

    with pytest.raises(RuntimeError, match=r"SECRET_KEY is not set.*secrets\.token_hex"):
        links.write_ref("r1")
    with pytest.raises(RuntimeError, match="SECRET_KEY is not set"):
        links.read_order("x")
