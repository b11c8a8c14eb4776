"""Every error this package raises for its callers, split by what the caller may do.

::

    FPSError
    ├── InvalidSignature        not from the provider: show an error page, touch nothing
    ├── MalformedMessage        not readable as what it claims to be: likewise
    ├── Forged                  a link or cookie that this shop did not sign: likewise
    ├── Expired                 a link of this shop past its age (``payload``)
    ├── TransportError          no readable answer
    │   ├── NotSent             could not connect: nothing left us, safe to try again
    │   └── OutcomeUnknown      sent, no readable answer: re-send the identical request
    ├── ServiceError            the provider said no (``code``, ``retryable``)
    ├── LedgerError
    │   ├── LedgerBusy          the database is locked or away: try again later
    │   ├── SchemaMissing       the tables are not there: run the command it names
    │   ├── InvalidTransition   the ledger refused to move a payment
    │   └── Refused             what was asked for contradicts what is known: the message says what
    └── OrderError              the shop asked for something that cannot be sold

A mistake in set-up is a :class:`SetupError`, which is a plain :class:`RuntimeError`, with the key's name and the fix.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from click import ClickException


def see(key: str) -> str:
    """Where a configuration key is described: the end of every error that names one."""
    return f" (docs/configuration.rst#{key.lower().replace('_', '-')})"


class SetupError(ClickException, RuntimeError):
    """The shop is not set up as it must be. The message names the key or the line, and the fix.

    A :class:`RuntimeError` for whoever catches it. At a terminal, under ``flask run`` as under ``flask fps``, the
    sentence stands alone, without a traceback, and the exit status is 1.
    """


class FPSError(Exception):
    """Root of every error of this package."""


class InvalidSignature(FPSError):
    """A message that did not come from the provider, or was changed on its way.

    Show an error page and change nothing.
    """

    #: The parameters as they were received; never trust them, they are here for the log.
    params: Mapping[str, str]

    def __init__(self, message: str, params: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.params = dict(params or {})


class MalformedMessage(FPSError):
    """A query string, form or answer that cannot be read as what it claims to be."""


class Forged(FPSError):
    """A link or cookie that this shop's own key did not sign, or that was changed since.

    Nothing in it may be used; answer with a 400.
    """


class Expired(FPSError):
    """A link that this shop did sign, and that is past its age."""

    #: What the link says. It is genuine, only old: good for sending the buyer to a fresh page.
    payload: Mapping[str, Any]

    def __init__(self, message: str, payload: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.payload = payload


class TransportError(FPSError):
    """The provider gave no readable answer."""


class NotSent(TransportError):
    """No byte of the request left this machine: name lookup, connection or TLS failed.

    Safe to try again at once.
    """


class OutcomeUnknown(TransportError):
    """The request was sent, or may have been, and no readable answer came back.

    The payment stays as it is. Only the identical request may be sent again.
    """


class ServiceError(FPSError):
    """The provider understood the request and refused it.

    Codes and which of them are worth a retry: *APIErrorCodesTable* of the FPS API reference.
    """

    #: The provider's own code, for example ``InsufficientBalance``.
    code: str
    #: The provider's own sentence.
    message: str
    #: What the provider's support would ask for.
    request_id: str | None
    #: The HTTP status that carried the error.
    http_status: int
    #: True where the provider documents that the same wish may succeed later.
    retryable: bool

    def __init__(
        self,
        code: str,
        message: str,
        *,
        request_id: str | None = None,
        http_status: int = 400,
        retryable: bool = False,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.request_id = request_id
        self.http_status = http_status
        self.retryable = retryable


class LedgerError(FPSError):
    """The ledger could not do what was asked; nothing was half done."""


class LedgerBusy(LedgerError):
    """The database stayed locked, or is away. Try again later.

    What was being written may be there all the same: a commit can be done and its answer lost.
    """

    #: Of a refund: under this key it may be written down, and is given back then. Repeat it with this key only.
    key: str | None = None

    def __init__(self, message: str, *, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


class SchemaMissing(LedgerError):
    """The ledger's tables are missing or older than this code. The message names the command."""


class InvalidTransition(LedgerError):
    """The ledger refused to move a payment: the move is not in the move table."""

    #: The state the payment is in.
    state: str
    #: The state that was asked for.
    to: str

    def __init__(self, state: str, to: str) -> None:
        super().__init__(f"a payment cannot move from {state!r} to {to!r}")
        self.state = state
        self.to = to


def no_payment(reference: str) -> str:
    """What is said of a reference that the ledger does not know."""
    return f"there is no payment {reference!r:.80} in this ledger: `flask fps list` shows the newest"


class Refused(LedgerError):
    """What was asked to be done with a payment contradicts what is known of it. Nothing was changed or sent."""


class OrderError(FPSError, ValueError):
    """The shop asked for an order that cannot be sold; the message says what to change."""
