"""Actions on payment tokens."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import ClassVar

from ..results import GetPaymentInstructionResult
from ..results import GetRecipientVerificationStatusResult
from ..results import GetTokenByCallerResult
from ..results import GetTokensResult
from ..results import GetTokenUsageResult
from ..results import InstallPaymentInstructionResult
from ..schema import named
from .base import Message
from .base import V2010_08_28


@dataclass(frozen=True, kw_only=True)
class GetTokenByCaller(Message[GetTokenByCallerResult]):
    """The token behind an id or behind a co-branded request (FPS API reference, *GetTokenByCaller*).

    Give one of the two. This is how a token is found whose buyer never came back.
    """

    result: ClassVar[type[Any]] = GetTokenByCallerResult

    token_id: str | None = None
    caller_reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetTokens(Message[GetTokensResult]):
    """The tokens on the caller's own account, not those that buyers made for it (FPS API reference, *GetTokens*)."""

    result: ClassVar[type[Any]] = GetTokensResult

    #: ``Active`` (the default) or ``Inactive``.
    token_status: str | None = None
    token_type: str | None = None
    caller_reference: str | None = None
    token_friendly_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetTokenUsage(Message[GetTokenUsageResult]):
    """How far a token's limits are used up (FPS API reference, *GetTokenUsage*); not for a single-use one."""

    result: ClassVar[type[Any]] = GetTokenUsageResult

    token_id: str


@dataclass(frozen=True, kw_only=True)
class CancelToken(Message[None]):
    """Make a token useless (FPS API reference, *CancelToken*)."""

    result: ClassVar[type[Any]] = type(None)

    token_id: str
    reason_text: str | None = None
    override_ipn_url: str | None = field(default=None, metadata=named("OverrideIPNURL", since=V2010_08_28))


@dataclass(frozen=True, kw_only=True)
class InstallPaymentInstruction(Message[InstallPaymentInstructionResult]):
    """Make a token on the caller's own account (FPS API reference, *InstallPaymentInstruction*)."""

    result: ClassVar[type[Any]] = InstallPaymentInstructionResult

    #: GateKeeper text, such as ``MyRole == 'Caller';``.
    payment_instruction: str
    caller_reference: str
    #: ``SingleUse``, ``MultiUse``, ``Recurring`` or ``Unrestricted``.
    token_type: str
    #: At most 128 characters.
    token_friendly_name: str | None = None
    payment_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class GetPaymentInstruction(Message[GetPaymentInstructionResult]):
    """What a token of the caller's own says (FPS API reference, *GetPaymentInstruction*)."""

    result: ClassVar[type[Any]] = GetPaymentInstructionResult

    token_id: str


@dataclass(frozen=True, kw_only=True)
class GetRecipientVerificationStatus(Message[GetRecipientVerificationStatusResult]):
    """May this recipient be paid without limits (FPS API reference, *GetRecipientVerificationStatus*)?"""

    result: ClassVar[type[Any]] = GetRecipientVerificationStatusResult

    recipient_token_id: str
