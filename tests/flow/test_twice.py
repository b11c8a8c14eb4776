"""Everything done twice: links, returns, reloads, tabs. One order, one success."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from flask_fps.testing import Sandbox
from tests.flow.shop import money
from tests.flow.shop import reference_in
from tests.flow.shop import Shop
from tests.flow.shop import Visitor
from tests.held import held_back

pytestmark = pytest.mark.story


def moved(sandbox: Sandbox) -> list[str]:
    return [status for status, _, _ in money(sandbox)]


def test_a_return_replayed_pays_nothing_more(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    url = john.authorize(john.want("song"))
    reference = reference_in(john.come_back(url))
    for _ in range(3):
        assert reference_in(john.come_back(url)) == reference

    assert moved(fps_sandbox) == ["Success"]
    assert len(shop.delivered) == 1


def test_a_return_opened_in_many_tabs_at_once_pays_once(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    url = john.authorize(john.want("song"))
    fps_sandbox.faults.add("Pay", "delay", seconds=1)
    with ThreadPoolExecutor(6) as tabs, held_back() as pay:
        first = tabs.submit(john.bring, url)
        pay.come()
        answers = list(tabs.map(lambda _: john.bring(url), range(5)))
        pay.let_go()
        answers.append(first.result())

    assert {answer.status for answer in answers} == {303}
    assert moved(fps_sandbox) == ["Success"]
    assert len(shop.delivered) == 1
    assert shop.states() == ["paid"]


def test_reloading_the_payments_page_changes_nothing(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    reference = john.buy("song")
    before = shop.payment(reference), shop.journal(reference)
    for _ in range(3):
        assert "it is paid" in john.page(reference)

    assert (shop.payment(reference), shop.journal(reference)) == before
    assert moved(fps_sandbox) == ["Success"]


def test_two_starts_of_one_order_lead_to_one_payment(shop: Shop, john: Visitor) -> None:
    start = john.want("song").headers["Location"]
    first, second = john.get(start), john.get(start)

    assert first.headers["Location"] == second.headers["Location"]
    assert shop.states() == ["started"]


def test_a_fresh_link_to_the_same_goods_resumes_the_payment(shop: Shop, john: Visitor) -> None:
    first, second = (john.get(john.want("song").headers["Location"]) for _ in range(2))

    assert first.headers["Location"] == second.headers["Location"]
    assert shop.states() == ["started"]


def test_starts_in_many_tabs_at_once_meet_in_one_payment(shop: Shop, john: Visitor) -> None:
    john.get("/download/song")
    john.abandon(john.want("album"))  # he has his cookie now
    start = shop.url + john.want("song").headers["Location"]
    with ThreadPoolExecutor(8) as tabs:
        answers = list(tabs.map(lambda _: john.bring(start), range(8)))

    assert {answer.status for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert shop.states() == ["started", "started"]


def test_a_start_of_what_is_paid_gives_the_goods(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    start = john.want("song").headers["Location"]
    john.buy("song")
    answer = john.get(start)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/download/song")
    assert shop.states() == ["paid"]
    assert moved(fps_sandbox) == ["Success"]


def test_a_start_of_what_pends_shows_its_page(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    start = john.want("song").headers["Location"]
    reference = john.buy("song", method="CC")

    assert reference_in(john.get(start)) == reference
    assert reference_in(john.get(john.want("song").headers["Location"])) == reference
    assert moved(fps_sandbox) == ["Pending"]


def test_back_to_the_payment_pages_after_paying_makes_no_second_token(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox
) -> None:
    pages = john.get(john.want("song").headers["Location"]).headers["Location"]
    reference = john.buy("song")
    back = john.get(pages)

    assert back.status_code == 302
    assert "status=NP" in back.headers["Location"]
    assert reference_in(john.come_back(back.headers["Location"])) == reference
    assert shop.states() == ["paid"]
    assert len(fps_sandbox.ledger()["tokens"]) == 1


def test_what_is_charged_and_delivered_is_what_was_priced_at_the_start(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox
) -> None:
    url = john.authorize(john.want("song"))
    shop.prices["song"] = "99"
    reference = reference_in(john.come_back(url))

    assert money(fps_sandbox) == [("Success", Decimal("0.10"), f"{reference}-1")]
    assert john.has("song")


def test_a_new_price_makes_a_new_payment_and_the_old_one_may_not_win_too(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox
) -> None:
    old = john.authorize(john.want("song"))
    shop.prices["song"] = "0.25"
    new = john.buy("song")
    assert shop.states() == ["started", "paid"]

    reference_in(john.come_back(old))
    assert shop.states() == ["cancelled", "paid"]
    assert money(fps_sandbox) == [("Success", Decimal("0.25"), f"{new}-1")]
    assert [token["status"] for token in fps_sandbox.ledger()["tokens"]] == ["Inactive", "Inactive"]
    assert len(shop.delivered) == 1


def test_a_superseded_payment_that_comes_first_wins(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    old = john.authorize(john.want("song"))
    shop.prices["song"] = "0.25"
    new = john.authorize(john.want("song"))
    won = reference_in(john.come_back(old))
    assert reference_in(john.come_back(new)) != won

    assert shop.states() == ["paid", "cancelled"]
    assert money(fps_sandbox) == [("Success", Decimal("0.10"), f"{won}-1")]


def test_two_returns_of_one_order_at_once_pay_one(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    old = john.authorize(john.want("song"))
    shop.prices["song"] = "0.25"
    new = john.authorize(john.want("song"))
    fps_sandbox.faults.add("Pay", "delay", seconds=1, when="before")
    with ThreadPoolExecutor(1) as tab, held_back() as pay:
        first = tab.submit(john.bring, old)
        pay.come()
        john.bring(new)
        pay.let_go()
        first.result()

    assert moved(fps_sandbox) == ["Success"]
    assert sorted(shop.states()) == ["cancelled", "paid"]
    assert len(shop.delivered) == 1


def test_one_key_of_the_shops_is_paid_once_whoever_pays(
    shop: Shop, john: Visitor, mallory: Visitor, fps_sandbox: Sandbox
) -> None:
    start = shop.start_url("song", order_key="invoice-7")
    mallory.pay(mallory.get(start))
    answer = john.get(start)

    assert answer.status_code == 409
    assert "already being paid" in answer.text
    assert moved(fps_sandbox) == ["Success"]
    assert not john.has("song")


def test_a_start_that_somebody_else_began_is_taken_over_not_shown(
    shop: Shop, john: Visitor, mallory: Visitor, fps_sandbox: Sandbox
) -> None:
    start = shop.start_url("song", order_key="invoice-7")
    mallory.abandon(mallory.get(start))
    reference = reference_in(john.pay(john.get(start)))

    assert shop.states() == ["started", "paid"]
    assert shop.payment(reference).buyer == shop.payments()[1].buyer != shop.payments()[0].buyer
    assert john.has("song")
    assert not mallory.has("song")


@pytest.mark.parametrize("settings", [{"FPS_ATTEMPT_LIFETIME": 3600}])
def test_a_late_return_finds_its_offer_expired_and_its_token_is_given_back(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, settings: dict[str, Any]
) -> None:
    url = john.authorize(john.want("song"))
    shop.wait(fps_sandbox, timedelta(minutes=61))
    text = john.page(reference_in(john.come_back(url)))

    assert "This offer has expired" in text
    assert "Nothing was charged" in text
    assert shop.states() == ["expired"]
    assert moved(fps_sandbox) == []
    assert [token["status"] for token in fps_sandbox.ledger()["tokens"]] == ["Inactive"]


def test_a_return_whose_token_has_expired_is_a_clear_no(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    text = john.page(reference_in(john.pay_late(john.want("song"))))

    assert "declined" in text
    assert shop.states() == ["failed"]
    assert moved(fps_sandbox) == []
    john.buy("song")
    assert shop.states() == ["failed", "paid"]


@pytest.mark.parametrize("settings", [{"FPS_ATTEMPT_LIFETIME": 60}])
def test_a_start_after_its_life_is_a_new_payment(shop: Shop, john: Visitor, settings: dict[str, Any]) -> None:
    john.abandon(john.want("song"))
    shop.clock.ahead += timedelta(seconds=61)
    john.buy("song")

    assert shop.states() == ["started", "paid"]
