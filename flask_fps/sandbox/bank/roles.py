"""Who takes part in a payment, by the tokens that stand for them."""

from __future__ import annotations

from . import gatekeeper
from . import ids
from .books import Books
from .clock import SandboxClock
from .errors import BankError
from .errors import incompatible
from .errors import invalid_id
from .gatekeeper import Situation
from .instruments import forced
from .records import Token
from .use import used_up


class Roles:
    """Finds the tokens of a request and holds them to what they say."""

    def __init__(self, books: Books, clock: SandboxClock) -> None:
        self._books = books
        self._clock = clock

    def sender(self, token_id: str) -> Token:
        """The sender's token; how it may be used is for :func:`~.use.check_sender`.

        :raises BankError: InvalidParams, InvalidTokenId_Sender, or what a forced id stands for.
        """
        return self._token(token_id, "Sender", "senderTokenId")

    def recipient(self, caller: str, token_id: str, situation: Situation) -> Token:
        """The recipient's token: one that others gave this caller, or one of his own.

        :raises BankError: InvalidParams, InvalidTokenId_Recipient, TokenNotActive_Recipient, TokenUsageError or
            IncompatibleTokens.
        """
        token = self._receiving(token_id)
        self._check(token, caller, situation)
        if token.accepts and situation.payment_method not in token.accepts:
            raise incompatible("Assertion Failed for Recipient")
        return token

    def asked_about(self, caller: str, token_id: str) -> Token:
        """The token of a recipient whom this caller may pay, and asks about.

        :raises BankError: InvalidParams, InvalidTokenId_Recipient, TokenNotActive_Recipient, TokenUsageError,
            IncompatibleTokens, or what a forced id stands for.
        """
        token = self._receiving(token_id)
        if token.caller != caller:
            raise _not_a_recipient_s()
        self._check_life(token, "Recipient")
        return token

    def caller(self, caller: str, token_id: str, situation: Situation) -> Token:
        """The caller's own token, which only 2007-01-08 asks for.

        :raises BankError: InvalidParams, InvalidTokenId_Caller, TokenNotActive_Caller, TokenUsageError or
            IncompatibleTokens.
        """
        token = self._token(token_id, "Caller", "callerTokenId")
        if token.use != "Own" or token.sender != caller:
            raise BankError("InvalidTokenId_Caller", "Caller token is not valid.")
        self._check(token, caller, situation)
        return token

    def _receiving(self, token_id: str) -> Token:
        token = self._token(token_id, "Recipient", "recipientTokenId")
        if token.use not in ("Receive", "Own"):
            raise _not_a_recipient_s()
        return token

    def _token(self, token_id: str, role: str, parameter: str) -> Token:
        if not ids.is_token_id(token_id):
            raise invalid_id(parameter, "token", token_id)
        forced.refuse_forced(forced.IDS.get(role, {}), token_id)
        token = self._books.tokens.get(token_id)
        if token is None:
            raise BankError(f"InvalidTokenId_{role}", f"{role} token is not valid.")
        return token

    def _check(self, token: Token, caller: str, situation: Situation) -> None:
        self._check_life(token, situation.role)
        if token.caller != caller:
            raise incompatible("Assertion Failed for Caller")
        if token.instruction is not None:
            gatekeeper.parse(token.instruction).check(situation)

    def _check_life(self, token: Token, role: str) -> None:
        now = self._clock.now()
        if token.cancelled_at is not None:
            raise BankError(f"TokenNotActive_{role}", f"{role} token not active.")
        if token.used_by is not None:
            raise used_up("TokenUsageError", token.token_id)
        if token.is_expired(now) or (token.starts_at is not None and now < token.starts_at):
            raise incompatible(f"The token of the {role.lower()} has expired or is not valid yet")


def _not_a_recipient_s() -> BankError:
    return BankError("InvalidTokenId_Recipient", "Recipient token is not valid.")
