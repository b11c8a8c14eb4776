"""A gateway whose calls are seen: how long each took, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from typing import cast

from ..logs import log
from ..logs import naming
from ..records import Intent
from ..records import Outcome
from ..records import Payment
from . import Authorization
from . import Gateway
from . import Notification
from .fitting import fitting

#: Whatever may ask the provider once.
CALLS = frozenset(
    {"begin", "finish", "pay", "reserve", "settle", "cancel", "refund", "release", "status", "find", "recover"}
    | {"notification", "retry"}
)
#: Whatever may ask it again for each thing that it lists.
LISTS = frozenset({"activity"})
#: A list has no more.
END = object()


@dataclass(frozen=True)
class Call:
    """One call of a gateway, over."""

    account: str
    gateway: str
    name: str
    #: What it said: an outcome's ``result``, an authorization's ``standing``, a notification's ``verdict``, ``begun``,
    #: ``raised``, or ``end`` of a list, which is a call for each thing in it and one that finds no more.
    outcome: str
    seconds: float
    #: The payment's reference, where the call was about one.
    payment: str | None
    #: The provider's error code, where it gave one.
    code: str | None = None


Watcher = Callable[[Call], None]


def watched(gateway: Gateway, account: str, watchers: Iterable[Watcher]) -> Gateway:
    """The same gateway; every call is logged and told to each of ``watchers``."""
    return cast(Gateway, _Watched(gateway, account, watchers))


class _Watched:
    def __init__(self, gateway: Gateway, account: str, watchers: Iterable[Watcher]) -> None:
        self._gateway = gateway
        self._account = account
        self._watchers = watchers

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._gateway, name)
        if name in LISTS:
            return self._timed_each(name, found)
        return self._timed(name, found) if name in CALLS else found

    def _timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **options: Any) -> Any:
            began, answer = time.monotonic(), None
            try:
                answer = fitting(call(*args, **options))
            finally:
                self._tell(name, answer, time.monotonic() - began, args)
            return answer

        return timed

    def _timed_each(self, name: str, call: Callable[..., Iterable[Any]]) -> Callable[..., Iterator[Any]]:
        def timed(*args: Any, **options: Any) -> Iterator[Any]:
            following = self._timed(name, _each(call, args, options).__next__)
            yield from iter(following, END)

        return timed

    def _tell(self, name: str, answer: object, seconds: float, args: tuple[object, ...]) -> None:
        code = answer.code if isinstance(answer, Outcome) else None
        payment = _payment_of(args)
        call = Call(self._account, self._gateway.name, name, _outcome(answer), seconds, payment, code)
        known = naming(payment, call=name, outcome=call.outcome, code=code, seconds=round(seconds, 4))
        log.info("gateway call %s: %s", name, call.outcome, extra=known)
        for watcher in self._watchers:
            try:
                watcher(call)
            except Exception:
                log.exception("a watcher of gateway calls raised; the call goes on", extra=known)


def _each(call: Callable[..., Iterable[Any]], args: Any, options: Any) -> Iterator[Any]:
    """What it lists, and then :data:`END`; nothing is asked before the first is wanted."""
    yield from call(*args, **options)
    yield END


def _outcome(answer: object) -> str:
    if answer is None:
        return "raised"
    if answer is END:
        return "end"
    if isinstance(answer, Outcome):
        return answer.result.value
    if isinstance(answer, Authorization):
        return answer.standing.value
    return answer.verdict.value if isinstance(answer, Notification) else "begun"


def _payment_of(args: tuple[object, ...]) -> str | None:
    for each in args:
        if isinstance(each, Payment):
            return each.reference
        if isinstance(each, Intent):
            return each.payment
    return None
