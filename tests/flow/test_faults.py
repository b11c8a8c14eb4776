"""What goes wrong on the wire: money moves at most once, and "nothing was charged" is said only if it is proven."""

from __future__ import annotations

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from flask_fps.sandbox.server import SandboxServer
from flask_fps.testing import Sandbox
from tests.flow.shop import money
from tests.flow.shop import reference_in
from tests.flow.shop import Shop
from tests.flow.shop import Visitor
from tests.held import held_back

pytestmark = pytest.mark.story

CONFIRMING = "Your payment is being confirmed"


def moved(sandbox: Sandbox) -> list[str]:
    return [status for status, _, _ in money(sandbox)]


class Cut:
    """The sandbox out of reach, and back again at the same address with the same books."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        sandbox.server.stop()

    def mend(self) -> None:
        old = self._sandbox.server
        port = int(old.url.rpartition(":")[2])
        self._sandbox.server = SandboxServer(port=port, bank=old.bank, ticking=False).start()


@pytest.fixture
def cut(fps_sandbox: Sandbox) -> Any:
    """Cuts the sandbox off when called; what was mended is stopped at the end."""
    first = fps_sandbox.server
    yield lambda: Cut(fps_sandbox)
    if fps_sandbox.server is not first:
        fps_sandbox.server.stop()


def test_a_service_out_of_reach_charges_nothing_and_is_tried_again(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, cut: Any
) -> None:
    url = john.authorize(john.want("song"))
    broken = cut()
    reference = reference_in(john.come_back(url))

    assert shop.states() == ["authorized"]
    text = john.page(reference)
    assert "Payment service unavailable" in text
    assert "Nothing was charged" in text
    assert "again" in text
    assert shop.delivered == []

    broken.mend()
    shop.work(after=timedelta(minutes=2))
    assert shop.states() == ["paid"]
    assert money(fps_sandbox) == [("Success", Decimal("0.10"), f"{reference}-1")]
    assert shop.delivered == [(reference, ("song",))]


def test_the_payments_page_tries_again_by_itself(shop: Shop, john: Visitor, fps_sandbox: Sandbox, cut: Any) -> None:
    url = john.authorize(john.want("song"))
    broken = cut()
    reference = reference_in(john.come_back(url))
    broken.mend()
    shop.clock.ahead += timedelta(minutes=2)

    assert "it is paid" in john.page(reference)
    assert moved(fps_sandbox) == ["Success"]


def test_an_authorized_order_is_not_sent_to_pay_again(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, cut: Any
) -> None:
    start = john.want("song").headers["Location"]
    url = john.authorize(john.get(start))
    broken = cut()
    reference = reference_in(john.come_back(url))
    broken.mend()

    assert reference_in(john.get(start)) == reference
    assert len(shop.payments()) == 1


def test_a_service_away_for_too_long_ends_the_authorization(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, cut: Any
) -> None:
    url = john.authorize(john.want("song"))
    broken = cut()
    reference = reference_in(john.come_back(url))
    shop.clock.ahead += timedelta(hours=3, minutes=1)
    fps_sandbox.server.bank.advance(3 * 3600 + 60)
    broken.mend()
    shop.work()

    assert shop.states() == ["expired"]
    assert "Nothing was charged" in john.page(reference)
    assert moved(fps_sandbox) == []
    assert ("failed", "expired") in shop.told


@pytest.mark.usefixtures("quiet")
def test_a_lost_answer_is_not_a_no(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    start = john.want("song").headers["Location"]
    fps_sandbox.faults.add("Pay", "lose_answer")
    reference = john.buy("song")

    assert shop.states() == ["unknown"]
    text = john.page(reference)
    assert CONFIRMING in text
    assert "do not pay again" in text
    assert "othing was charged" not in text
    assert shop.delivered == []
    assert not john.has("song")
    assert reference_in(john.get(start)) == reference
    assert len(shop.payments()) == 1

    shop.work(after=timedelta(minutes=2))
    assert shop.states() == ["paid"]
    assert money(fps_sandbox) == [("Success", Decimal("0.10"), f"{reference}-1")]
    assert shop.delivered == [(reference, ("song",))]
    assert john.has("song")


@pytest.mark.parametrize("fault", ["lose_answer", "500_after"])
@pytest.mark.parametrize("times", [1, 2, 4])
@pytest.mark.parametrize("method", ["ABT", "CC"])
def test_however_often_the_answer_is_lost_the_money_moves_once(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, fault: str, times: int, method: str
) -> None:
    fps_sandbox.faults.add("Pay", fault, times)
    fps_sandbox.faults.add("Pay", "drop_ipn", 9)
    reference = john.buy("song", method=method)
    assert shop.states() == ["unknown"]
    assert CONFIRMING in john.page(reference)
    for _ in range(times + 2):
        shop.wait(fps_sandbox, timedelta(minutes=5))
        shop.work()

    assert shop.states() == ["paid"]
    assert money(fps_sandbox) == [("Success", Decimal("0.10"), f"{reference}-1")]
    assert len(shop.delivered) == 1


@pytest.mark.parametrize("times", [1, 3])
def test_an_error_of_the_service_before_anything_happened_is_not_believed(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, times: int
) -> None:
    """A 500 says nothing about the money, though here none moved."""
    fps_sandbox.faults.add("Pay", "500_before", times)
    reference = john.buy("song")

    assert shop.states() == ["unknown"]
    assert CONFIRMING in john.page(reference)
    for _ in range(times + 1):
        shop.work(after=timedelta(minutes=5))
    assert shop.states() == ["paid"]
    assert money(fps_sandbox) == [("Success", Decimal("0.10"), f"{reference}-1")]


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("settings", [{"FPS_TIMEOUT": 0.5}])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_that_comes_too_late_is_unknown(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, settings: dict[str, Any], when: str
) -> None:
    url = john.authorize(john.want("song"))
    fps_sandbox.faults.add("Pay", "delay", seconds=1, when=when)
    with held_back():
        reference = reference_in(john.come_back(url))

        assert shop.states() == ["unknown"]
        assert CONFIRMING in john.page(reference)
        shop.work(after=timedelta(minutes=5))
    while not money(fps_sandbox):
        time.sleep(0.05)
    while shop.states() != ["paid"]:
        shop.work(after=timedelta(minutes=5))
    assert money(fps_sandbox) == [("Success", Decimal("0.10"), f"{reference}-1")]
    assert len(shop.delivered) == 1


def test_the_lost_answer_is_found_though_the_token_seems_used(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    """Whatever a re-send is answered, after one unknown send no error means "not paid"."""
    fps_sandbox.faults.add("Pay", "lose_answer")
    reference = john.buy("song")
    fps_sandbox.server.bank.books.references.clear()
    for _ in range(3):
        shop.work(after=timedelta(minutes=5))

    assert shop.states() == ["paid"]
    assert money(fps_sandbox) == [("Success", Decimal("0.10"), f"{reference}-1")]


def test_the_service_gone_after_a_lost_answer_stays_unknown(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, cut: Any
) -> None:
    fps_sandbox.faults.add("Pay", "drop_ipn")
    fps_sandbox.faults.add("Pay", "lose_answer")
    reference = john.buy("song")
    broken = cut()
    for _ in range(3):
        shop.wait(fps_sandbox, timedelta(minutes=10))
        shop.work()
    assert shop.states() == ["unknown"]
    assert CONFIRMING in john.page(reference)

    broken.mend()
    shop.wait(fps_sandbox, timedelta(minutes=10))
    shop.work()
    assert shop.states() == ["paid"]
    assert moved(fps_sandbox) == ["Success"]


@pytest.mark.usefixtures("quiet")
def test_what_stays_unknown_for_six_days_is_put_before_a_person(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, cut: Any
) -> None:
    fps_sandbox.faults.add("Pay", "lose_answer")
    reference = john.buy("song")
    broken = cut()
    for _ in range(8):
        shop.work(after=timedelta(hours=20))

    assert shop.payment(reference).parked_reason
    assert shop.states() == ["unknown"]
    text = john.page(reference)
    assert "We are looking into this payment" in text
    assert "othing was charged" not in text
    assert [name for name, _ in shop.told].count("parked") == 1
    broken.mend()


def test_goods_wait_for_a_crashed_handler_and_the_payment_is_not_sent_again(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox
) -> None:
    shop.broken = 1
    reference = john.buy("song")
    assert "getting your purchase ready" in john.page(reference)
    shop.work(after=timedelta(minutes=1))

    assert shop.delivered == [(reference, ("song",))]
    assert moved(fps_sandbox) == ["Success"]


def test_a_buyer_who_approved_and_never_came_back_is_served_by_the_worker(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox
) -> None:
    john.session.headers["X-Buyer"] = "7"
    john.authorize(john.want("song"))
    assert shop.states() == ["started"]
    for _ in range(6):
        shop.wait(fps_sandbox, timedelta(minutes=20))
        shop.work()

    assert shop.states() == ["paid"]
    assert moved(fps_sandbox) == ["Success"]
    assert john.has("song")
    assert len(shop.delivered) == 1


def test_a_buyer_who_never_approved_is_forgotten_in_the_end(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    john.session.headers["X-Buyer"] = "7"
    john.abandon(john.want("song"))
    for _ in range(40):
        shop.wait(fps_sandbox, timedelta(hours=1))
        shop.work()

    assert shop.states() == ["expired"]
    assert moved(fps_sandbox) == []
    assert shop.delivered == []
