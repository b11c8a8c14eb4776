"""Who takes part: a shop, and somebody at a browser."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from playwright.sync_api import Page

from flask_fps.cli import fps


@dataclass(frozen=True)
class Shop:
    url: str
    app: Flask

    def cli(self, *arguments: str) -> str:
        """What `flask fps ...` prints."""
        result = self.app.test_cli_runner().invoke(fps, list(arguments))
        assert result.exit_code == 0, result.output
        return result.output


@dataclass(frozen=True)
class Visitor:
    """Somebody at a browser: what he does, named as he would."""

    page: Page
    shop: Shop

    def open(self, path: str) -> None:
        self.page.goto(self.shop.url + path)

    def press(self, name: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name).click()

    def follow(self, name: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=name).click()

    def want(self, title: str) -> None:
        """Press "Download now" beside this track."""
        self.open("/")
        self.follow(f"Download {title}")

    def sign_in_to_pay(self, name: str) -> None:
        self.page.locator("[name=email]").fill(f"{name}@example.com")
        self.page.locator("[name=password]").fill(name)
        self.press("Sign in")

    def choose(self, kind: str) -> None:
        self.page.locator(f"[name=paymentMethod][value={kind}]").check()
        self.press("Continue")

    def confirm(self) -> None:
        self.press("Confirm")

    def buy(self, title: str, name: str = "john", kind: str | None = "ABT") -> None:
        """The whole dance, up to the payment's page."""
        self.want(title)
        self.sign_in_to_pay(name)
        if kind is not None:
            self.choose(kind)
        self.confirm()

    def download(self, name: str) -> tuple[str, bytes]:
        """Follow this link to a file: its name and what is in it."""
        with self.page.expect_download() as started:
            self.page.get_by_role("link", name=name).click()
        return started.value.suggested_filename, started.value.path().read_bytes()

    def sign_in_to_shop(self, name: str) -> None:
        self.open("/sign-in")
        self.page.get_by_label("E-mail").fill(f"{name}@shop.example")
        self.page.get_by_label("Password").fill(name)
        self.press("Sign in")

    @property
    def heading(self) -> str:
        return self.page.get_by_role("heading", level=1).inner_text()

    @property
    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def at_shop(self) -> bool:
        return self.page.url.startswith(self.shop.url)
