"""What was asked, answered and told."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta

from ....money import Money
from ....protocol.pipelines import taken
from .people import Address


@dataclass(frozen=True)
class Parameter:
    """One name and value of a stored message, in its order."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """One walk through the co-branded pages."""

    run_id: str
    caller: str
    pipeline: str
    caller_reference: str
    return_url: str
    #: Which signature the return carries: ``v2``, ``v1`` or ``awsSignature``.
    era: str
    #: The whole request but its signature, for the page and for comparing a second one.
    given: tuple[Parameter, ...]
    amount: Money
    recipient: str
    reason: str
    methods: tuple[str, ...]
    opened_at: datetime
    #: Of the second token that it makes, where the request names that, too.
    further_reference: str | None = None
    #: Who may be paid, where the request names more than one.
    recipients: tuple[str, ...] = ()
    #: The token that it changes.
    edits: str | None = None
    #: Where the buyer said that it is shipped to.
    address: Address | None = None
    #: How it ended: the return's status (``SA``, ``SR``, ``SU``, ``A`` and so on); ``None`` while it goes on.
    ended: str | None = None
    token_id: str | None = None
    #: What the return says beside its status.
    answer: tuple[Parameter, ...] = ()

    @property
    def payees(self) -> tuple[str, ...]:
        """Everybody who may be paid."""
        return self.recipients or (self.recipient,)

    @property
    def parameters(self) -> dict[str, str]:
        """Those that its pipeline has; what else was given is ignored."""
        return taken(self.pipeline, {parameter.name: parameter.value for parameter in self.given})


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A caller's reference and the whole first answer it got."""

    account: str
    action: str
    reference: str
    #: Of every parameter that makes a request the same.
    digest: str
    status: int
    answer: str
    first_used_at: datetime


@dataclass(frozen=True, kw_only=True)
class Notice:
    """An instant payment notification and what became of it."""

    notice_id: str
    #: Whose it is: the caller.
    account: str
    #: Where it goes; ``None``: that account has no listener.
    url: str | None
    fields: tuple[Parameter, ...]
    #: The action that caused it: ``Pay``, ``Refund``, ``CancelToken``.
    cause: str
    written_at: datetime
    due_at: datetime | None
    attempts: int = 0
    #: ``waiting``, ``overtaken`` (it lets the next one pass), ``unaddressed`` (no listener), ``delivered``,
    #: ``given_up`` or ``dropped``.
    state: str = "waiting"
    last_error: str = ""
    #: As signed for :attr:`url`; the same bytes go out again at every attempt.
    body: str | None = None
    #: So often it is posted at each attempt.
    copies: int = 1
    #: What was put in place of its true values after it was signed.
    forged: tuple[Parameter, ...] = ()

    @property
    def parameters(self) -> dict[str, str]:
        return {parameter.name: parameter.value for parameter in self.fields}

    @property
    def is_open(self) -> bool:
        """It is still to be posted, at :attr:`due_at`."""
        return self.due_at is not None and self.state in ("waiting", "overtaken")

    def late(self, by: timedelta) -> Notice:
        """The same, due so much later, if it is due at all."""
        return self if self.due_at is None else replace(self, due_at=self.due_at + by)


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a transaction ended that did not end at once, until its caller discards it (*GetResults*)."""

    transaction_id: str
    account: str
    operation: str
    caller_reference: str
    #: ``Success``, ``Failure`` or ``TemporaryDecline``.
    status: str


@dataclass(frozen=True)
class Note:
    """A small fact the books keep by name."""

    name: str
    text: str
