from __future__ import annotations

from collections import Counter

from flask_fps.sandbox.bank import ids


def test_ids_have_the_forms_of_fps() -> None:
    assert ids.is_token_id(ids.token_id())
    assert ids.is_transaction_id(ids.transaction_id())


def test_every_letter_and_digit_is_as_likely_as_any_other() -> None:
    counted = Counter("".join(ids.token_id() for _ in range(2000)))
    expected = 2000 * 64 / 36
    assert len(counted) == 36
    assert all(0.8 * expected < times < 1.2 * expected for times in counted.values())


def test_no_two_ids_are_the_same() -> None:
    assert len({ids.token_id() for _ in range(1000)} | {ids.transaction_id() for _ in range(1000)}) == 2000
