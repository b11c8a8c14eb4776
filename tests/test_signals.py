from __future__ import annotations

import gc
import inspect
from collections.abc import Callable
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from flask_fps import signals
from flask_fps.signals import PaymentSignal

NAMES = {
    "payment_started",
    "payment_authorized",
    "payment_completed",
    "payment_pending",
    "payment_refund_failed",
    "payment_refunded",
    "payment_reserved",
    "payment_failed",
    "payment_parked",
}


class App:
    """Stands for a Flask app: signals only know it by what it is."""


@pytest.fixture
def signal() -> PaymentSignal:
    return PaymentSignal("test")


def heard(signal: PaymentSignal, app: App | None = None) -> list[Any]:
    return [answer for _, answer in signal.send(app or App(), payment="p")]


def test_every_signal_is_there_and_named() -> None:
    found = {name for name, value in vars(signals).items() if isinstance(value, PaymentSignal)}

    assert found == NAMES
    for name in NAMES:
        assert getattr(signals, name).name == name.replace("_", "-")
        assert getattr(signals, name).__doc__


def test_every_signal_documents_its_sender_and_its_payment() -> None:
    source = inspect.getsource(signals)
    for name in NAMES:
        text = source.split(f"\n{name} = ")[1].split('"""')[1]
        assert ":param app:" in text
        assert ":param payment:" in text


def test_a_receiver_gets_the_sender_and_keywords(signal: PaymentSignal) -> None:
    app, calls = App(), []

    @signal.connect
    def receiver(sender: App, *, payment: str, **extra: Any) -> None:
        calls.append((sender, payment, extra))

    signal.send(app, payment="p", session=None)
    assert calls == [(app, "p", {"session": None})]


def factory(signal: PaymentSignal, answer: str) -> None:
    @signal.connect
    def fulfill(app: App, **extra: Any) -> str:
        return answer


def test_a_receiver_inside_a_factory_is_not_lost(signal: PaymentSignal) -> None:
    factory(signal, "one")
    gc.collect()

    assert heard(signal) == ["one"]


def test_a_factory_called_twice_delivers_once_by_its_newest_receiver(signal: PaymentSignal) -> None:
    factory(signal, "one")
    factory(signal, "two")

    assert heard(signal) == ["two"]


def factory_via(signal: PaymentSignal, app: App, answer: str) -> None:
    @signal.connect_via(app)
    def fulfill(app: App, **extra: Any) -> str:
        return answer


def test_each_app_of_a_factory_keeps_its_own_receiver(signal: PaymentSignal) -> None:
    first, second = App(), App()
    factory_via(signal, first, "first")
    factory_via(signal, second, "second")
    gc.collect()

    assert heard(signal, first) == ["first"]
    assert heard(signal, second) == ["second"]
    assert heard(signal) == []


def test_one_app_set_up_twice_delivers_once(signal: PaymentSignal) -> None:
    first, second = App(), App()
    factory_via(signal, first, "first")
    factory_via(signal, second, "second")
    factory_via(signal, first, "first again")

    assert heard(signal, first) == ["first again"]
    assert heard(signal, second) == ["second"]


def test_a_receiver_of_one_app_leaves_that_of_all_apps(signal: PaymentSignal) -> None:
    app = App()
    factory(signal, "all")

    def make() -> None:
        @signal.connect_via(app)
        def other(app: App, **extra: Any) -> str:
            return "one"

    make()
    make()
    assert heard(signal, app) == ["all", "one"]
    assert heard(signal) == ["all"]


def test_a_receiver_connected_twice_is_called_once(signal: PaymentSignal) -> None:
    def receiver(app: App, **extra: Any) -> str:
        return "once"

    signal.connect(receiver)
    signal.connect(receiver)

    assert heard(signal) == ["once"]


def test_receivers_of_two_names_are_both_called_in_order(signal: PaymentSignal) -> None:
    for name in "abcdefgh":

        def receiver(app: App, *, answer: str = name, **extra: Any) -> str:
            return answer

        receiver.__qualname__ = name
        signal.connect(receiver)

    assert heard(signal) == list("abcdefgh")


def test_the_same_name_in_another_module_is_another_receiver(signal: PaymentSignal) -> None:
    def make(module: str) -> Callable[..., str]:
        def receiver(app: App, **extra: Any) -> str:
            return module

        receiver.__module__ = module
        return receiver

    signal.connect(make("shop.mail"))
    signal.connect(make("shop.stock"))

    assert heard(signal) == ["shop.mail", "shop.stock"]


class Mailer:
    def __init__(self, name: str) -> None:
        self.name = name

    def send(self, app: App, **extra: Any) -> str:
        return self.name

    def __call__(self, app: App, **extra: Any) -> str:
        return f"called {self.name}"


def test_what_has_no_name_of_its_own_is_known_by_the_object_it_is(signal: PaymentSignal) -> None:
    one, two = Mailer("one"), Mailer("two")
    for receiver in (one.send, two.send, one.send, one, two, lambda app, **_: "a", lambda app, **_: "b"):
        signal.connect(receiver)
    signal.connect(partial(Mailer.send, Mailer("three")))
    gc.collect()

    assert heard(signal) == ["one", "two", "called one", "called two", "a", "b", "three"]


def test_a_method_keeps_its_object(signal: PaymentSignal) -> None:
    signal.connect(Mailer("kept").send)
    gc.collect()

    assert heard(signal) == ["kept"]


def test_a_weak_receiver_may_still_be_asked_for(signal: PaymentSignal) -> None:
    def make() -> None:
        def receiver(app: App, **extra: Any) -> str:
            return "weak"

        signal.connect(receiver, weak=True)

    make()
    gc.collect()
    assert heard(signal) == []


def test_a_receiver_can_be_disconnected(signal: PaymentSignal) -> None:
    def receiver(app: App, **extra: Any) -> str:
        return "gone"

    signal.connect(receiver)
    signal.disconnect(receiver)

    assert heard(signal) == []


async def deliver(app: App, **extra: Any) -> None:
    """A coroutine receiver."""


class AsyncReceiver:
    async def __call__(self, app: App, **extra: Any) -> None:
        """A coroutine receiver, too."""


@pytest.fixture
def no_asgiref(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(signals, "find_spec", lambda name: None)
    yield


@pytest.mark.usefixtures("no_asgiref")
@pytest.mark.parametrize("receiver", [deliver, partial(deliver, x=1), AsyncReceiver(), AsyncReceiver().__call__])
def test_a_coroutine_needs_the_extra(signal: PaymentSignal, receiver: Callable[..., Any]) -> None:
    with pytest.raises(RuntimeError, match=r"coroutine function.*pip install 'Flask-FPS\[async\]'"):
        signal.connect(receiver)
    assert not signal.receivers


@pytest.mark.usefixtures("no_asgiref")
def test_a_refused_coroutine_does_not_lose_the_earlier_receiver(signal: PaymentSignal) -> None:
    factory(signal, "kept")
    refused = partial(deliver)
    with pytest.raises(RuntimeError):
        signal.connect(refused)

    assert heard(signal) == ["kept"]


def test_a_coroutine_is_taken_where_the_extra_is_installed(
    signal: PaymentSignal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "find_spec", lambda name: object())

    assert signal.connect(deliver) is deliver
    assert list(signal.receivers_for(App())) == [deliver]


def test_the_app_forgotten_at_connect_via_is_told_where_it_was_forgotten(signal: PaymentSignal) -> None:
    with pytest.raises(RuntimeError, match=r"^connect_via takes the app, not the function: write @test\.connect_via"):

        @signal.connect_via
        def deliver_it(app: App, **extra: Any) -> None: ...
