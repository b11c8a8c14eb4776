"""Co-branded runs: from the signed request to a token or the buyer's cancel.

A caller's reference names one run. Used again while that run goes on, it goes on; once it has ended, the
same request is aborted and a different one is a caller's mistake (captured returns). Only after the service's own
failure does the same request begin anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .asked import Asked
from .asked import NotWellFormed
from .books import Books
from .clock import SandboxClock
from .errors import BankError
from .errors import RunEnded
from .granting import Made
from .granting import PIPELINES
from .granting import terms_of
from .instruments import edit_token
from .instruments.consent import Consent
from .opening import Opening
from .persons import Persons
from .records import Account
from .records import Address
from .records import Method
from .records import Parameter
from .records import Run
from .records import Token
from .refusing import caller_exception
from .refusing import checked
from .refusing import Refusal as Refusal
from .refusing import refused
from .refusing import unsigned
from .rules import Rules

#: The return's status of a token, by the method it pays with.
SUCCESS = {"ABT": "SA", "ACH": "SB", "CC": "SC"}
#: Errors of the service's own.
SYSTEM_ERROR = "System Error: The request could not be completed. Please try again."


class Pipelines:
    """The desk for co-branded runs."""

    def __init__(self, books: Books, clock: SandboxClock, rules: Rules) -> None:
        self._books = books
        self._clock = clock
        self._rules = rules
        self._opening = Opening(books, clock, rules)
        self._persons = Persons(books, clock)

    def open(self, caller: Account | str, params: Mapping[str, str], *, era: str = "v2") -> Run | Refusal:
        """Begin a run, or go on with the one of the same reference.

        :param caller: whose key signed the request (checked by whoever calls).
        :param params: decoded, under their documented names; the signature may be among them.
        :param era: which signature the return shall carry: ``v2``, ``v1`` or ``awsSignature``.
        :raises CallerInputError: for what gets an error page in place of a return.
        """
        email = caller if isinstance(caller, str) else caller.email
        with self._books.change():
            pipeline = checked(params)
            known = self._books.runs.find("reference", (email, params.get(pipeline.references[0], "")))
            if known and not _is_retry(known[-1], params):
                return self._again(known[-1], params)
            try:
                return self._opening.opened(email, params, pipeline, era)
            except NotWellFormed as error:
                return caller_exception(str(error), params)

    def run(self, run_id: str) -> Run | None:
        return self._books.runs.get(run_id)

    def methods(self, run_id: str, email: str) -> list[Method]:
        """The person's ways to pay that the request allows."""
        with self._books.change():
            run, account = self._parties(run_id, email)
            return [method for method in account.methods if method.kind in run.methods]

    def objection(self, run_id: str, email: str) -> Refusal | None:
        """Why this account cannot agree in this run, if so. The run itself goes on."""
        with self._books.change():
            return self._persons.objection(*self._parties(run_id, email))

    def default_method(self, run_id: str, email: str) -> Method | None:
        """The method to use without asking: the account's default, where the request allows it."""
        with self._books.change():
            account = self._books.accounts.get(email)
            kind = account.default_method if account else None
            return next((method for method in self.methods(run_id, email) if method.kind == kind), None)

    def ship_to(self, run_id: str, email: str, address: Address) -> Run:
        """The person says where to ship to; a new address is kept with his account.

        :raises RunEnded: if it had ended before.
        """
        with self._books.change():
            run, account = self._going_on(run_id), self._parties(run_id, email)[1]
            if address not in account.addresses:
                self._books.accounts.put(replace(account, addresses=(*account.addresses, address)))
            return self._books.runs.put(replace(run, address=address))

    def authorize(self, run_id: str, email: str, method: str) -> Token:
        """The person agrees: make what the run is for, and end it.

        :param method: how he pays; of a recipient it is not looked at.
        :raises RunEnded: if it had ended before: there is one token of a run, or none.
        :raises BankError: if this account cannot agree in this run by this method.
        """
        with self._books.change():
            run = self._going_on(run_id)
            self._check_person(run, email, method)
            if run.pipeline == "EditToken":
                return self._edit(run, method)
            made = self._made(run, email, method)
            for token in made.tokens:
                self._books.tokens.put(token)
            if made.instrument is not None:
                self._books.instruments.put(made.instrument)
            status = SUCCESS[method] if run.pipeline != "Recipient" else "SR"
            self._end(run, status, made.tokens[-1], method, made.answer)
            return made.tokens[-1]

    def abandon(self, run_id: str) -> Run:
        """The buyer cancels.

        :raises RunEnded: if it had ended before.
        """
        return self._stop(run_id, "A")

    def break_down(self, run_id: str) -> Run:
        """The service fails: there is no token, and the caller is told to try again.

        :raises RunEnded: if it had ended before.
        """
        return self._stop(run_id, "SE", Parameter("errorMessage", SYSTEM_ERROR))

    def _stop(self, run_id: str, status: str, *answer: Parameter) -> Run:
        with self._books.change():
            return self._books.runs.put(replace(self._going_on(run_id), ended=status, answer=answer))

    def _again(self, run: Run, params: Mapping[str, str]) -> Run | Refusal:
        if not _is_same(run, params):
            return caller_exception(PIPELINES[params["pipelineName"]].references[0], params)
        if run.ended is None:
            return run
        return refused(run, "NP", "The pipeline was aborted and restarted")

    def _made(self, run: Run, email: str, method: str) -> Made:
        asked = Asked(run.parameters, self._rules, run.opened_at)
        consent = Consent(
            sender=email,
            caller=run.caller,
            caller_reference=run.caller_reference,
            method=method,
            at=self._clock.now(),
            reason=run.reason,
            starts_at=asked.starts_at(),
            expires_at=asked.expires_at(),
        )
        make = PIPELINES[run.pipeline].make
        assert make is not None
        return make(run, consent, dict(terms_of(run, self._rules)), self._rules)

    def _edit(self, run: Run, method: str) -> Token:
        token = self._books.tokens.get(run.edits or "")
        assert token is not None
        status = "SU" if token.method == method else SUCCESS[method]
        edited = self._books.tokens.put(edit_token.change_method(token, method))
        self._end(run, status, edited, method, {"tokenID": edited.token_id})
        return edited

    def _end(self, run: Run, status: str, token: Token, method: str, answer: Mapping[str, str]) -> None:
        said = dict(answer)
        if PIPELINES[run.pipeline].echoes:
            said["callerReference"] = run.caller_reference
        sender = self._books.accounts.get(token.sender)
        paid_by = sender.method(method) if sender else None
        if paid_by is not None and paid_by.expiry and run.pipeline != "Recipient":
            said["expiry"] = paid_by.expiry
        said |= _shipping(run.address) if run.address else {}
        parameters = tuple(Parameter(name, value) for name, value in said.items())
        self._books.runs.put(replace(run, ended=status, token_id=token.token_id, answer=parameters))

    def _check_person(self, run: Run, email: str, method: str) -> None:
        objection = self.objection(run.run_id, email)
        if objection is not None:
            codes = {"PE": "InvalidPaymentMethod", "NP": "SameSenderAndRecipient"}
            raise BankError(codes.get(objection.status, "TokenAccessDenied"), objection.message)
        if run.pipeline != "Recipient" and method not in [one.kind for one in self.methods(run.run_id, email)]:
            raise BankError("InvalidPaymentMethod", f"{method!r} is not among the payment methods of this run")

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


def _is_same(run: Run, params: Mapping[str, str]) -> bool:
    return sorted(unsigned(params), key=str) == sorted(run.given, key=str)


def _is_retry(run: Run, params: Mapping[str, str]) -> bool:
    """The same request again, after the service's own failure: its caller was told to try again."""
    return run.ended == "SE" and _is_same(run, params)


def _shipping(address: Address) -> dict[str, str]:
    """The chosen address as the return carries it, with a warning where it cannot be right."""
    lines = {
        "addressName": address.name,
        "addressLine1": address.line1,
        "addressLine2": address.line2,
        "city": address.city,
        "state": address.state,
        "zip": address.zip,
        "country": address.country,
        "phoneNumber": address.phone,
    }
    said = {name: value for name, value in lines.items() if value}
    if not address.is_plausible:
        said |= {
            "warningCode": "InvalidShippingAddress",
            "warningMessage": "The shipping address could not be verified",
        }
    return said
