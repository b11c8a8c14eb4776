"""Requests about tokens (FPS API reference 2007-01-08)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from typing import ClassVar

from ....messages import Message
from .. import results


@dataclass(frozen=True, kw_only=True)
class InstallPaymentInstruction(Message[results.InstallPaymentInstructionResult]):
    """Make a token on the caller's own account; the instruction is a text in the GateKeeper language."""

    result: ClassVar[type[Any]] = results.InstallPaymentInstructionResult

    payment_instruction: str
    #: At most 128 characters.
    token_friendly_name: str | None = None
    caller_reference: str
    #: ``SingleUse``, ``MultiUse``, ``Recurring`` or ``Unrestricted``.
    token_type: str
    #: At most 64 characters.
    payment_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetPaymentInstruction(Message[results.GetPaymentInstructionResult]):
    """What a token of one's own says."""

    result: ClassVar[type[Any]] = results.GetPaymentInstructionResult

    token_id: str


@dataclass(frozen=True, kw_only=True)
class CancelToken(Message[None]):
    """Make a token useless that the caller had made."""

    result: ClassVar[type[Any]] = type(None)

    token_id: str
    reason_text: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetTokenByCaller(Message[results.GetTokenByCallerResult]):
    """The token behind an id or behind a co-branded request; give one of the two."""

    result: ClassVar[type[Any]] = results.GetTokenByCallerResult

    token_id: str | None = None
    caller_reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetTokens(Message[results.GetTokensResult]):
    """The tokens on the caller's own account."""

    result: ClassVar[type[Any]] = results.GetTokensResult

    token_friendly_name: str | None = None
    #: ``Active`` or ``Inactive``.
    token_status: str | None = None
    caller_reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetTokenUsage(Message[results.GetTokenUsageResult]):
    """How far a token's limits are used up."""

    result: ClassVar[type[Any]] = results.GetTokenUsageResult

    token_id: str
