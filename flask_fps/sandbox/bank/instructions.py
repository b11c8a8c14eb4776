"""Tokens on one's own account: what an account says of itself, in the GateKeeper language.

FPS API reference, *InstallPaymentInstruction*, *GetPaymentInstruction* and *GetTokens*.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import gatekeeper
from .books import Books
from .clock import SandboxClock
from .errors import BankError
from .instruments.consent import Consent
from .records import Token
from .rules import NOTHING
from .rules import Rules
from .tokens import Tokens


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What a caller asks for."""

    instruction: str
    caller_reference: str
    token_type: str
    friendly_name: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TokenFilter:
    """Which of an account's tokens are wanted; ``None`` asks for any."""

    #: ``Active`` or ``Inactive``.
    status: str | None = None
    token_type: str | None = None
    caller_reference: str | None = None
    friendly_name: str | None = None


class Instructions:
    """The desk for an account's own tokens."""

    def __init__(self, books: Books, clock: SandboxClock, rules: Rules, tokens: Tokens) -> None:
        self._books = books
        self._clock = clock
        self._rules = rules
        self._tokens = tokens

    def install(self, email: str, wanted: Installation) -> Token:
        """:raises BankError: BadRule and its kin, for an instruction that cannot be read; UsageNotDefined for a token
        of many uses: how an instruction limits them was in the part of the language that is lost.
        """
        gatekeeper.parse(wanted.instruction)
        if wanted.token_type in ("MultiUse", "Recurring"):
            raise BankError("UsageNotDefined", f"The usage of a {wanted.token_type} token has to be defined.")
        now = self._clock.now()
        life = self._rules.token_life if wanted.token_type == "SingleUse" else None
        consent = Consent(
            sender=email,
            caller=email,
            caller_reference=wanted.caller_reference,
            method="",
            at=now,
            reason=wanted.reason,
            expires_at=now + life if life else None,
        )
        made = consent.token(
            use="Own",
            token_type=wanted.token_type,
            amount=NOTHING,
            instruction=wanted.instruction,
            friendly_name=wanted.friendly_name,
        )
        self._tokens.install(made)
        return made

    def get(self, email: str, token_id: str) -> Token:
        """One's own token.

        :raises BankError: InvalidParams or InvalidTokenId.
        """
        found = self._tokens.named(token_id)
        if found.sender != email or found.use != "Own":
            raise BankError("InvalidTokenId", "Token is not valid.")
        return found

    def all(self, email: str, wanted: TokenFilter) -> list[Token]:
        """Every token on the account, oldest first: what it installed itself, and what it gave to callers."""
        return [one for one in self._tokens.of_sender(email)[::-1] if self._is_wanted(one, wanted)]

    def _is_wanted(self, token: Token, wanted: TokenFilter) -> bool:
        status = "Active" if token.is_active(self._clock.now()) else "Inactive"
        return (
            wanted.status in (None, status)
            and wanted.token_type in (None, token.token_type)
            and wanted.caller_reference in (None, token.caller_reference)
            and wanted.friendly_name in (None, token.friendly_name)
        )
