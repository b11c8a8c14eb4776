"""How a run begins: its request is read, its references are new, and those who are to be paid can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...protocol.dialects.v2007_01_08.messages import REFERENCE_LENGTH as LENGTH_OF_2007
from ...protocol.pipelines import REFERENCE_LENGTH
from ...protocol.pipelines import taken
from . import ids
from .asked import Asked
from .asked import NotWellFormed
from .books import Books
from .clock import SandboxClock
from .granting import Pipeline
from .instruments import edit_token
from .records import Account
from .records import Run
from .records import Token
from .refusing import ANY_METHOD
from .refusing import methods_of
from .refusing import Refusal
from .refusing import refused
from .refusing import unsigned
from .rules import Rules


class Opening:
    """Opens runs, or says why not."""

    def __init__(self, books: Books, clock: SandboxClock, rules: Rules) -> None:
        self._books = books
        self._clock = clock
        self._rules = rules

    def opened(self, caller: str, params: Mapping[str, str], pipeline: Pipeline, era: str) -> Run | Refusal:
        """The new run, in the books, or what its caller is told instead.

        :raises NotWellFormed: naming the parameter whose value is bad.
        """
        asked = Asked(taken(params["pipelineName"], params), self._rules, self._clock.now())
        terms = pipeline.terms(asked)
        asked.check_what_is_shown()
        asked.starts_at()
        asked.expires_at()
        references = self._new_references(caller, asked, pipeline)
        run = Run(
            run_id=ids.run_id(),
            caller=caller,
            pipeline=params["pipelineName"],
            caller_reference=references[0],
            further_reference=references[1] if len(references) > 1 else None,
            return_url=params["returnURL"],
            era=era,
            given=unsigned(params),
            amount=pipeline.headline(terms),
            recipient=caller,
            reason=asked.params.get("paymentReason", ""),
            methods=methods_of(asked),
            opened_at=self._clock.now(),
        )
        return self._with_recipients(run, asked, pipeline)

    def _new_references(self, caller: str, asked: Asked, pipeline: Pipeline) -> list[str]:
        """References must be unique: not used before, not in use by another run."""
        optional = pipeline.optional_reference
        names = [*pipeline.references, *([optional] if optional and asked.params.get(optional) else [])]
        given = [asked.reference(name) for name in names]
        longest = LENGTH_OF_2007 if asked.is_of_2007 else REFERENCE_LENGTH
        for name, reference in zip(names, given, strict=True):
            if len(reference.encode()) > longest or given.count(reference) > 1 or self._is_taken(caller, reference):
                raise NotWellFormed(name)
        return given

    def _is_taken(self, caller: str, reference: str) -> bool:
        key = (caller, reference)
        runs = [*self._books.runs.find("reference", key), *self._books.runs.find("further", key)]
        tokens = self._books.tokens.find("reference", key)
        return any(token.use != "Own" for token in tokens) or any(run.ended is None for run in runs)

    def _with_recipients(self, run: Run, asked: Asked, pipeline: Pipeline) -> Run | Refusal:
        """The run with those who are to be paid, kept in the books; or why they cannot be."""
        names = asked.tokens(pipeline.recipients) if pipeline.recipients else ()
        others = [name for name in names if not self._is_own(run.caller, name)]
        if (others or run.pipeline == "Recipient") and not self._account(run.caller).is_marketplace:
            return refused(run, "NM", "The caller is not registered as a third-party caller")
        tokens = [self._recipient_token(run, name, pipeline.recipients or "") for name in names]
        if tokens:
            emails = tuple(dict.fromkeys(token.sender for token in tokens))
            run = replace(run, recipient=emails[0], recipients=emails)
        return self._with_methods(run, tokens)

    def _with_methods(self, run: Run, tokens: list[Token]) -> Run | Refusal:
        """Only the methods that all who are paid can take."""
        personal = any(self._account(email).is_personal for email in run.payees)
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
        if token is None or not (good or self._is_own(run.caller, token_id)) or not token.is_active(self._clock.now()):
            raise NotWellFormed(parameter)
        return token

    def _is_own(self, caller: str, token_id: str) -> bool:
        """Has the caller installed this token himself, to be paid by it?"""
        token = self._books.tokens.get(token_id)
        return token is not None and token.use == "Own" and token.sender == caller

    def _account(self, email: str) -> Account:
        account = self._books.accounts.get(email)
        if account is None:
            raise LookupError(f"nobody banks here as {email}")
        return account
