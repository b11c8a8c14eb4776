"""Payment tokens."""

from __future__ import annotations

from ....protocol import messages
from ....protocol import results
from ...bank.instructions import Installation
from ...bank.instructions import TokenFilter
from .. import reports
from .asker import Asker


def token_by_caller(asker: Asker, message: messages.GetTokenByCaller) -> results.GetTokenByCallerResult:
    found = asker.bank.tokens.by_caller(asker.account.email, message.token_id, message.caller_reference)
    return results.GetTokenByCallerResult(reports.token(asker.bank, found))


def tokens(asker: Asker, message: messages.GetTokens) -> results.GetTokensResult:
    wanted = TokenFilter(
        status=message.token_status or "Active",
        token_type=message.token_type,
        caller_reference=message.caller_reference,
        friendly_name=message.token_friendly_name,
    )
    found = asker.bank.instructions.all(asker.account.email, wanted)
    return results.GetTokensResult(tuple(reports.token(asker.bank, one) for one in found))


def token_usage(asker: Asker, message: messages.GetTokenUsage) -> results.GetTokenUsageResult:
    found = asker.bank.tokens.limited(asker.account.email, message.token_id)
    return results.GetTokenUsageResult(reports.usage(found, asker.bank.clock.now()))


def cancel_token(asker: Asker, message: messages.CancelToken) -> None:
    asker.bank.cancel_token(asker.account, message.token_id, ipn_url=message.override_ipn_url)


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
    made = asker.bank.instructions.install(asker.account.email, wanted)
    return results.InstallPaymentInstructionResult(made.token_id)


def payment_instruction(asker: Asker, message: messages.GetPaymentInstruction) -> results.GetPaymentInstructionResult:
    found = asker.bank.instructions.get(asker.account.email, message.token_id)
    return results.GetPaymentInstructionResult(
        token=reports.token(asker.bank, found),
        payment_instruction=found.instruction or "",
        caller_reference=found.caller_reference,
        token_friendly_name=found.friendly_name or None,
    )


def recipient_verification(
    asker: Asker, message: messages.GetRecipientVerificationStatus
) -> results.GetRecipientVerificationStatusResult:
    token = asker.bank.roles.asked_about(asker.account.email, message.recipient_token_id)
    return results.GetRecipientVerificationStatusResult(reports.verification(asker.bank.account(token.sender)))


def recipient_verification_of_2008(
    asker: Asker, message: messages.GetRecipientVerificationStatus
) -> results.GetRecipientVerificationStatusResult:
    """That there may be limits was told from 2010-08-28 on."""
    told = recipient_verification(asker, message).recipient_verification_status
    return results.GetRecipientVerificationStatusResult(told.removesuffix("NoLimits"))
