"""Co-branded runs: from the signed request to a token or the buyer's cancel.

A caller's reference names one run. Used again while that run goes on, it goes on; once it has ended, the
same request is aborted and a different one is a caller's mistake (captured returns).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from urllib.parse import urlsplit

from . import ids
from .books import Books
from .clock import SandboxClock
from .errors import BankError
from .errors import CallerInputError
from .errors import RunEnded
from .instruments import single_use
from .instruments.single_use import NotWellFormed
from .records import Account
from .records import Method
from .records import Parameter
from .records import Run
from .records import Token
from .rules import Rules

REFERENCE_LENGTH = 128
#: The return's status of a token, by the method it pays with.
SUCCESS = {"ABT": "SA", "ACH": "SB", "CC": "SC"}
_SIGNING = frozenset({"signature", "awsSignature", "signatureVersion", "signatureMethod", "callerKey"})


@dataclass(frozen=True)
class Refusal:
    """A request that is sent straight back, or a buyer who cannot pay it."""

    #: ``CE``, ``NP`` or ``PE``.
    status: str
    message: str
    #: What the return echoes, where it echoes it.
    caller_reference: str | None = None


class Pipelines:
    """The desk for co-branded runs."""

    def __init__(self, books: Books, clock: SandboxClock, rules: Rules) -> None:
        self._books = books
        self._clock = clock
        self._rules = rules

    def open(self, caller: Account | str, params: Mapping[str, str], *, era: str = "v2") -> Run | Refusal:
        """Begin a run, or go on with the one of the same reference.

        :param caller: whose key signed the request (checked by whoever calls).
        :param params: decoded, under their documented names; the signature may be among them.
        :param era: which signature the return shall carry: ``v2``, ``v1`` or ``awsSignature``.
        :raises CallerInputError: for what gets an error page in place of a return.
        """
        email = caller if isinstance(caller, str) else caller.email
        with self._books.change():
            _check_common(params)
            known = self._books.runs.find("reference", (email, params["callerReference"]))
            if known:
                return self._again(known[-1], params)
            try:
                return self._books.runs.put(self._new_run(email, params, era))
            except NotWellFormed as error:
                return _caller_exception(str(error), params)

    def run(self, run_id: str) -> Run | None:
        return self._books.runs.get(run_id)

    def methods(self, run_id: str, email: str) -> list[Method]:
        """The buyer's ways to pay that the request allows."""
        with self._books.change():
            run, account = self._parties(run_id, email)
            return [method for method in account.methods if method.kind in run.methods]

    def objection(self, run_id: str, email: str) -> Refusal | None:
        """Why this account cannot pay in this run, if so. The run itself goes on."""
        with self._books.change():
            run, account = self._parties(run_id, email)
            if account.email == run.recipient:
                return Refusal("NP", "NP" if run.era != "v2" else "User Error: The sender is the recipient")
            if not self.methods(run_id, email):
                return Refusal("PE", "User Error: The account has none of the requested payment methods")
            return None

    def default_method(self, run_id: str, email: str) -> Method | None:
        """The method to use without asking: the account's default, where the request allows it."""
        with self._books.change():
            account = self._books.accounts.get(email)
            kind = account.default_method if account else None
            return next((method for method in self.methods(run_id, email) if method.kind == kind), None)

    def authorize(self, run_id: str, email: str, method: str) -> Token:
        """The buyer confirms: make his token and end the run.

        :raises RunEnded: if it had ended before: there is one token of a run, or none.
        :raises BankError: if this account cannot pay in this run by this method.
        """
        with self._books.change():
            run = self._going_on(run_id)
            self._check_payer(run, email, method)
            token = single_use.install(run, email, method, self._clock.now(), self._rules)
            self._books.tokens.put(token)
            self._books.runs.put(replace(run, ended=SUCCESS[method], token_id=token.token_id))
            return token

    def abandon(self, run_id: str) -> Run:
        """The buyer cancels.

        :raises RunEnded: if it had ended before.
        """
        with self._books.change():
            return self._books.runs.put(replace(self._going_on(run_id), ended="A"))

    def _new_run(self, caller: str, params: Mapping[str, str], era: str) -> Run:
        single_use.check_request(params, self._rules)
        if len(params["callerReference"]) > REFERENCE_LENGTH:
            raise NotWellFormed("callerReference")
        if params.get("recipientToken"):
            raise NotWellFormed("recipientToken")
        return Run(
            run_id=ids.run_id(),
            caller=caller,
            pipeline=params["pipelineName"],
            caller_reference=params["callerReference"],
            return_url=params["returnURL"],
            era=era,
            given=_unsigned(params),
            amount=single_use.requested_amount(params, self._rules),
            recipient=caller,
            reason=params.get("paymentReason", ""),
            methods=single_use.requested_methods(params),
            opened_at=self._clock.now(),
        )

    def _again(self, run: Run, params: Mapping[str, str]) -> Run | Refusal:
        if sorted(_unsigned(params), key=str) != sorted(run.given, key=str):
            return _caller_exception("callerReference", params)
        if run.ended is None:
            return run
        aborted = "NP" if run.era != "v2" else "User Error: The pipeline was aborted and restarted"
        return Refusal("NP", aborted)

    def _parties(self, run_id: str, email: str) -> tuple[Run, Account]:
        run, account = self._books.runs.get(run_id), self._books.accounts.get(email)
        if run is None or account is None:
            raise LookupError("no such run, or no such account")
        return run, account

    def _going_on(self, run_id: str) -> Run:
        run = self._books.runs.get(run_id)
        if run is None:
            raise LookupError(f"no run is called {run_id}")
        if run.ended is not None:
            raise RunEnded(f"the run ended with {run.ended}")
        return run

    def _check_payer(self, run: Run, email: str, method: str) -> None:
        objection = self.objection(run.run_id, email)
        if objection is not None:
            code = "SameSenderAndRecipient" if objection.status == "NP" else "InvalidPaymentMethod"
            raise BankError(code, objection.message)
        if method not in [allowed.kind for allowed in self.methods(run.run_id, email)]:
            raise BankError("InvalidPaymentMethod", f"{method!r} is not among the payment methods of this run")


def _check_common(params: Mapping[str, str]) -> None:
    for name in ("pipelineName", "returnURL"):
        if not params.get(name):
            raise _absent(name)
    if params["pipelineName"] != "SingleUse":
        raise _absent("pipelineName")
    if not _is_web_address(params["returnURL"]):
        raise _absent("returnURL")
    if not params.get("callerReference"):
        raise CallerInputError("Caller Input Exception: The following input(s) are not well formed:[callerReference]")


def _absent(name: str) -> CallerInputError:
    return CallerInputError(f"Caller Input Exception: The following input(s) are either invalid or absent:[{name}]")


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and url.isprintable()
    except ValueError:
        return False


def _caller_exception(name: str, params: Mapping[str, str]) -> Refusal:
    return Refusal("CE", f"The following input(s) are not well formed: [{name}]", params.get("callerReference"))


def _unsigned(params: Mapping[str, str]) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, value) for name, value in params.items() if name not in _SIGNING)
