"""The sandbox as an application, and as a server in a thread for tests and for the command line."""

from __future__ import annotations

import ssl
import threading
import time
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

from flask import Flask

from ..errors import SetupError
from .bank import Bank
from .bank.switches import Switches
from .current import EXTENSION
from .current import Sandbox
from .fate import fate
from .faults import Faults
from .heartbeat import Heartbeat
from .http import Server
from .ipn import Letter
from .ipn import Outbox
from .settings import Settings

#: How often due transactions are settled and due notifications posted.
BEAT_SECONDS = 0.1
#: How long requests may take to end once the server is told to stop.
STOP_SECONDS = 3.0


def create_app(
    bank: Bank,
    settings: Settings,
    faults: Faults | None = None,
    outbox: Outbox | None = None,
    *,
    settling: bool = True,
) -> Flask:
    """The sandbox over this bank: Query API, co-branded pages, account manager, certificate, control plane.

    :param settling: before each request, settle what is due; without it only moving the clock does.
    :raises RuntimeError: the extra ``sandbox`` is not installed.
    """
    if find_spec("flask_wtf") is None:
        raise SetupError('the sandbox needs its extra: pip install "Flask-FPS[sandbox]"')
    from . import account
    from . import api
    from . import cbui
    from . import certs
    from . import control
    from . import visitors

    app = Flask("flask_fps.sandbox", root_path=str(Path(__file__).parent), static_folder=None)
    app.config.update(
        SECRET_KEY=bank.secret("cookies"),
        SESSION_COOKIE_NAME="fps_sandbox_session",
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        MAX_CONTENT_LENGTH=1 << 20,
    )
    app.session_interface = visitors.Sessions()
    faults = faults or Faults(bank.clock)
    bank.notices.fate = fate(faults)
    app.extensions[EXTENSION] = Sandbox(bank, settings, faults, outbox or Outbox(bank, settings))
    for room in (api, cbui, account, certs, control):
        app.register_blueprint(room.blueprint)
    if settling:
        app.before_request(lambda: _settle(bank))
    return app


def _settle(bank: Bank) -> None:
    """What is due has happened, whatever a page or an answer says next."""
    bank.settle_due()


class SandboxServer:
    """A sandbox that answers on a real socket, in threads of this process.

    It listens once it is made, so that :attr:`url` is known; :meth:`start` begins to answer. Use it as a
    context manager, or call :meth:`stop`.

    :param host: loopback by default; who can reach it can move its money.
    :param port: 0 takes a free one.
    :param bank: the bank to serve; without one a new bank with the demo accounts, its books in memory.
    :param settings: ``base_url`` and ``port`` are filled in with the address it listens on.
    :param public_url: what others reach it under, where that is another address.
    :param tls: answer by HTTPS with it (:func:`.tls.context`), and not by plain HTTP.
    :param ticking: settle and post by itself as time goes by; otherwise :meth:`advance` and :meth:`tick` do.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        bank: Bank | None = None,
        settings: Settings | None = None,
        public_url: str | None = None,
        tls: ssl.SSLContext | None = None,
        ticking: bool = True,
    ) -> None:
        self._http = Server(host, port, lambda environ, start: self.app.wsgi_app(environ, start), secure=tls)
        try:
            self._address = f"{self._http.scheme}://{f'[{host}]' if ':' in host else host}:{self._http.port}"
            self.bank = bank or Bank()
            base_url = (public_url or self._address).rstrip("/")
            self.settings = replace(settings or Settings(), base_url=base_url, port=self._http.port)
            self.faults = Faults(self.bank.clock)
            self.outbox = Outbox(self.bank, self.settings)
            self.app = create_app(self.bank, self.settings, self.faults, self.outbox, settling=ticking)
        except BaseException:
            self._http.server_close()
            raise
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._beats: list[Heartbeat] = []
        self._ticking = ticking

    @property
    def url(self) -> str:
        """Where it listens, no slash at the end."""
        return self._address

    @property
    def switches(self) -> Switches:
        """How it answers what FPS's references leave open."""
        return self.bank.switches

    @property
    def notifications(self) -> list[Letter]:
        """What no listener has acknowledged, oldest first."""
        return self.outbox.undelivered()

    def start(self) -> SandboxServer:
        """Answer from now on; returns once it does."""
        self._thread = threading.Thread(target=self._serve, name="fps-sandbox", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._ticking:
            self._beats = [
                Heartbeat("fps-sandbox-settling", BEAT_SECONDS, self.bank.settle_due),
                Heartbeat("fps-sandbox-notifying", BEAT_SECONDS, self.outbox.deliver_due),
            ]
            for beat in self._beats:
                beat.start()
        return self

    def stop(self) -> None:
        """Answer what is being asked, then close every connection. Safe to call twice."""
        for beat in self._beats:
            beat.stop(STOP_SECONDS)
        self._beats = []
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
            self._thread = None
            self._see_out()
        self._http.server_close()

    def tick(self) -> None:
        """Settle what is due and post what is due, now and in this thread."""
        self.bank.settle_due()
        self.outbox.deliver_due()

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock ahead, and tick."""
        self.bank.advance(seconds)
        self.outbox.deliver_due()

    def reset(self) -> None:
        """As on the first day: demo accounts, no fault, the switches turned back, real time."""
        self.faults.clear()
        self.bank.reset()

    def __enter__(self) -> SandboxServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self) -> None:
        self._ready.set()
        self._http.serve_forever(poll_interval=0.02)

    def _see_out(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        while self._http.hang_up(busy=False) and time.monotonic() < deadline:
            time.sleep(0.01)
        self._http.hang_up(busy=True)
