"""What one process of the shop does in its life: a list of acts, written as JSON by whoever sends it to die."""

from __future__ import annotations

import http.client
import json
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text
from werkzeug.serving import make_server

from flask_fps.errors import Refused
from flask_fps.worker import Worker
from tests.crash.shop import HELD
from tests.crash.shop import HOST
from tests.crash.shop import Shop

Act = list[Any]
#: Passes of a worker after which everything must be at rest: an hour apart, they cover more than the week in which
#: the provider may still be asked.
PASSES = 250
#: When something falls due again; what is held is due when its lease ends.
_DUE = "CASE WHEN lease_until > due_at THEN lease_until ELSE due_at END"
NEXT_DUE = text(
    f"""
    SELECT min(due) FROM (
        SELECT {_DUE} AS due FROM fps_payments WHERE due_at IS NOT NULL
        UNION ALL
        SELECT {_DUE} FROM fps_deliveries WHERE state = 'due'
        UNION ALL
        SELECT {_DUE} FROM fps_refunds WHERE due_at IS NOT NULL
        UNION ALL
        SELECT {_DUE} FROM fps_inbox WHERE done_at IS NULL
    ) AS waiting
    """
)


@dataclass
class Command:
    """One process's life."""

    home: str
    acts: list[Act]
    #: Where it writes every point that it passes, and at which it dies; 0: at none.
    log: str = ""
    kill: int = 0
    #: How far the clock is ahead, in seconds.
    ahead: float = 0.0
    #: Run in the warmed parent itself.
    here: bool = False
    #: It goes on until it is ended by its process id.
    stays: bool = False


def live(shop: Shop, command: Command) -> list[Any]:
    """Do all acts; gives what each answered, as JSON values."""
    shop.clock.ahead = timedelta(seconds=command.ahead)
    if command.log:
        shop.points.arm(Path(command.log), command.kill)
    answers = [ACTS[name](shop, *arguments) for name, *arguments in command.acts]
    shop.points.disarm()
    return answers


def link(shop: Shop, sku: str) -> str:
    """The start link as it stands on the shop's pages."""
    with shop.app.test_request_context(base_url=HOST):
        return shop.fps.start_url(shop.item(sku), reserve=sku in HELD)


def start(shop: Shop, sku: str, buyer: str | None) -> Any:
    """Press the link."""
    return get(shop, link(shop, sku), buyer)


def get(shop: Shop, url: str, buyer: str | None) -> Any:
    """A browser asks.

    :param buyer: who has signed in, or a guest's cookie, or ``None`` for somebody never seen.
    """
    who = {} if buyer is None else {"Cookie" if "=" in buyer else "X-Buyer": buyer}
    return _asked(shop, "GET", url, who)


def post(shop: Shop, url: str, body: str, headers: dict[str, str]) -> Any:
    return _asked(shop, "POST", url, headers, body.encode())


def _asked(shop: Shop, method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> Any:
    parts = urlsplit(url)
    shop.points.reach(f"a {method} for {parts.path.rpartition('/')[0] or parts.path} arrives")
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    answer = shop.app.test_client(use_cookies=False).open(
        target, method=method, base_url=HOST, headers=headers, data=body
    )
    shop.points.reach(f"an answer {answer.status_code} is ready")
    return {
        "status": answer.status_code,
        "location": answer.headers.get("Location"),
        "cookie": answer.headers.get("Set-Cookie", "").partition(";")[0],
        "text": answer.text[:400],
    }


def refund(shop: Shop, reference: str, amount: str | None, key: str) -> str:
    """The operator gives money back."""
    return _ordered(shop, lambda: f"{shop.fps.refund(reference, amount, key=key).state}")


def settle(shop: Shop, reference: str, amount: str | None) -> str:
    """The operator takes what is held."""
    return _ordered(shop, lambda: f"{shop.fps.settle(reference, amount).state}")


def cancel(shop: Shop, reference: str) -> str:
    """The operator gives up what is held."""
    return _ordered(shop, lambda: f"{shop.fps.cancel(reference).state}")


def _ordered(shop: Shop, act: Callable[[], str]) -> str:
    with shop.app.app_context():
        try:
            return act()
        except Refused as refused:
            return f"refused: {refused}"


def work(shop: Shop) -> str:
    """One pass of a worker."""
    with shop.app.app_context():
        return str(Worker(shop.state).work_once())


def reconcile(shop: Shop) -> str:
    """One pass as a scheduler has it made."""
    with shop.app.app_context():
        return str(shop.fps.reconcile())


def come_to_rest(shop: Shop, driver: str) -> str:
    """Pass after pass, each when the next thing is due, until nothing is."""
    for _ in range(PASSES):
        ACTS[driver](shop)
        due = _next_due(shop)
        if due is None:
            return "at rest"
        advance(shop, max(0.0, due) + 0.01)
    return "restless"


def advance(shop: Shop, seconds: float) -> float:
    """Time passes for the shop and for the sandbox alike."""
    shop.clock.ahead += timedelta(seconds=seconds)
    with shop.points.aside():
        _control(shop, "/_control/clock", {"advance_seconds": seconds})
    return seconds


def _control(shop: Shop, path: str, value: Any) -> Any:
    connection = http.client.HTTPConnection(urlsplit(shop.sandbox_url).netloc, timeout=10)
    try:
        connection.request("POST", path, json.dumps(value))
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        return json.loads(answer.read())
    finally:
        connection.close()


def price(shop: Shop, sku: str, amount: str) -> None:
    shop.prices[sku] = amount


def break_handler(shop: Shop, times: int) -> None:
    shop.broken = times


def tables(shop: Shop) -> None:
    from tests.crash.shop import make_tables

    make_tables(shop)


def let_go(shop: Shop) -> int:
    """Close every connection, so that a child inherits none; how many threads are left."""
    shop.state.ledger.engine.dispose()
    with shop.app.app_context():
        shop.fps.client.close()
    return threading.active_count()


def serve(shop: Shop, announce: Callable[[Any], None]) -> None:
    """Answer over a socket until killed."""
    server = make_server("127.0.0.1", 0, shop.app, threaded=True)
    announce(server.server_port)
    server.serve_forever()


def work_on(shop: Shop, announce: Callable[[Any], None]) -> None:
    """Work as ``flask fps work`` does until told to stop."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    announce(0)
    with shop.app.app_context():
        Worker(shop.state).run(stop, 0.01, lambda done: None)


def _next_due(shop: Shop) -> float | None:
    """In how many seconds."""
    with shop.state.ledger.engine.connect() as connection:
        due = connection.execute(NEXT_DUE).scalar()
    if due is None:
        return None
    at = due if isinstance(due, datetime) else datetime.fromisoformat(due).replace(tzinfo=timezone.utc)
    return (at - shop.clock()).total_seconds()


ACTS: dict[str, Callable[..., Any]] = {
    "advance": advance,
    "break": break_handler,
    "cancel": cancel,
    "get": get,
    "let go": let_go,
    "link": link,
    "post": post,
    "price": price,
    "reconcile": reconcile,
    "refund": refund,
    "rest": come_to_rest,
    "settle": settle,
    "start": start,
    "tables": tables,
    "work": work,
}
#: Acts that do not end by themselves.
STAYING: dict[str, Callable[..., None]] = {"serve": serve, "work on": work_on}
