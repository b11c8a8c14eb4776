"""What callers of API version 2007-01-08 do with tokens."""

from __future__ import annotations

from ....protocol.dialects.v2007_01_08 import messages
from ....protocol.dialects.v2007_01_08 import results
from ...bank.instructions import Installation
from ...bank.instructions import TokenFilter
from ..actions import Asker
from . import reports


def install_payment_instruction(
    asker: Asker, message: messages.InstallPaymentInstruction
) -> results.InstallPaymentInstructionResult:
    wanted = Installation(
        instruction=message.payment_instruction,
        caller_reference=message.caller_reference,
        token_type=message.token_type,
        friendly_name=message.token_friendly_name or "",
        reason=message.payment_reason or "",
    )
    return results.InstallPaymentInstructionResult(
        asker.bank.instructions.install(asker.account.email, wanted).token_id
    )


def payment_instruction(asker: Asker, message: messages.GetPaymentInstruction) -> results.GetPaymentInstructionResult:
    found = asker.bank.instructions.get(asker.account.email, message.token_id)
    return results.GetPaymentInstructionResult(
        token=reports.token(asker.bank, found),
        payment_instruction=found.instruction or "",
        account_id=reports.account_id(found.sender),
        token_friendly_name=found.friendly_name or None,
    )


def token_by_caller(asker: Asker, message: messages.GetTokenByCaller) -> results.GetTokenByCallerResult:
    found = asker.bank.tokens.by_caller(asker.account.email, message.token_id, message.caller_reference)
    return results.GetTokenByCallerResult(reports.token(asker.bank, found))


def tokens(asker: Asker, message: messages.GetTokens) -> results.GetTokensResult:
    wanted = TokenFilter(
        status=message.token_status,
        caller_reference=message.caller_reference,
        friendly_name=message.token_friendly_name,
    )
    found = asker.bank.instructions.all(asker.account.email, wanted)
    return results.GetTokensResult(tuple(reports.token(asker.bank, one) for one in found))


def token_usage(asker: Asker, message: messages.GetTokenUsage) -> results.GetTokenUsageResult:
    found = asker.bank.tokens.limited(asker.account.email, message.token_id)
    return results.GetTokenUsageResult(reports.usage(found, asker.bank.clock.now()))


def cancel_token(asker: Asker, message: messages.CancelToken) -> None:
    asker.bank.cancel_token(asker.account, message.token_id)
