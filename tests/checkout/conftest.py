from __future__ import annotations

import pytest

from tests.checkout.shop import Shop
from tests.database import KINDS
from tests.database import still_engine

#: What is tested on every database; on SQLite alone is what draws histories by the hundred.
ON_BOTH = {
    "test_audit",
    "test_decided",
    "test_deliver",
    "test_drive",
    "test_finish",
    "test_lost_commits",
    "test_notify",
    "test_overtaken",
    "test_pay",
    "test_recover",
    "test_refund",
    "test_release",
    "test_reserve",
    "test_resolve",
    "test_start",
    "test_wordy",
}
#: Of these one database tells enough: days of a worker's passes, by whom and how often somebody is asked.
LONG = {
    "test_a_lost_answer_that_nobody_finds_ends_before_a_person_and_never_as_failed",
    "test_a_message_nobody_can_act_on_is_left_alone_at_some_time",
    "test_a_provider_that_does_not_answer_proves_nothing",
    "test_a_refund_that_pends_for_ever_is_put_before_a_person",
    "test_a_superseded_payment_is_asked_about_too",
    "test_everything_comes_to_rest",
    "test_or_once_the_provider_says_that_he_never_agreed",
    "test_what_a_person_was_to_find_out_is_known_once_the_books_are_read",
    "test_what_a_person_was_to_find_out_is_known_once_the_buyer_is_back",
    "test_what_is_never_answered_is_put_before_a_person",
    "test_what_pends_for_a_week_is_put_before_a_person",
    "test_who_never_agrees_is_asked_about_less_and_less_until_the_last_token_would_be_dead",
    "test_without_an_answer_it_is_tried_until_the_authorization_lapses_by_itself",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "shop" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] in ON_BOTH:
        metafunc.parametrize("shop", KINDS[:1] if metafunc.function.__name__ in LONG else KINDS, indirect=True)


@pytest.fixture
def shop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(still_engine(getattr(request, "param", "sqlite"), monkeypatch))
