"""What answers tell of payment tokens."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from datetime import datetime

from ..schema import named
from .amounts import Amount


@dataclass(frozen=True, kw_only=True)
class Token:
    """A payment token: what a buyer authorised."""

    token_id: str
    friendly_name: str | None = None
    #: ``Active`` or ``Inactive``.
    token_status: str
    date_installed: datetime
    #: The reference of the co-branded request that made it.
    caller_reference: str
    #: ``SingleUse``, ``MultiUse``, ``Recurring`` or ``Unrestricted``.
    token_type: str
    old_token_id: str | None = None
    payment_reason: str | None = None


@dataclass(frozen=True)
class GetTokenByCallerResult:
    """The token that was asked for."""

    token: Token


@dataclass(frozen=True)
class GetTokensResult:
    """The tokens on the caller's own account."""

    tokens: tuple[Token, ...] = field(default=(), metadata=named("Token"))


@dataclass(frozen=True, kw_only=True)
class TokenUsageLimit:
    """How far one limit of a token is used up, in the window that began last and in the one before."""

    count: int | None = None
    amount: Amount | None = None
    last_reset_count: int | None = None
    last_reset_amount: Amount | None = None
    #: When the window began.
    last_reset_timestamp: datetime | None = None


@dataclass(frozen=True)
class GetTokenUsageResult:
    """One entry for each limit, three at most."""

    token_usage_limits: tuple[TokenUsageLimit, ...] = ()


@dataclass(frozen=True)
class InstallPaymentInstructionResult:
    """The new token."""

    token_id: str


@dataclass(frozen=True, kw_only=True)
class GetPaymentInstructionResult:
    """A token of the caller's own, and what it was installed with."""

    token: Token
    #: GateKeeper text.
    payment_instruction: str
    caller_reference: str
    token_friendly_name: str | None = None


@dataclass(frozen=True)
class GetRecipientVerificationStatusResult:
    """Whether a recipient has proved who he is."""

    #: ``VerificationPending``, ``VerificationComplete`` or ``VerificationCompleteNoLimits``.
    recipient_verification_status: str
