"""How fast the sandbox is: ``python -m benchmarks.sandbox`` (``make bench``).

``pay_on_werkzeug``
    Payments per second by ``Pay`` against a bare Flask view that returns the same bytes on Werkzeug's threaded
    server, at a ledger of 100,000 transactions. Each request on a connection of its own, as the clients of FPS's
    time did it.
``activity_page``, ``activity_page_filtered``
    The time of a page of GetAccountActivity at the full ledger against the time at a hundredth of it: newest
    first, and failures only, of which the ledger has none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from datetime import datetime
from datetime import timezone
from urllib.parse import urlencode
from urllib.request import urlopen

from benchmarks import servers
from benchmarks.load import per_second
from benchmarks.load import post
from benchmarks.result import publish
from benchmarks.result import Result
from flask_fps.protocol import demo
from flask_fps.protocol import signing

#: What the ledger holds when Pay is measured.
LEDGER = 100_000
#: Ours and the other take turns, and the best round of either counts: the machine does other things, too.
ROUNDS = 15
PAYS = 250
PAGES = 60
_HOST = "127.0.0.1"


def main() -> bool:
    with servers.sandbox(LEDGER, tokens=ROUNDS * PAYS + 1) as full:
        results = [*_pay(full), *_activity(full)]
    return publish(results)


def _pay(full: servers.Running) -> Iterator[Result]:
    tokens = iter(full.tokens)
    body = _paid(full.port, next(tokens))
    compared = f"Pay at {LEDGER} transactions against a bare Flask view of the same bytes on Werkzeug's threaded server"
    with servers.bare_on_werkzeug(body) as bare:
        ours, other = zip(*(_round(full, bare, tokens) for _ in range(ROUNDS)), strict=True)
    yield Result("pay_on_werkzeug", max(ours), max(other), "requests/s", "at least", 0.5, compared)


def _paid(port: int, token_id: str) -> bytes:
    """The whole answer to one Pay."""
    with urlopen(f"http://{_HOST}:{port}/", data=_pay_form(token_id).encode()) as answer:
        return bytes(answer.read())


def _round(full: servers.Running, bare: servers.Running, tokens: Iterator[str]) -> tuple[float, float]:
    """Requests per second of either."""
    requests = [post(_HOST, _pay_form(next(tokens)), keep=False) for _ in range(PAYS)]
    ours = per_second(full.port, requests, keep=False, holds=b"<TransactionStatus>Success<")
    return ours, per_second(bare.port, requests, keep=False, holds=b"<TransactionStatus>Success<")


def _activity(full: servers.Running) -> Iterator[Result]:
    with servers.sandbox(LEDGER // 100, tokens=0) as small:
        for name, filters in (("activity_page", {}), ("activity_page_filtered", {"TransactionStatus": "Failure"})):
            ours, other = zip(*(_page(full, small, filters) for _ in range(ROUNDS)), strict=True)
            compared = f"a page of GetAccountActivity at {LEDGER} transactions against one at {LEDGER // 100}"
            yield Result(name, min(ours), min(other), "ms", "at most", 1.25, compared)


def _page(full: servers.Running, small: servers.Running, filters: Mapping[str, str]) -> tuple[float, float]:
    """Milliseconds for a page of either."""
    form = _signed({"Action": "GetAccountActivity", "StartDate": "2000-01-01", **filters})
    requests = [post(_HOST, form, keep=True)] * PAGES
    return _milliseconds(full, requests), _milliseconds(small, requests)


def _milliseconds(server: servers.Running, requests: Sequence[bytes]) -> float:
    return 1000 / per_second(server.port, requests, keep=True, holds=b"<GetAccountActivityResult>")


def _pay_form(token_id: str) -> str:
    money = {"TransactionAmount.Value": "0.10", "TransactionAmount.CurrencyCode": "USD"}
    return _signed({"Action": "Pay", "SenderTokenId": token_id, "CallerReference": f"bench-{token_id[:40]}", **money})


def _signed(own: Mapping[str, str]) -> str:
    common = {
        "AWSAccessKeyId": demo.ACCESS_KEY,
        "SignatureMethod": signing.HMAC_SHA256,
        "SignatureVersion": "2",
        "Timestamp": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
        "Version": "2010-08-28",
    }
    params = {**own, **common}
    return urlencode(params | {"Signature": signing.sign("POST", f"http://{_HOST}/", params, demo.SECRET_KEY)})


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
