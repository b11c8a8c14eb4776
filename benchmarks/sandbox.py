"""How fast the sandbox is: ``python -m benchmarks.sandbox`` (``make bench``).

``pay_on_werkzeug``
    Payments per second by ``Pay`` against a bare Flask view that returns the same bytes on Werkzeug's threaded
    server. Each request on a connection of its own, as the clients of FPS's time did it.
``pay_on_our_server``
    The same against the same view on the sandbox's own HTTP server, where every connection is kept: nothing is
    left to compare but what the sandbox does beyond Flask.
``activity_page``, ``activity_page_filtered``
    The time of a page of GetAccountActivity at the full ledger against the time at a hundredth of it: newest
    first, and failures only, of which the ledger has none.
"""

from __future__ import annotations

import statistics
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
#: Ours and the other take turns, so that a busy machine is as busy for both.
ROUNDS = 7
PAYS = 400
PAGES = 200
_HOST = "127.0.0.1"


def main() -> None:
    with servers.sandbox(LEDGER, tokens=2 * ROUNDS * PAYS + 1) as full:
        results = [*_pay(full), *_activity(full)]
    sys.exit(0 if publish(results) else 1)


def _pay(full: servers.Running) -> Iterator[Result]:
    tokens = iter(full.tokens)
    body = _paid(full.port, next(tokens))
    compared = f"Pay at {LEDGER} transactions against a bare Flask view of the same bytes on "
    with servers.bare_on_werkzeug(body) as bare:
        ours, other = _in_turns(full, bare, tokens, keep=False)
        where = "Werkzeug's threaded server, a connection for each request"
        yield Result("pay_on_werkzeug", ours, other, "requests/s", "at least", 0.5, compared + where)
    with servers.bare_on_ours(body) as bare:
        ours, other = _in_turns(full, bare, tokens, keep=True)
        where = "the sandbox's own server, connections kept"
        yield Result("pay_on_our_server", ours, other, "requests/s", "at least", 0.5, compared + where)


def _paid(port: int, token_id: str) -> bytes:
    """The whole answer to one Pay."""
    with urlopen(f"http://{_HOST}:{port}/", data=_pay_form(token_id).encode()) as answer:
        return bytes(answer.read())


def _in_turns(
    full: servers.Running, bare: servers.Running, tokens: Iterator[str], *, keep: bool
) -> tuple[float, float]:
    """Requests per second of either: the round whose ratio is the median."""
    rounds = []
    for _ in range(ROUNDS):
        requests = [post(_HOST, _pay_form(next(tokens)), keep=keep) for _ in range(PAYS)]
        ours = per_second(full.port, requests, keep=keep, holds=b"<TransactionStatus>Success<")
        other = per_second(bare.port, requests, keep=keep, holds=b"<TransactionStatus>Success<")
        rounds.append((ours / other, ours, other))
    _ratio, ours, other = statistics.median_low(rounds)
    return ours, other


def _activity(full: servers.Running) -> Iterator[Result]:
    with servers.sandbox(LEDGER // 100, tokens=0) as small:
        for name, filters in (("activity_page", {}), ("activity_page_filtered", {"TransactionStatus": "Failure"})):
            ours, other = _pages_in_turns(full, small, filters)
            compared = f"a page of GetAccountActivity at {LEDGER} transactions against one at {LEDGER // 100}"
            yield Result(name, ours, other, "ms", "at most", 1.25, compared)


def _pages_in_turns(full: servers.Running, small: servers.Running, filters: Mapping[str, str]) -> tuple[float, float]:
    rounds = []
    for _ in range(ROUNDS):
        form = _signed({"Action": "GetAccountActivity", "StartDate": "2000-01-01", **filters})
        requests = [post(_HOST, form, keep=True)] * PAGES
        ours, other = (_milliseconds(each, requests) for each in (full, small))
        rounds.append((ours / other, ours, other))
    _ratio, ours, other = statistics.median_low(rounds)
    return ours, other


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
    main()
