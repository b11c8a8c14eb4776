"""Who may agree in a run: not everybody who signs in can give what its request asks for."""

from __future__ import annotations

from .books import Books
from .clock import SandboxClock
from .instruments import edit_token
from .records import Account
from .records import Run
from .refusing import Refusal
from .refusing import refused


class Persons:
    """Looks at whoever signed in."""

    def __init__(self, books: Books, clock: SandboxClock) -> None:
        self._books = books
        self._clock = clock

    def objection(self, run: Run, account: Account) -> Refusal | None:
        """Why this account cannot agree, if so."""
        if not account.email_verified:
            return refused(run, "NP", "The e-mail address of the account is not verified")
        if run.pipeline == "EditToken":
            return self._no_editor(run, account)
        if account.email in run.payees:
            return refused(run, "NP", "The sender is the recipient")
        if run.pipeline == "Recipient":
            return self._no_recipient(run, account)
        return self._without_method(run, account)

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
