"""One walk through the sandbox's payment pages, form by form."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from .pages import Form
from .pages import Page

#: Steps of the payment pages, by the control that only this step has, in the order to look for them.
STEPS = {"sign_in": "password", "confirm": "confirm", "payment_method": "paymentMethod"}
#: A walk that takes more pages than this goes in circles.
MOST_PAGES = 12


class Walk:
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
