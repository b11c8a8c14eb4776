"""What answers tell of tokens. FPS API reference 2007-01-08, *Complex Types*."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .amounts import TokenUsageLimit


@dataclass(frozen=True, kw_only=True)
class Token:
    """A payment token."""

    token_id: str
    friendly_name: str | None = None
    #: ``Active`` or ``Inactive``.
    status: str
    date_installed: datetime
    #: The account id of whoever had it made.
    caller_installed: str
    caller_reference: str
    #: ``SingleUse``, ``MultiUse``, ``Recurring`` or ``Unrestricted``.
    token_type: str
    old_token_id: str | None = None
    payment_reason: str | None = None


@dataclass(frozen=True)
class InstallPaymentInstructionResult:
    """The new token."""

    token_id: str


@dataclass(frozen=True, kw_only=True)
class GetPaymentInstructionResult:
    """What a token of one's own says."""

    token: Token
    payment_instruction: str
    account_id: str
    token_friendly_name: str | None = None


@dataclass(frozen=True)
class GetTokenByCallerResult:
    """The token that was asked for."""

    token: Token


@dataclass(frozen=True)
class GetTokensResult:
    """The tokens on the caller's own account."""

    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True)
class GetTokenUsageResult:
    """How far each limit is used up; none for a token without limits."""

    token_usage_limits: tuple[TokenUsageLimit, ...] = ()
