"""Tokens once they exist: found by their caller, shown to their owner, cancelled by either."""

from __future__ import annotations

from dataclasses import replace

from . import ids
from .books import Books
from .clock import SandboxClock
from .errors import BankError
from .errors import invalid_id
from .errors import invalid_params
from .notices import Notices
from .records import Instrument
from .records import Token


class Tokens:
    """The desk for tokens."""

    def __init__(self, books: Books, clock: SandboxClock, notices: Notices) -> None:
        self._books = books
        self._clock = clock
        self._notices = notices

    def install(self, *made: Token | Instrument) -> None:
        """Put what a buyer's yes made into the books: ``install(*prepaid.install(consent, …))``."""
        with self._books.change():
            for one in made:
                if isinstance(one, Instrument):
                    self._books.instruments.put(one)
                else:
                    self._books.tokens.put(one)

    def get(self, token_id: str) -> Token:
        """:raises LookupError: for a token nobody has."""
        token = self._books.tokens.get(token_id)
        if token is None:
            raise LookupError(f"there is no token {token_id:.64}")
        return token

    def all(self) -> list[Token]:
        """Oldest first."""
        with self._books.change():
            return list(self._books.tokens)

    def of_sender(self, email: str) -> list[Token]:
        """Every token of a buyer, newest first."""
        with self._books.change():
            return self._books.tokens.find("sender", email)[::-1]

    def by_caller(self, caller: str, token_id: str | None, reference: str | None) -> Token:
        """The token made for this caller under this id or co-branded reference.

        References of the co-branded pages and those of one's own tokens are namespaces apart: a token that a buyer gave
        comes first. A refund token has its own, or that of the token it came with, which comes first as well.


        :raises BankError: InvalidParams, InvalidTokenId or InvalidCallerReference.
        """
        with self._books.change():
            if bool(token_id) == bool(reference):
                raise invalid_params("Either tokenId or callerReference has to be specified, and not both")
            if token_id:
                return self._of_caller(caller, token_id)
            found = self._books.tokens.find("reference", (caller, reference))
            if not found:
                raise BankError("InvalidCallerReference", "There is no token associated with the caller reference.")
            return sorted(found, key=_meant)[-1]

    def limited(self, email: str, token_id: str) -> Token:
        """A token whose use can be counted, for its caller or its owner.

        :raises BankError: InvalidParams, InvalidTokenId, or InvalidTokenType for a single-use one (captured text).
        """
        found = self.named(token_id)
        if email not in (found.caller, found.sender):
            raise _unknown()
        if found.token_type == "SingleUse":
            raise BankError("InvalidTokenType", 'Type of token "{0}" is invalid for this operation.')
        return found

    def cancel(self, by: str, token_id: str, *, ipn_url: str | None = None) -> Token:
        """Take a token back, as its caller or as the sender who made it.

        :raises BankError: InvalidParams, InvalidTokenId, TokenAccessDenied or TokenNotActive.
        """
        with self._books.change():
            token = self.named(token_id)
            if by not in (token.caller, token.sender):
                raise BankError("TokenAccessDenied", "You do not have permission to cancel this token.")
            if not token.is_active(self._clock.now()):
                raise BankError("TokenNotActive", "Token not active.")
            cancelled = self._books.tokens.put(replace(token, cancelled_at=self._clock.now()))
            self._notices.tell_cancelled(cancelled, ipn_url)
            return cancelled

    def _of_caller(self, caller: str, token_id: str) -> Token:
        token = self.named(token_id)
        if token.caller != caller:
            raise _unknown()
        return token

    def named(self, token_id: str) -> Token:
        """The token of this id, whosesoever.

        :raises BankError: InvalidParams or InvalidTokenId.
        """
        if not ids.is_token_id(token_id):
            raise invalid_id("tokenId", "token", token_id)
        token = self._books.tokens.get(token_id)
        if token is None:
            raise _unknown()
        return token


def _meant(token: Token) -> int:
    """The more, the sooner is this one meant of several under one reference."""
    return {"Own": 0, "Refund": 1}.get(token.use, 2)


def _unknown() -> BankError:
    return BankError("InvalidTokenId", "Token is not valid.")
