"""Several things paid for at once, over real sockets; the sandbox's ledger says what moved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from flask_fps import Item
from flask_fps import OrderError
from flask_fps import Payment
from flask_fps.records import Line
from flask_fps.testing import Buyer
from flask_fps.testing import Sandbox
from tests.flow.shop import money
from tests.flow.shop import open_shop
from tests.flow.shop import reference_in
from tests.flow.shop import Shop
from tests.flow.shop import Visitor


@pytest.fixture
def shop(fps_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    database = tmp_path_factory.mktemp("carts") / "ledger.sqlite"
    with open_shop({**fps_sandbox.config, "SECRET_KEY": "tests", "FPS_DATABASE_URI": f"sqlite:///{database}"}) as shop:
        yield shop


@pytest.fixture
def visitor(shop: Shop, fps_buyer: Buyer) -> Visitor:
    return Visitor(shop, fps_buyer)


def order(visitor: Visitor, *skus: str, **options: str) -> str:
    """Pay for all of these with one approval; the payment's reference."""
    start = visitor.get(visitor.shop.start_url(*skus, **options))
    return reference_in(visitor.pay(start))


def settle(shop: Shop, sandbox: Sandbox) -> None:
    """The card company and the bank are done, and a worker passes by."""
    sandbox.settle()
    shop.wait(sandbox, timedelta(hours=1))
    shop.work()


def amounts(sandbox: Sandbox) -> list[Decimal]:
    return [amount for _, amount, _ in money(sandbox)]


def test_one_payment_one_delivery_a_right_to_each(shop: Shop, visitor: Visitor, fps_sandbox: Sandbox) -> None:
    reference = order(visitor, "song", "album")

    assert amounts(fps_sandbox) == [Decimal("7.59")]
    assert shop.delivered == [(reference, ("song", "album"))]
    assert visitor.has("song") and visitor.has("album") and not visitor.has("piano")
    page = visitor.page(reference)
    assert "One song and 1 more" in page and "$0.10" in page and "$7.49" in page and "$7.59" in page


def test_who_owns_a_part_pays_for_the_rest(shop: Shop, visitor: Visitor, fps_sandbox: Sandbox) -> None:
    visitor.buy("song")
    reference = order(visitor, "song", "album", next_url="/download/album")

    assert amounts(fps_sandbox) == [Decimal("0.10"), Decimal("7.49")]
    payment = shop.payment(reference)
    assert [line.sku for line in payment.items] == ["album"]
    assert (payment.reason, str(payment.money), payment.next_url) == ("One album", "$7.49", "/download/album")
    assert shop.delivered[-1] == (reference, ("album",))


def test_who_owns_all_of_it_gets_it(shop: Shop, visitor: Visitor, fps_sandbox: Sandbox) -> None:
    order(visitor, "song", "album")
    answer = visitor.get(shop.start_url("album", "song", next_url="/download/album"))

    assert (answer.status_code, answer.headers["Location"]) == (303, "/download/album")
    assert len(amounts(fps_sandbox)) == 1


def test_a_cart_that_is_being_paid_is_not_paid_again_in_part(
    shop: Shop, visitor: Visitor, fps_sandbox: Sandbox
) -> None:
    """The whole pends at the card company; meanwhile he gets one thing of it by itself, and comes back to the cart."""
    start = visitor.get(shop.start_url("song", "album"))
    pending = reference_in(visitor.pay(start, method="CC"))
    visitor.buy("song", method="ABT")
    answer = visitor.get(shop.start_url("song", "album"))

    assert reference_in(answer) == pending
    assert amounts(fps_sandbox) == [Decimal("7.59"), Decimal("0.10")]


def test_the_rest_that_is_being_paid_is_not_paid_again_in_a_whole(
    shop: Shop, visitor: Visitor, fps_sandbox: Sandbox
) -> None:
    visitor.buy("song")
    start = visitor.get(shop.start_url("song", "album"))
    pending = reference_in(visitor.pay(start, method="CC"))
    answer = visitor.get(shop.start_url("song", "album"))

    assert reference_in(answer) == pending
    assert len(amounts(fps_sandbox)) == 2


def test_a_refund_of_all_takes_the_goods_and_offers_to_buy_them_again(
    shop: Shop, visitor: Visitor, fps_sandbox: Sandbox
) -> None:
    reference = visitor.buy("song")
    with shop.app.app_context():
        shop.fps.refund(reference)
    settle(shop, fps_sandbox)
    denied = visitor.want("song")
    page = visitor.page(reference)

    assert (denied.status_code, "This purchase was refunded" in denied.text) == (403, True)
    assert "This payment was refunded" in page and "Buy it again" in page and "Get what you bought" not in page
    assert "/fps/claim/" not in page
    start = re.search(r'href="(/fps/start[^"]+)"', denied.text)
    assert start is not None
    again = reference_in(visitor.pay(visitor.get(start[1])))
    assert again != reference and visitor.has("song")


def test_a_refund_of_one_line_takes_that_line(shop: Shop, visitor: Visitor, fps_sandbox: Sandbox) -> None:
    """By the shop's policy; and the cart then sells what is missing."""

    @shop.fps.refund_policy
    def line_by_line(payment: Payment, line: Line, refunded: Decimal) -> bool:
        return refunded >= payment.line_money(line).decimal and line.sku == "album"

    reference = order(visitor, "song", "album")
    with shop.app.app_context():
        shop.fps.refund(reference, Decimal("7.49"))
    assert visitor.has("album")  # the money is on its way
    settle(shop, fps_sandbox)
    assert visitor.has("song")
    assert visitor.want("album").status_code == 403
    assert "$7.49" in visitor.page(reference) and "Thank you, it is paid" in visitor.page(reference)
    rest = order(visitor, "song", "album")
    assert [line.sku for line in shop.payment(rest).items] == ["album"]
    assert visitor.has("album")


def test_an_order_key_stays_with_the_rest(shop: Shop, visitor: Visitor) -> None:
    visitor.buy("song")
    reference = order(visitor, "song", "album", order_key="order-17")
    assert shop.payment(reference).order_key == "order-17"


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ((Item("a", 1, "A"), Item("a", 1, "A")), "a stands in this order more than once: use one Item with quantity="),
        ((Item("a", 1, "A"), Item("b", 1, "B", currency="EUR")), "one order, one currency: these items are priced in"),
        ((Item("a", 1, "A", repeatable=True), Item("b", 1, "B")), "a repeatable item needs your own order_key"),
        ((), "an order needs at least one Item"),
    ],
)
def test_mixtures_that_cannot_be_sold_are_refused_with_a_sentence(
    shop: Shop, items: tuple[Item, ...], sentence: str
) -> None:
    with shop.app.test_request_context(base_url=shop.url), pytest.raises(OrderError, match=sentence):
        shop.fps.start_url(*items)
