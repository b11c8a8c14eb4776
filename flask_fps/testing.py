"""A pytest plugin: a sandbox of the test's own, and a robot that pays in it.

Installed with the package; nothing to import. The sandbox answers on a real socket of this machine and keeps
its books in memory; the robot walks the sandbox's real pages, form by form. Neither Flask nor the sandbox is
imported before a test asks for a fixture.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from typing import TYPE_CHECKING
from urllib.parse import urljoin
from urllib.parse import urlsplit

import pytest

from ._pages import Form
from ._pages import Page
from ._pages import words_of

if TYPE_CHECKING:
    import requests
    from flask.testing import FlaskClient

    from .sandbox.bank.clock import SandboxClock
    from .sandbox.bank.records import TransactionRecord
    from .sandbox.bank.switches import Switches
    from .sandbox.faults import Faults
    from .sandbox.ipn import Letter
    from .sandbox.server import SandboxServer

    Client = FlaskClient | requests.Session

#: Steps of the payment pages, by the control that only this step has, in the order to look for them.
STEPS = {"sign_in": "password", "confirm": "confirm", "payment_method": "paymentMethod"}
#: A walk that takes more pages than this goes in circles.
MOST_PAGES = 12
#: Who moves whose money, and where: what a shop may have set for its real server, and the sandbox answers by itself.
_UNSET = (
    "FPS_ACCESS_KEY",
    "FPS_ACCOUNTS",
    "FPS_API_URL",
    "FPS_CALLER_TOKEN",
    "FPS_CBUI_URL",
    "FPS_CERTIFICATES",
    "FPS_CERTIFICATE_URL",
    "FPS_CURRENCY",
    "FPS_EXTERNAL_URL",
    "FPS_GATEWAY",
    "FPS_RECIPIENT_EMAIL",
    "FPS_RECIPIENT_TOKEN",
    "FPS_SECRET_KEY",
)


@pytest.fixture
def fps_sandbox() -> Iterator[Sandbox]:
    """A :class:`Sandbox` of this test's own: on a free port, with fresh books, and every switch at its harshest."""
    from .errors import SetupError
    from .sandbox.bank import Bank
    from .sandbox.bank.switches import harshest
    from .sandbox.server import SandboxServer
    from .sandbox.settings import Settings

    bank, settings = Bank(switches=harshest()), Settings(only_to_ports=True)
    try:
        made = SandboxServer(port=0, bank=bank, settings=settings, ticking=False)
    except SetupError as error:
        pytest.fail(str(error), pytrace=False)
    with made as server:
        yield Sandbox(server)


@pytest.fixture
def fps_buyer(fps_sandbox: Sandbox) -> Buyer:
    """A :class:`Buyer` who pays in :func:`fps_sandbox`."""
    return Buyer(fps_sandbox)


class Sandbox:
    """The sandbox of one test.

    Time stands in its hands: a payment that pends stays so until the test moves the clock. Where FPS's
    references leave an answer open, it gives the harshest there is; :attr:`switches` turn that. So a shop that is
    served on a port gets its first notification before the answer that it waits for
    (``fps_sandbox.switches.ipn = "after"`` keeps it back until the test moves the clock).
    """

    def __init__(self, server: SandboxServer) -> None:
        #: The server itself, for whatever has no shorter name here.
        self.server = server

    @property
    def url(self) -> str:
        """Where it listens: ``http://127.0.0.1:`` and a port."""
        return self.server.url

    @property
    def config(self) -> dict[str, Any]:
        """The ``FPS_*`` keys that point a shop here; put them over the shop's own.

        Whoever the shop's own keys name is not asked and not paid: gateway, accounts, tokens and currency are FPS's
        plain ones. A shop with an ``account_loader`` gives ``FPS_ACCOUNTS`` anew, with accounts of the sandbox.

        A shop whose ledger is not in its own database keeps it in the instance folder: give each test another
        one, or set ``FPS_DATABASE_URI``.
        """
        return {**dict.fromkeys(_UNSET), "FPS_ENVIRONMENT": "local", "FPS_SANDBOX_URL": self.url}

    @property
    def faults(self) -> Faults:
        """What shall go wrong: ``fps_sandbox.faults.add("Pay", "lose_answer")``."""
        return self.server.faults

    @property
    def switches(self) -> Switches:
        """How the sandbox answers what FPS's references leave open; here all stand at the harshest."""
        return self.server.switches

    @property
    def clock(self) -> SandboxClock:
        """The sandbox's own time: ``clock.now()``."""
        return self.server.bank.clock

    @property
    def notifications(self) -> list[Letter]:
        """What no listener has acknowledged, oldest first, as the exact requests; :meth:`Buyer.notify` posts them."""
        return self.server.notifications

    def ledger(self) -> dict[str, Any]:
        """Every balance, token and transaction: the truth about money, which no shop can write."""
        import requests

        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"{self.url}/_control/ledger", timeout=10)
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
            return found

    def advance(self, by: timedelta | float) -> None:
        """Move the sandbox's clock ahead by a timedelta or seconds: what falls due settles, and its
        notifications are posted to listeners that are really there."""
        self.server.bank.advance(by.total_seconds() if isinstance(by, timedelta) else by)
        self.post_notifications()

    def settle(self) -> list[TransactionRecord]:
        """Move the clock to the next transaction that is due and let it end; gives those that ended.

        :raises AssertionError: where nothing pends.
        """
        bank = self.server.bank
        due = bank.next_due()
        if due is None:
            raise AssertionError("nothing is pending at the sandbox")
        pending = {each.transaction_id for each in bank.settlement.pending()}
        self.advance(max(0.0, (due - bank.clock.now()).total_seconds()) + 0.001)
        left = {each.transaction_id for each in bank.settlement.pending()}
        ended = (bank.transaction(each) for each in sorted(pending - left))
        return [each for each in ended if each is not None]

    def post_notifications(self) -> None:
        """Post what is due to shops that are served on a port. A test client has none: :meth:`Buyer.notify`."""
        self.server.outbox.deliver_due()

    def reset(self) -> None:
        """As on the first day: demo accounts, no fault, the switches turned back to the harshest, real time."""
        self.server.reset()


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

    def _walk(self, client: Client, response: Any, email: str, method: str | None, password: str | None) -> _Walk:
        start = _to_the_pages(client, response, self._sandbox.url)
        return _Walk(self._sandbox.url, start, email, password or email.partition("@")[0], method)


class _Walk:
    """One browser on its way through the payment pages."""

    def __init__(self, sandbox: str, start: str, email: str, password: str, method: str | None) -> None:
        import requests

        self._session = requests.Session()
        self._session.trust_env = False
        self._sandbox = sandbox
        self._start = start
        self._email = email
        self._password = password
        self._method = method

    def to_end(self) -> str:
        """Approve, and give the return URL."""
        return self.left(self._through(None))

    def to_step(self, step: str) -> Page:
        """Walk to the page of this step."""
        page = self._through(step)
        if isinstance(page, str):
            raise AssertionError(f"there was no page {step!r} on the way to {page}")
        return page

    def left(self, where: Page | str) -> str:
        """The address outside the sandbox where the walk ended."""
        if isinstance(where, Page):
            raise AssertionError(f"the sandbox does not send the buyer back: {where}")
        return where

    def send(self, page: Page, control: str, values: list[tuple[str, str]]) -> Page | str:
        """Submit the form that has this control."""
        form = page.form(control)
        if form is None:
            raise AssertionError(f"{page} has no {control!r}")
        return self._send(form, values)

    def _through(self, stop: str | None) -> Page | str:
        where = self._open(self._start)
        for _ in range(MOST_PAGES):
            if isinstance(where, str) or (stop is not None and _step(where) == stop):
                return where
            where = self._next(where)
        raise AssertionError(f"the sandbox's pages go in circles: {where}")

    def _next(self, page: Page) -> Page | str:
        step = _step(page)
        if step == "sign_in":
            return self.send(page, "password", [("email", self._email), ("password", self._password)])
        if step == "payment_method":
            return self.send(page, "paymentMethod", [("paymentMethod", self._chosen(page))])
        if step == "confirm" and self._is_wrong_method(page):
            return self._open(page.link("Change") or self._stuck(page))
        if step == "confirm":
            return self.send(page, "confirm", [("confirm", "yes")])
        return self._open(page.link("Return to") or self._stuck(page))

    def _chosen(self, page: Page) -> str:
        form = page.form("paymentMethod")
        offered = form.choices.get("paymentMethod", []) if form is not None else []
        wanted = self._method or ("ABT" if "ABT" in offered else offered[0])
        if wanted not in offered:
            raise AssertionError(f"{self._email} cannot pay by {wanted} here, only by {' or '.join(offered)}")
        return wanted

    def _is_wrong_method(self, page: Page) -> bool:
        form = page.form("confirm")
        return self._method is not None and form is not None and form.value("paymentMethod") != self._method

    def _stuck(self, page: Page) -> str:
        raise AssertionError(f"the robot does not know what to do on {page}")

    def _open(self, url: str) -> Page | str:
        return self._load("GET", url, [])

    def _send(self, form: Form, values: list[tuple[str, str]]) -> Page | str:
        return self._load(form.method.upper(), form.action, form.filled(values))

    def _load(self, verb: str, url: str, fields: list[tuple[str, str]]) -> Page | str:
        """Follow redirects as long as they stay at the sandbox: a page, or the first address outside."""
        for _ in range(MOST_PAGES):
            if not url.startswith(f"{self._sandbox}/"):
                return url
            sent: dict[str, Any] = {"data": fields} if verb == "POST" else {"params": fields}
            answer = self._session.request(verb, url, allow_redirects=False, timeout=10, **sent)
            if not answer.is_redirect:
                return Page(url, answer.status_code, answer.text)
            verb, url, fields = "GET", urljoin(url, answer.headers["Location"]), []
        raise AssertionError(f"the sandbox redirects in circles: {url}")


def _step(page: Page) -> str | None:
    return next((step for step, control in STEPS.items() if page.form(control) is not None), None)


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
