"""Co-branded runs: from the signed request to a token or the buyer's cancel.

A caller's reference names one run. Used again while that run goes on, it goes on; once it has ended, the
same request is aborted and a different one is a caller's mistake (captured returns).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from . import ids
from .asked import Asked
from .asked import NotWellFormed
from .books import Books
from .clock import SandboxClock
from .errors import BankError
from .errors import RunEnded
from .granting import Made
from .granting import Pipeline
from .granting import PIPELINES
from .granting import terms_of
from .instruments import edit_token
from .instruments.consent import Consent
from .records import Account
from .records import Address
from .records import Method
from .records import Parameter
from .records import Run
from .records import Token
from .refusing import ANY_METHOD
from .refusing import caller_exception
from .refusing import checked
from .refusing import methods_of
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
            if known:
                return self._again(known[-1], params)
            try:
                return self._opened(email, params, pipeline, era)
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
            run, account = self._parties(run_id, email)
            if not account.email_verified:
                return refused(run, "NP", "The e-mail address of the account is not verified")
            if run.pipeline == "EditToken":
                return self._no_editor(run, account)
            if account.email in (run.recipients or (run.recipient,)):
                return refused(run, "NP", "The sender is the recipient")
            if run.pipeline == "Recipient":
                return self._no_recipient(run, account)
            return self._without_method(run, account)

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

    # ------------------------------------------------------------------------------ opening

    def _opened(self, caller: str, params: Mapping[str, str], pipeline: Pipeline, era: str) -> Run | Refusal:
        asked = Asked(params, self._rules, self._clock.now())
        terms = pipeline.terms(asked)
        asked.check_what_is_shown()
        asked.starts_at()
        asked.expires_at()
        self._check_references(caller, asked, pipeline)
        run = Run(
            run_id=ids.run_id(),
            caller=caller,
            pipeline=params["pipelineName"],
            caller_reference=params[pipeline.references[0]],
            return_url=params["returnURL"],
            era=era,
            given=unsigned(params),
            amount=pipeline.headline(terms),
            recipient=caller,
            reason=params.get("paymentReason", ""),
            methods=methods_of(asked),
            opened_at=self._clock.now(),
        )
        return self._with_recipients(run, asked, pipeline)

    def _check_references(self, caller: str, asked: Asked, pipeline: Pipeline) -> None:
        """Each names one token, and has named none before."""
        given = [asked.reference(name) for name in pipeline.references]
        for name, reference in zip(pipeline.references, given, strict=True):
            tokens = self._books.tokens.find("reference", (caller, reference))
            if given.count(reference) > 1 or any(token.use != "Own" for token in tokens):
                raise NotWellFormed(name)

    def _with_recipients(self, run: Run, asked: Asked, pipeline: Pipeline) -> Run | Refusal:
        """The run with those who are to be paid, kept in the books; or why they cannot be."""
        names = asked.tokens(pipeline.recipients) if pipeline.recipients else ()
        if (names or run.pipeline == "Recipient") and not self._account(run.caller).is_marketplace:
            return refused(run, "NM", "The caller is not registered as a third-party caller")
        tokens = [self._recipient_token(run, name, pipeline.recipients or "") for name in names]
        if tokens:
            emails = tuple(dict.fromkeys(token.sender for token in tokens))
            run = replace(run, recipient=emails[0], recipients=emails)
        return self._withmethods(run, tokens)

    def _withmethods(self, run: Run, tokens: list[Token]) -> Run | Refusal:
        """Only the methods that all who are paid can take."""
        personal = any(self._account(email).is_personal for email in run.recipients or (run.recipient,))
        taken = [set(token.accepts) for token in tokens if token.accepts]
        fitting = tuple(
            kind
            for kind in run.methods
            if all(kind in accepted for accepted in taken) and not (personal and kind == "CC")
        )
        if not fitting and run.pipeline not in ANY_METHOD:
            return refused(run, "NP", "The recipient's account does not take the requested payment methods")
        if run.pipeline == "EditToken":
            return self._editing(run)
        return self._books.runs.put(run if run.pipeline == "Recipient" else replace(run, methods=fitting))

    def _editing(self, run: Run) -> Run | Refusal:
        """The run that changes a token there is."""
        token_id = run.parameters.get("tokenId") or run.parameters.get("tokenID") or ""
        if not token_id:
            raise NotWellFormed("tokenId")
        token = self._books.tokens.get(token_id)
        if token is None or edit_token.objection(token, run.caller, token.sender, self._clock.now()):
            return refused(run, "IT", "The token is invalid, has ended or cannot be edited")
        edited = replace(run, edits=token_id, amount=token.amount, recipient=token.recipient, reason=token.reason)
        return self._books.runs.put(edited)

    def _recipient_token(self, run: Run, token_id: str, parameter: str) -> Token:
        token = self._books.tokens.get(token_id)
        good = token is not None and token.use == "Receive" and token.caller == run.caller
        if token is None or not good or not token.is_active(self._clock.now()):
            raise NotWellFormed(parameter)
        return token

    def _again(self, run: Run, params: Mapping[str, str]) -> Run | Refusal:
        if sorted(unsigned(params), key=str) != sorted(run.given, key=str):
            return caller_exception(PIPELINES[run.pipeline].references[0], params)
        if run.ended is None:
            return run
        return refused(run, "NP", "The pipeline was aborted and restarted")

    # ------------------------------------------------------------------------------ agreeing

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
        paid_by = self._account(token.sender).method(method)
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

    def _no_editor(self, run: Run, account: Account) -> Refusal | None:
        """Not everybody may edit a token: it is another's, it has ended, or he has no payment account at all."""
        token = self._books.tokens.get(run.edits or "")
        status = edit_token.objection(token, run.caller, account.email, self._clock.now())
        if not account.methods:
            return refused(run, "NA", "The user has no payment account")
        if status is not None:
            words = {"IT": "The token is invalid, has ended or cannot be edited", "UT": "The token is another user's"}
            return refused(run, status, words[status])
        return self._without_method(run, account)

    def _no_recipient(self, run: Run, account: Account) -> Refusal | None:
        if account.is_personal and "CC" in run.methods:
            return refused(run, "NP", "The recipient's account is personal and cannot take cards")
        return None

    def _without_method(self, run: Run, account: Account) -> Refusal | None:
        if any(method.kind in run.methods for method in account.methods):
            return None
        return refused(run, "PE", "The account has none of the requested payment methods")

    def _account(self, email: str) -> Account:
        account = self._books.accounts.get(email)
        if account is None:
            raise LookupError(f"nobody banks here as {email}")
        return account

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
