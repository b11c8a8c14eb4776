"""The story as it should go: paid once, delivered once, what was priced at the start."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from flask_fps.testing import Buyer
from flask_fps.testing import Sandbox
from tests.flow.shop import money
from tests.flow.shop import Shop
from tests.flow.shop import Visitor

pytestmark = pytest.mark.story


def test_a_song_is_paid_and_delivered_once(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    reference = john.buy("song")

    assert money(fps_sandbox) == [("Success", Decimal("0.10"), f"{reference}-1")]
    assert shop.delivered == [(reference, ("song",))]
    payment = shop.payment(reference)
    assert (payment.state.value, payment.amount, payment.currency) == ("paid", Decimal("0.10"), "USD")
    assert payment.method == "balance"
    assert payment.transaction_id == fps_sandbox.ledger()["transactions"][0]["transactionId"]
    assert payment.items[0].data == {"file": "song.mp3"}
    assert john.has("song")
    assert not john.has("album")
    assert [name for name, _ in shop.told] == ["started", "authorized", "completed"]


def test_the_payments_page_says_so_and_links_the_goods(shop: Shop, john: Visitor) -> None:
    text = john.page(john.buy("song"))

    assert "Thank you, it is paid" in text
    assert 'href="/download/song"' in text
    assert "http-equiv" not in text


@pytest.mark.parametrize("method", ["CC", "ACH"])
def test_what_pends_is_not_delivered_before_it_is_paid(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, method: str
) -> None:
    reference = john.buy("song", method=method)

    assert shop.states() == ["pending"]
    assert shop.delivered == []
    assert not john.has("song")
    text = john.page(reference)
    assert "on its way" in text
    assert "Nothing was charged" not in text
    assert 'http-equiv="refresh"' in text

    fps_sandbox.settle()
    assert shop.states() == ["paid"]
    assert shop.delivered == [(reference, ("song",))]
    assert john.has("song")
    assert money(fps_sandbox) == [("Success", Decimal("0.10"), f"{reference}-1")]
    assert [name for name, _ in shop.told] == ["started", "authorized", "pending", "completed"]


def test_a_pending_payment_is_driven_by_its_own_page(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    reference = john.buy("song", method="CC")
    fps_sandbox.server.bank.advance(60)
    shop.clock.ahead += timedelta(minutes=10)

    assert "Thank you, it is paid" in john.page(reference)
    assert shop.delivered == [(reference, ("song",))]


def test_a_pending_payment_is_driven_by_the_worker(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    reference = john.buy("song", method="CC")
    fps_sandbox.server.bank.advance(60)
    shop.work(after=timedelta(minutes=10))

    assert shop.delivered == [(reference, ("song",))]


def test_a_denied_card_charges_nothing_and_may_be_tried_again(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    reference = john.buy("denied", method="CC")
    assert shop.states() == ["pending"]
    fps_sandbox.settle()

    assert shop.states() == ["failed"]
    assert "was declined" in john.page(reference)
    assert shop.delivered == []
    again = john.buy("denied", method="ABT")
    assert shop.states() == ["failed", "paid"]
    assert [(status, each) for status, _, each in money(fps_sandbox)] == [
        ("Failure", f"{reference}-1"),
        ("Success", f"{again}-1"),
    ]


def test_too_little_money_is_a_clear_no_at_once(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    reference = john.buy("piano")

    assert shop.states() == ["failed"]
    assert not john.has("piano")
    text = john.page(reference)
    assert "was declined" in text
    assert "Nothing was charged" in text
    assert money(fps_sandbox) == []
    assert [name for name, _ in shop.told] == ["started", "authorized", "failed"]


def test_who_declines_pays_nothing_and_may_try_again(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    answer = john.decline(john.want("song"))

    assert shop.states() == ["abandoned"]
    text = john.page(str(answer.headers["Location"]).rpartition("/")[2])
    assert "You left before paying" in text
    assert 'href="/download/song"' in text
    assert money(fps_sandbox) == []
    john.buy("song")
    assert shop.states() == ["abandoned", "paid"]
    assert [status for status, _, _ in money(fps_sandbox)] == ["Success"]


def test_who_closes_the_window_goes_on_where_he_was(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    john.abandon(john.want("song"))
    assert shop.states() == ["started"]

    john.buy("song")
    assert shop.states() == ["paid"]


def test_jane_pays_by_her_card_without_being_asked(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    reference = john.buy("song", as_="jane@example.com")

    assert shop.payment(reference).method == "card"
    fps_sandbox.settle()
    assert shop.states() == ["paid"]


def test_a_signed_in_buyer_owns_it_in_every_browser(shop: Shop, john: Visitor, mallory: Visitor) -> None:
    john.session.headers["X-Buyer"] = "7"
    john.buy("song")

    assert shop.payments()[0].buyer == "7"
    assert john.has("song")
    assert not mallory.has("song")
    mallory.session.headers["X-Buyer"] = "7"
    assert mallory.has("song")


def test_what_a_guest_bought_moves_to_him_when_he_signs_in(shop: Shop, john: Visitor, mallory: Visitor) -> None:
    john.buy("song")
    assert shop.payments()[0].buyer.startswith("guest:")
    john.session.headers["X-Buyer"] = "7"

    assert john.has("song")
    assert shop.payments()[0].buyer == "7"
    mallory.session.headers["X-Buyer"] = "8"
    assert not mallory.has("song")


def test_who_signs_in_during_the_dance_gets_the_goods(shop: Shop, john: Visitor) -> None:
    url = john.authorize(john.want("song"))
    john.session.headers["X-Buyer"] = "7"
    john.come_back(url)

    assert shop.states() == ["paid"]
    assert john.has("song")


def test_two_browsers_buy_the_same_thing_each_for_himself(
    shop: Shop, john: Visitor, mallory: Visitor, fps_sandbox: Sandbox
) -> None:
    first, second = john.buy("song"), mallory.buy("song", as_="jane@example.com", method="ABT")

    assert [each for _, _, each in money(fps_sandbox)] == [f"{first}-1", f"{second}-1"]
    assert shop.delivered == [(first, ("song",)), (second, ("song",))]


def test_a_handler_that_raises_is_called_again(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    shop.broken = 2
    reference = john.buy("song")

    assert shop.states() == ["paid"]
    assert shop.delivered == []
    assert john.has("song")
    shop.work(after=timedelta(minutes=1))
    shop.work(after=timedelta(minutes=1))
    assert shop.delivered == [(reference, ("song",))]
    shop.work(after=timedelta(hours=1))
    assert len(shop.delivered) == 1
    assert len(money(fps_sandbox)) == 1


def test_a_payment_of_several_lines(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    answer = john.pay(john.get(shop.start_url("song", "album", next_url="/download/album")))

    assert money(fps_sandbox)[0][1] == Decimal("7.59")
    assert john.has("song") and john.has("album")
    assert shop.delivered[0][1] == ("song", "album")
    assert 'href="/download/album"' in john.page(str(answer.headers["Location"]).rpartition("/")[2])


def test_the_robot_may_come_over_a_test_client_too(shop: Shop, fps_sandbox: Sandbox, fps_buyer: Buyer) -> None:
    client = shop.app.test_client()
    page = fps_buyer.pay(client, client.get("/download/song"), method="CC")
    assert page.status_code == 303
    assert client.get("/download/song").status_code == 303
    fps_sandbox.settle()

    assert shop.states() == ["pending"]
    answers = fps_buyer.notify(client)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert shop.states() == ["paid"]
    assert client.get("/download/song").status_code == 200
