"""One-time payments by Amazon FPS's dance, for Flask shops.

Public names load on first use, so that importing the package costs nothing: neither Flask nor the
database is imported before a shop asks for :class:`FPS`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import FPSError as FPSError
    from .errors import LedgerBusy as LedgerBusy
    from .errors import OrderError as OrderError
    from .errors import Refused as Refused
    from .errors import SetupError as SetupError
    from .extension import FPS as FPS
    from .ledger.not_fps import not_fps as not_fps
    from .records import Grant as Grant
    from .records import Item as Item
    from .records import Payment as Payment
    from .records import Refund as Refund
    from .records import State as State
    from .signals import payment_authorized as payment_authorized
    from .signals import payment_completed as payment_completed
    from .signals import payment_failed as payment_failed
    from .signals import payment_parked as payment_parked
    from .signals import payment_pending as payment_pending
    from .signals import payment_refund_failed as payment_refund_failed
    from .signals import payment_refunded as payment_refunded
    from .signals import payment_reserved as payment_reserved
    from .signals import payment_started as payment_started

_HOMES = {
    "FPS": "extension",
    "FPSError": "errors",
    "Grant": "records",
    "Item": "records",
    "LedgerBusy": "errors",
    "OrderError": "errors",
    "Payment": "records",
    "Refund": "records",
    "Refused": "errors",
    "SetupError": "errors",
    "State": "records",
    "not_fps": "ledger.not_fps",
    "payment_authorized": "signals",
    "payment_completed": "signals",
    "payment_failed": "signals",
    "payment_parked": "signals",
    "payment_pending": "signals",
    "payment_refund_failed": "signals",
    "payment_refunded": "signals",
    "payment_reserved": "signals",
    "payment_started": "signals",
}

__all__ = [  # noqa: RUF022
    "FPS",
    "FPSError",
    "Grant",
    "Item",
    "LedgerBusy",
    "OrderError",
    "Payment",
    "Refund",
    "Refused",
    "SetupError",
    "State",
    "not_fps",
    "payment_authorized",
    "payment_completed",
    "payment_failed",
    "payment_parked",
    "payment_pending",
    "payment_refund_failed",
    "payment_refunded",
    "payment_reserved",
    "payment_started",
]


def __getattr__(name: str) -> object:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
