"""What the extension tells a shop. The sender is always the Flask app; everything else is a keyword.

Write receivers with ``**extra``: a later version may say more. What a receiver returns is ignored.
:data:`payment_completed` is the delivery and comes at least once, until its receivers succeed; all
others only tell, at most once, after the ledger has committed; a receiver of theirs that raises is logged.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator
from importlib.util import find_spec
from inspect import iscoroutinefunction
from inspect import isroutine
from types import FunctionType
from typing import Any
from typing import TypeVar

from blinker import ANY
from blinker import NamedSignal
from blinker import Namespace

from .errors import SetupError

Receiver = TypeVar("Receiver", bound=Callable[..., Any])


class PaymentSignal(NamedSignal):
    """A signal whose receivers stay.

    ``connect`` keeps a strong reference, so that a function defined inside a factory is not lost. A function
    connected again under the same module and qualified name, for the same sender, takes the place of the
    earlier one: a factory called twice delivers once. A lambda, a method of an object or a partial has no
    name of its own and is known by the object it is.
    """

    def connect(self, receiver: Receiver, sender: Any = ANY, weak: bool = False) -> Receiver:
        """Call ``receiver(app, *, payment, **extra)`` whenever the signal is sent by ``sender`` (default: any app).

        :raises RuntimeError: for a coroutine function where the extra ``async`` is not installed.
        """
        refuse_coroutine(receiver)
        for earlier in self._same_name(receiver, sender):
            self.disconnect(earlier, sender)
        return super().connect(receiver, sender, weak)

    def connect_via(self, sender: Any, weak: bool = False) -> Callable[[Receiver], Receiver]:
        """The form for factories: connects the decorated function for this app alone.

        :raises RuntimeError: it was given no app but the function.
        """
        if isroutine(sender):
            raise SetupError(
                f"connect_via takes the app, not the function: write @{_python_name(self)}.connect_via(app), or "
                f"@{_python_name(self)}.connect for every app"
            )
        return lambda receiver: self.connect(receiver, sender, weak)

    def receivers_for(self, sender: Any) -> Generator[Callable[..., Any], None, None]:
        """The receivers of ``sender``, in the order they were connected."""
        order = {id(receiver): position for position, receiver in enumerate(self.receivers.values())}
        yield from sorted(super().receivers_for(sender), key=lambda receiver: order.get(id(receiver), len(order)))

    def _same_name(self, receiver: Callable[..., Any], sender: Any) -> list[Callable[..., Any]]:
        name = own_name(receiver)
        if name is None:
            return []
        return [other for other in self._connected(sender) if other is not receiver and own_name(other) == name]

    def _connected(self, sender: Any) -> list[Callable[..., Any]]:
        to_any = [] if sender is ANY else list(super().receivers_for(ANY))
        return [other for other in super().receivers_for(sender) if other not in to_any]


def own_name(function: Callable[..., Any]) -> tuple[str, str] | None:
    """Module and qualified name; ``None`` for what has no name of its own, such as a lambda or a partial."""
    if not isinstance(function, FunctionType) or function.__name__ == "<lambda>":
        return None
    return function.__module__, function.__qualname__


def _python_name(signal: NamedSignal) -> str:
    return signal.name.replace("-", "_")


def refuse_coroutine(function: Callable[..., Any]) -> None:
    """A shop's function that this process could not call is refused where it is registered.

    :raises SetupError: it is a coroutine function, and the extra ``async`` is not installed.
    """
    asynchronous = iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004
    if asynchronous and find_spec("asgiref") is None:
        name = getattr(function, "__qualname__", repr(function))
        raise SetupError(
            f"{name} is a coroutine function, and calling it needs the extra 'async': "
            "pip install 'Flask-FPS[async]', or write it with def"
        )


_signals = Namespace()


def _signal(name: str, doc: str) -> PaymentSignal:
    signal = PaymentSignal(name, doc)
    _signals[name] = signal
    return signal


payment_started = _signal("payment-started", "A buyer was sent to pay.")
"""Sent when a payment was made and its buyer is about to be sent to the payment pages.

:param app: the sender, the real Flask app.
:param payment: the :class:`~flask_fps.records.Payment`, in state ``started``.
"""

payment_authorized = _signal("payment-authorized", "A buyer agreed to pay.")
"""Sent when a buyer's return was verified. No money has moved yet: deliver nothing.

:param app: the sender, the real Flask app.
:param payment: the payment, in state ``authorized``.
"""

payment_completed = _signal("payment-completed", "A payment is paid: deliver what was bought.")
"""The delivery. Sent once a payment is paid, at least once: from the outbox, again after a crash.

Every receiver is called, each in a savepoint. If one raised, the whole transaction is rolled back and all
are called again later. Take what was bought from ``payment.items``: the snapshot priced at start.

:param app: the sender, the real Flask app.
:param payment: the payment, in state ``paid``.
:param session: a SQLAlchemy session on the ledger's database: with ``FPS(db=db)`` it is ``db.session``, and
    what the receiver adds commits together with the mark "delivered"; never commit or roll it back yourself.
    ``None`` where the ledger keeps its own database: then de-duplicate on ``payment.reference``.
"""

payment_pending = _signal("payment-pending", "The provider takes its time.")
"""Sent when the provider accepted the payment and has not moved the money yet (cards, bank transfers).

Not paid: deliver nothing. :data:`payment_completed` or :data:`payment_failed` follows.

:param app: the sender, the real Flask app.
:param payment: the payment, in state ``pending``.
"""

payment_reserved = _signal("payment-reserved", "The buyer's money is held.")
"""Sent when the money of an order with ``reserve=True`` is held. Not paid: deliver nothing.

Take it with ``fps.settle(payment.reference)`` or give it up with ``fps.cancel(payment.reference)``, before
``payment.hold_until``: what is forgotten is cancelled.

:param app: the sender, the real Flask app.
:param payment: the payment, in state ``reserved``.
"""

payment_failed = _signal("payment-failed", "A payment will never be paid.")
"""Sent when a payment ended without money: refused by the provider, expired or cancelled.

:param app: the sender, the real Flask app.
:param payment: the payment, in its final state.
"""

payment_refunded = _signal("payment-refunded", "Money went back to the buyer.")
"""Sent when a refund is done: one of yours, one made by hand at the provider, or a chargeback.

:param app: the sender, the real Flask app.
:param payment: the payment; ``payment.refunded`` counts this refund.
:param refund: the :class:`~flask_fps.records.Refund`, in state ``done``.
"""

payment_refund_failed = _signal("payment-refund-failed", "A refund did not reach the buyer.")
"""Sent when a refund failed, at once or long after it was accepted. Its amount may be given back again.

:param app: the sender, the real Flask app.
:param payment: the payment; it stays ``paid``.
:param refund: the refund, in state ``failed``; ``refund.said`` has the provider's words.
"""

payment_parked = _signal("payment-parked", "A payment was parked for an operator.")
"""Sent when a payment or its delivery cannot go on by itself and waits for the operator.

:param app: the sender, the real Flask app.
:param payment: the payment; ``payment.parked_reason`` says why.
"""
