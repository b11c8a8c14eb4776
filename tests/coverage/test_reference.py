"""The rows of the table are what the references list: nothing of theirs is missing, and nothing is ours alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from tests.coverage import reference
from tests.coverage import rows

_POLICIES = "SoftDescriptorType|CSOwner|CSNumberOf|TemporaryDeclinePolicyType|ImplicitRetryTimeoutInMins"
_PARTS = re.compile(rf"[.](Value|Amount|CurrencyCode|{_POLICIES}|N)$")


def _whole(names: Iterable[str]) -> set[str]:
    return {_PARTS.sub("", name) for name in names}


def _declared(version: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows.actions(version):
        _, action, *parameter = row.split(" ")
        found.setdefault(action, set()).update(_whole(parameter))
    return found


@pytest.mark.parametrize(
    ("version", "listed"), [(rows.FIRST, reference.FIRST), (rows.NEWEST, reference.NEWEST)], ids=["2007", "2010"]
)
def test_actions_and_parameters_are_those_of_the_reference(version: str, listed: dict[str, str]) -> None:
    assert _declared(version) == {action: set(names.split()) for action, names in listed.items()}


def test_pipelines_and_their_parameters_are_those_of_the_guide() -> None:
    found: dict[str, set[str]] = {}
    for row in rows.pipeline_rows():
        _, pipeline, *parameter = row.split(" ")
        found.setdefault(pipeline, set()).update(parameter)
    everywhere = set(reference.EVERY_PIPELINE.split())
    assert found == {name: set(own.split()) | everywhere for name, own in reference.PIPELINES.items()}
