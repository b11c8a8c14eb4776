"""Several judges of one message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from flask_fps.protocol.verifiers import AnyOf


@dataclass(frozen=True)
class Says:
    answer: bool | None

    def verify(self, method: str, url: str, params: Mapping[str, str], raw: str) -> bool | None:
        return self.answer


@pytest.mark.parametrize(
    ("answers", "together"),
    [
        ([True], True),
        ([False, True], True),
        ([None, True], True),
        ([False, None], None),
        ([False, False], False),
        ([], False),
    ],
)
def test_one_yes_is_enough_and_doubt_is_no_refusal(answers: list[bool | None], together: bool | None) -> None:
    judge = AnyOf(tuple(Says(answer) for answer in answers))
    assert judge.verify("GET", "https://shop.example/fps/return", {}, "") is together
