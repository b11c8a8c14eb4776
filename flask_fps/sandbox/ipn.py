"""Instant payment notifications on their way: signed, posted, posted again.

FPS developer guide, *Instant Payment Notification*: a POST in form encoding, signed like a return; any 2xx
acknowledges it. Redirects are not followed. What nobody took stays listed, as the exact request it was.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from ..protocol import outbound
from ..protocol import query
from .bank import Bank
from .bank import ids
from .bank.records import Notice
from .settings import Settings

log = logging.getLogger(__name__)

HEADERS: Mapping[str, str] = {
    "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    "User-Agent": "FPS-Sandbox",
}


@dataclass(frozen=True)
class Letter:
    """One notification as the request that carries it."""

    notice_id: str
    #: ``None``: the account has no listener, and there is nothing to sign it for.
    url: str | None
    body: bytes
    headers: Mapping[str, str]
    #: What it says, before its signature was added.
    parameters: Mapping[str, str]
    attempts: int
    #: Why nobody took it so far.
    last_error: str


class Outbox:
    """Signs and posts what the bank wrote."""

    def __init__(self, bank: Bank, settings: Settings) -> None:
        self._bank = bank
        self._settings = settings
        self._posting = threading.Lock()

    def undelivered(self) -> list[Letter]:
        """What nobody acknowledged, oldest first; lost ones are not among them."""
        return [self._letter(notice) for notice in self._bank.notices.undelivered()]

    def letter_for(self, notice_id: str, url: str) -> Letter:
        """The notification signed for this URL: for one that had no listener."""
        notice = self._bank.notices.get(notice_id)
        return self._made(notice, url, self._body(notice, url))

    def deliver_due(self) -> int:
        """Post every notification whose time has come; how many were taken.

        While another thread is at it, nothing: no notification is posted twice at once, and a listener that
        asks us something in the middle is not kept waiting for himself.
        """
        if not self._settings.post_notifications or not self._posting.acquire(blocking=False):
            return 0
        try:
            return sum(self.deliver(notice) for notice in self._to_post())
        finally:
            self._posting.release()

    def _to_post(self) -> list[Notice]:
        due = [notice for notice in self._bank.notices.due() if self._is_posted(notice)]
        return due if self._bank.switches.ipn_order == "oldest_first" else due[::-1]

    def _is_posted(self, notice: Notice) -> bool:
        return notice.url is not None and (not self._settings.only_to_ports or urlsplit(notice.url).port is not None)

    def deliver(self, notice: Notice) -> bool:
        """Post one, in all its copies, and note what became of the last."""
        letter = self._letter(notice)
        *_, problem = (self._post(letter) for _copy in range(notice.copies))
        try:
            if problem is None:
                self._bank.notices.delivered(notice.notice_id)
            else:
                self._bank.notices.failed(notice.notice_id, problem)
        except LookupError:
            log.info("notification %s was forgotten by a reset while it was posted", notice.notice_id)
        return problem is None

    def _post(self, letter: Letter) -> str | None:
        """What went wrong, as a sentence, or ``None``."""
        assert letter.url is not None
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.post(
                    letter.url,
                    data=letter.body,
                    headers=dict(letter.headers),
                    timeout=self._settings.notification_timeout,
                    allow_redirects=False,
                    stream=True,
                )
            except (requests.RequestException, ValueError) as error:
                log.info("notification %s: %s", letter.notice_id, type(error).__name__)
                return f"no answer: {type(error).__name__}"
            with answer:
                return None if answer.ok and answer.status_code < 300 else f"answered {answer.status_code}"

    def _letter(self, notice: Notice) -> Letter:
        if notice.url is None:
            return self._made(notice, None, "")
        if notice.body is None:
            notice = self._bank.notices.signed(notice.notice_id, self._body(notice, notice.url))
        return self._made(notice, notice.url, notice.body or "")

    def _made(self, notice: Notice, url: str | None, body: str) -> Letter:
        return Letter(
            notice.notice_id, url, body.encode(), HEADERS, notice.parameters, notice.attempts, notice.last_error
        )

    def _body(self, notice: Notice, url: str) -> str:
        account = self._bank.account(notice.account)
        if account.ipn_signature == "1":
            signed = outbound.sign_outbound_v1(notice.parameters, account.secret_key or "")
        else:
            signed = self._signed(url, notice.parameters)
        return query.join(signed | {parameter.name: parameter.value for parameter in notice.forged})

    def _signed(self, url: str, parameters: Mapping[str, str]) -> dict[str, str]:
        settings = self._settings
        tail = f"?requestId={ids.request_id()}" if settings.request_id_in_certificate_url else ""
        return outbound.sign_outbound(
            "POST",
            url,
            parameters,
            settings.private_key_pem,
            settings.certificate_url + tail,
            wrap=settings.wrap,
        )
