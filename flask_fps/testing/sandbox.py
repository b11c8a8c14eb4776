"""The sandbox of one test, in the test's hands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..sandbox.bank.clock import SandboxClock
    from ..sandbox.bank.records import TransactionRecord
    from ..sandbox.bank.switches import Switches
    from ..sandbox.faults import Faults
    from ..sandbox.ipn import Letter
    from ..sandbox.server import SandboxServer

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
