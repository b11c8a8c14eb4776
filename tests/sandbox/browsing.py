"""A browser without a screen, for the sandbox's pages: cookies, forms, and where it was sent when it left."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin
from urllib.parse import urlsplit

import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_fps.protocol import demo
from flask_fps.protocol.cbui import CBUI
from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.server import create_app
from flask_fps.sandbox.settings import Settings
from flask_fps.testing.pages import Page

BASE = "http://127.0.0.1:8042"
START = f"{BASE}/cobranded-ui/actions/start"
RETURN_URL = "http://127.0.0.1:5000/fps/return?ref=a%20b"


class Browser:
    """One person's browser, which follows redirects as long as they stay in the sandbox."""

    #: Where the sandbox is.
    base = BASE

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        #: The last page's HTML.
        self.html = ""

    def open(self, url: str) -> Page:
        """The page one ends on.

        :raises AssertionError: where the sandbox sends the browser away.
        """
        where = self.visit(url)
        assert isinstance(where, Page), f"sent away to {where}"
        return where

    def visit(self, url: str, data: list[tuple[str, str]] | None = None) -> Page | str:
        """The page one ends on, or the address outside that one is sent to."""
        for _ in range(10):
            status, location, text = self.fetch(url, data)
            if location is None:
                self.html = text
                return Page(url, status, text)
            url, data = urljoin(url, location), None
            if urlsplit(url).netloc != urlsplit(self.base).netloc:
                return url
        raise AssertionError("redirected in circles")

    def send(self, page: Page, control: str, /, **values: str) -> Page | str:
        """Fill in and send the form that has this control, which is clicked if it is a button."""
        form = page.form(control)
        assert form is not None, f"{page} has no {control}"
        clicked = [pair for pair in form.buttons if pair[0] == control]
        return self.visit(form.action, form.filled([*values.items(), *clicked]))

    def go(self, page: Page, control: str, /, **values: str) -> Page:
        """Like :meth:`send`, where another page of the sandbox must follow."""
        where = self.send(page, control, **values)
        assert isinstance(where, Page), f"sent away to {where}"
        return where

    def leave(self, page: Page, control: str, /, **values: str) -> str:
        """Like :meth:`send`, where the browser must be sent away."""
        where = self.send(page, control, **values)
        assert isinstance(where, str), f"kept at {where}"
        return where

    def sign_in(self, page: Page, name: str = "john") -> Page:
        return self.go(page, "password", email=f"{name}@example.com", password=name)

    def approve(self, url: str, name: str = "john", method: str = "ABT") -> str:
        """Walk through the whole run and give the return URL."""
        page = self.open(url)
        if page.form("password"):
            page = self.sign_in(page, name)
        if not page.form("confirm"):
            page = self.go(page, "paymentMethod", paymentMethod=method)
        if not page.form("confirm"):
            page = self.go(page, "address", address="0")
        return self.leave(page, "confirm")

    def fetch(self, url: str, data: list[tuple[str, str]] | None) -> tuple[int, str | None, str]:
        """Status, where one is sent to, and text of one answer."""
        response = self.ask(url, data)
        return response.status_code, response.headers.get("Location"), response.get_data(as_text=True)

    def ask(self, url: str, data: list[tuple[str, str]] | None = None) -> TestResponse:
        """One answer; no redirect is followed."""
        return self.client.open(url, method="GET" if data is None else "POST", data=data and dict(data))


class WireBrowser(Browser):
    """The same over a real socket.

    :param base: where the sandbox listens.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self.html = ""
        self.session = requests.Session()
        self.session.trust_env = False

    def fetch(self, url: str, data: list[tuple[str, str]] | None) -> tuple[int, str | None, str]:
        method = "GET" if data is None else "POST"
        response = self.session.request(method, url, data=data, allow_redirects=False, timeout=10)
        return response.status_code, response.headers.get("Location"), response.text

    def close(self) -> None:
        self.session.close()


def sandbox_app(bank: Bank, settings: Settings | None = None) -> Flask:
    return create_app(bank, settings or Settings(base_url=BASE))


def request_url(reference: str = "order-1", start: str = START, **given: Any) -> str:
    """A signed request of the demo seller for ten cents."""
    wish: dict[str, Any] = {
        "caller_reference": reference,
        "return_url": RETURN_URL,
        "transaction_amount": "0.10",
        "payment_reason": "Now and Forever - Richard Marx",
        "payment_method": ("ABT", "ACH", "CC"),
    }
    return CBUI(start, demo.ACCESS_KEY, demo.SECRET_KEY).single_use(**{**wish, **given})
