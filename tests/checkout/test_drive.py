from __future__ import annotations

import threading
from datetime import timedelta
from itertools import permutations

import pytest

from flask_fps.records import State
from tests.checkout.shop import DAY
from tests.checkout.shop import HOUR
from tests.checkout.shop import LEASE
from tests.checkout.shop import Shop
from tests.database import counted


def test_the_payments_page_takes_its_own_payment_all_the_way(shop: Shop) -> None:
    payment = shop.started()
    shop.gateway.will("finish", "lost")
    shop.gateway.will("pay", "not sent")
    shop.come_back(payment)
    other = shop.started(buyer="jane")
    shop.checkout.drive(payment.reference)
    assert shop.payment(payment).state is State.AUTHORIZED
    shop.clock.advance(5)
    shop.checkout.drive(payment.reference)

    assert shop.payment(payment).delivered_at == shop.clock.now
    assert shop.payment(other) == other


def test_a_look_at_the_page_that_changes_nothing_writes_nothing(shop: Shop) -> None:
    shop.gateway.will("pay", "pending")
    pending, started, paid = shop.buy(), shop.started(buyer="jane"), shop.buy(buyer="mary")
    with counted(shop.engine) as commits:
        for payment in (pending, started, paid):
            shop.checkout.drive(payment.reference)

    assert commits == []


def test_a_payment_nobody_knows_is_nothing(shop: Shop) -> None:
    shop.checkout.drive("no such payment")
    shop.checkout.drive_payment("no such payment", early=True)
    shop.checkout.process_arrival(99)
    shop.checkout.deliver(99)
    shop.checkout.give_back(99)

    assert shop.gateway.calls == []


HAPPENINGS = ("return", "notification", "page", "worker")


@pytest.mark.parametrize("order", list(permutations(HAPPENINGS)), ids="-".join)
@pytest.mark.parametrize("said", ["lost", "pending", "success"])
def test_whoever_comes_first_it_ends_the_same(shop: Shop, order: tuple[str, ...], said: str) -> None:
    payment = shop.started()
    token = shop.provider.authorize(payment.reference)
    shop.gateway.will("pay", said)
    shop.come_back(payment, token)
    shop.provider.settle()
    for each in order:
        process = shop.again()
        process.clock.advance(timedelta(seconds=20))
        if each == "return":
            process.come_back(payment, token)
        elif each == "notification":
            process.notify(payment)
        elif each == "page":
            process.checkout.drive(payment.reference)
        else:
            process.work()

    found = shop.payment(payment)
    assert (found.state, found.delivered_at is not None, found.parked_reason) == (State.PAID, True, None)
    assert len(shop.provider.moved) == 1
    assert shop.events(payment).count("delivered") == 1


def test_twenty_returns_at_once_are_one_purchase(shop: Shop) -> None:
    payment = shop.started()
    token = shop.provider.authorize(payment.reference)
    processes = [shop.again() for _ in range(20)]
    threads = [threading.Thread(target=process.come_back, args=(payment, token)) for process in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert shop.payment(payment).state is State.PAID
    assert len(shop.sends) == len(shop.provider.moved) == 1
    assert [each for process in processes for each in process.delivered] == [payment.reference]


def test_workers_and_pages_at_once_deliver_once(shop: Shop) -> None:
    shop.gateway.will("pay", "lost")
    payment = shop.buy()
    shop.clock.advance(5)
    processes = [shop.again() for _ in range(10)]
    threads = [threading.Thread(target=process.work) for process in processes[:5]]
    threads += [threading.Thread(target=process.checkout.drive, args=(payment.reference,)) for process in processes[5:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert shop.payment(payment).state is State.PAID
    assert len(shop.provider.moved) == 1
    assert len(shop.sends) == 2
    assert [each for process in processes for each in process.delivered] == [payment.reference]


def test_everything_comes_to_rest(shop: Shop) -> None:
    shop.gateway.will("pay", "pending", "lost", "refused", "not sent", "refused for now", "success")
    for number in range(6):
        shop.buy(buyer=f"buyer {number}")
    shop.started(buyer="away")
    shop.provider.settle()
    shop.work_for(2 * DAY)

    assert shop.work() == 0
    assert shop.ledger.unfinished_payments() == []
    assert len(shop.provider.moved) == len(shop.delivered) == 5


def test_an_idle_worker_writes_nothing(shop: Shop) -> None:
    shop.buy()
    with counted(shop.engine) as commits:
        for _ in range(3):
            shop.clock.advance(HOUR)
            assert shop.work() == 0

    assert commits == []


def test_while_another_is_at_it_a_worker_has_nothing_to_do(shop: Shop) -> None:
    payment = shop.started()
    idle: list[int] = []

    def meanwhile() -> None:
        shop.again().notify(payment)  # it still pends, and whoever notes that holds no lease
        shop.clock.advance(LEASE - timedelta(seconds=1))
        idle.append(shop.again().work())

    shop.gateway.will("pay", "pending")
    shop.gateway.meanwhile["pay"] = meanwhile
    shop.come_back(payment)

    assert idle == [0]


def test_no_connection_is_held_while_anybody_outside_is_asked(shop: Shop) -> None:
    held: dict[str, int] = {}

    def watch(call: str) -> None:
        shop.gateway.meanwhile[call] = lambda: held.__setitem__(call, shop.engine.pool.checkedout())  # type: ignore[attr-defined]

    for call in ("pay", "find", "status", "recover"):
        watch(call)
    shop.gateway.will("pay", "lost before", "lost before", "pending")
    shop.buy()
    away = shop.started(buyer="away")
    shop.provider.authorize(away.reference)
    shop.work_for(HOUR, timedelta(minutes=1))

    assert held == {"pay": 0, "find": 0, "status": 0, "recover": 0}
