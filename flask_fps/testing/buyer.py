"""A robot in place of a person with a browser: from the shop to the sandbox's pages, and back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from typing import TYPE_CHECKING
from urllib.parse import urljoin
from urllib.parse import urlsplit

from .pages import words_of
from .sandbox import Sandbox
from .walk import MOST_PAGES
from .walk import Walk

if TYPE_CHECKING:
    import requests
    from flask.testing import FlaskClient

    Client = FlaskClient | requests.Session


class Buyer:
    """A robot in place of a person with a browser.

    ``client`` is the shop's Flask test client, or a :class:`requests.Session` for a shop that is served.
    ``response`` is what the shop answered when the buyer wanted something: the redirect to ``/fps/start``, or a
    later one, or the 402 that a script gets. ``as_`` is the sandbox account; the demo buyers' passwords are their
    names. ``method`` is ``ABT``, ``ACH`` or ``CC``; ``None`` takes what the account has as default, else ``ABT``.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def pay(
        self,
        client: Client,
        response: Any,
        *,
        as_: str = "john@example.com",
        method: str | None = None,
        password: str | None = None,
    ) -> Any:
        """Pay, come back, and give the shop's answer to the return."""
        return self.come_back(client, self.authorize(client, response, as_=as_, method=method, password=password))

    def pay_late(
        self,
        client: Client,
        response: Any,
        *,
        after: timedelta | float = timedelta(hours=4),
        as_: str = "john@example.com",
        method: str | None = None,
        password: str | None = None,
    ) -> Any:
        """Approve at once and come back later by the sandbox's clock: by default when the token's three hours
        are over. The shop's own clock does not move. Gives the shop's answer to the return."""
        url = self.authorize(client, response, as_=as_, method=method, password=password)
        self._sandbox.advance(after)
        return self.come_back(client, url)

    def decline(
        self,
        client: Client,
        response: Any,
        *,
        at: str = "confirm",
        as_: str = "john@example.com",
        password: str | None = None,
    ) -> Any:
        """Press Cancel at a step (``sign_in``, ``payment_method`` or ``confirm``), come back, and give the
        shop's answer to the return."""
        walk = self._walk(client, response, as_, None, password)
        url = walk.send(walk.to_step(at), "cancel", [("cancel", "yes")])
        return self.come_back(client, walk.left(url))

    def abandon(
        self,
        client: Client,
        response: Any,
        *,
        at: str = "confirm",
        as_: str = "john@example.com",
        password: str | None = None,
    ) -> None:
        """Close the window at a step: nothing is approved, nothing cancelled, and nobody comes back."""
        self._walk(client, response, as_, None, password).to_step(at)

    def authorize(
        self,
        client: Client,
        response: Any,
        *,
        as_: str = "john@example.com",
        method: str | None = None,
        password: str | None = None,
    ) -> str:
        """Approve on the sandbox's pages, and give the URL a browser would now be sent back to."""
        walk = self._walk(client, response, as_, method, password)
        return walk.to_end()

    def come_back(self, client: Client, url: str) -> Any:
        """Hand a return URL to the shop, and give its answer."""
        return _ask_shop(client, "GET", url)

    def notify(self, client: Client) -> list[Any]:
        """Post the notifications that wait, as the sandbox would, and give the shop's answers.

        One that is answered with a 2xx is done. One without an address stays.
        """
        notices = self._sandbox.server.bank.notices
        answers = []
        for letter in self._sandbox.notifications:
            if letter.url is not None:
                answer = _ask_shop(client, "POST", letter.url, letter.body, dict(letter.headers))
                if 200 <= answer.status_code < 300:
                    notices.delivered(letter.notice_id)
                else:
                    notices.failed(letter.notice_id, f"answered {answer.status_code}")
                answers.append(answer)
        return answers

    def _walk(self, client: Client, response: Any, email: str, method: str | None, password: str | None) -> Walk:
        start = _to_the_pages(client, response, self._sandbox.url)
        return Walk(self._sandbox.url, start, email, password or email.partition("@")[0], method)


def _to_the_pages(client: Client, response: Any, sandbox: str) -> str:
    """Follow the shop's redirects to the sandbox's address."""
    for _ in range(MOST_PAGES):
        url: str = urljoin(response.request.url, _wanted(response))
        if url.startswith(f"{sandbox}/"):
            return url
        response = _ask_shop(client, "GET", url)
    raise AssertionError(f"the shop redirects in circles and never to the sandbox: {response.request.url}")


def _wanted(response: Any) -> str:
    if response.status_code in (301, 302, 303, 307, 308):
        return str(response.headers["Location"])
    if response.status_code == 402 and "json" in response.headers.get("Content-Type", ""):
        return str(json.loads(response.text)["start_url"])
    raise AssertionError(
        f"the shop does not ask for a payment: {response.status_code} for {response.request.url}\n"
        f"{words_of(response.text)[:600]}"
    )


def _ask_shop(
    client: Any, verb: str, url: str, data: bytes | None = None, headers: dict[str, str] | None = None
) -> Any:
    """One request to the shop, by a Flask test client or over a socket; redirects are not followed."""
    if not hasattr(client, "application"):
        return client.request(verb, url, data=data, headers=headers, allow_redirects=False, timeout=30)
    parts = urlsplit(url)
    root = str(client.application.config["APPLICATION_ROOT"]).rstrip("/")
    path = parts.path.removeprefix(root) if parts.path.startswith(f"{root}/") else parts.path
    target = f"{path or '/'}?{parts.query}" if parts.query else path or "/"
    return client.open(
        target, method=verb, base_url=f"{parts.scheme}://{parts.netloc}{root}", data=data, headers=headers
    )
