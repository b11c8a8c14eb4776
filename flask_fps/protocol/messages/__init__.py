"""The actions of the FPS API, their parameters and their results, each declared once.

These declarations are read by the client (requests out, answers in) and by the sandbox (requests in,
answers out) alike. What the answers hold is declared in ``results``, whose names are here, too.

FPS API reference, versions 2008-09-17 and 2010-08-28.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..results import AccountBalance as AccountBalance
from ..results import Amount as Amount
from ..results import AvailableBalances as AvailableBalances
from ..results import CancelResult as CancelResult
from ..results import CancelSubscriptionAndRefundResult as CancelSubscriptionAndRefundResult
from ..results import DebtBalance as DebtBalance
from ..results import DescriptorPolicy as DescriptorPolicy
from ..results import FundPrepaidResult as FundPrepaidResult
from ..results import GetAccountActivityResult as GetAccountActivityResult
from ..results import GetAccountBalanceResult as GetAccountBalanceResult
from ..results import GetDebtBalanceResult as GetDebtBalanceResult
from ..results import GetOutstandingDebtBalanceResult as GetOutstandingDebtBalanceResult
from ..results import GetPaymentInstructionResult as GetPaymentInstructionResult
from ..results import GetPrepaidBalanceResult as GetPrepaidBalanceResult
from ..results import GetRecipientVerificationStatusResult as GetRecipientVerificationStatusResult
from ..results import GetSubscriptionDetailsResult as GetSubscriptionDetailsResult
from ..results import GetTokenByCallerResult as GetTokenByCallerResult
from ..results import GetTokensResult as GetTokensResult
from ..results import GetTokenUsageResult as GetTokenUsageResult
from ..results import GetTotalPrepaidLiabilityResult as GetTotalPrepaidLiabilityResult
from ..results import GetTransactionResult as GetTransactionResult
from ..results import GetTransactionsForSubscriptionResult as GetTransactionsForSubscriptionResult
from ..results import GetTransactionStatusResult as GetTransactionStatusResult
from ..results import InstallPaymentInstructionResult as InstallPaymentInstructionResult
from ..results import OutstandingDebt as OutstandingDebt
from ..results import OutstandingPrepaidLiability as OutstandingPrepaidLiability
from ..results import PayResult as PayResult
from ..results import PrepaidBalance as PrepaidBalance
from ..results import RefundResult as RefundResult
from ..results import RelatedTransaction as RelatedTransaction
from ..results import ReserveResult as ReserveResult
from ..results import SettleDebtResult as SettleDebtResult
from ..results import SettleResult as SettleResult
from ..results import StatusHistory as StatusHistory
from ..results import SubscriptionDetails as SubscriptionDetails
from ..results import SubscriptionPeriod as SubscriptionPeriod
from ..results import SubscriptionTransaction as SubscriptionTransaction
from ..results import Token as Token
from ..results import TokenUsageLimit as TokenUsageLimit
from ..results import Transaction as Transaction
from ..results import TransactionDetail as TransactionDetail
from ..results import TransactionPart as TransactionPart
from ..results import VerifySignatureResult as VerifySignatureResult
from ..results import WriteOffDebtResult as WriteOffDebtResult
from .base import COMMON_NAMES as COMMON_NAMES
from .base import Message as Message
from .base import V2008_09_17 as V2008_09_17
from .base import V2010_08_28 as V2010_08_28
from .base import VERSIONS as VERSIONS
from .instruments import FundPrepaid as FundPrepaid
from .instruments import GetDebtBalance as GetDebtBalance
from .instruments import GetOutstandingDebtBalance as GetOutstandingDebtBalance
from .instruments import GetPrepaidBalance as GetPrepaidBalance
from .instruments import GetTotalPrepaidLiability as GetTotalPrepaidLiability
from .instruments import SettleDebt as SettleDebt
from .instruments import WriteOffDebt as WriteOffDebt
from .payments import Cancel as Cancel
from .payments import Pay as Pay
from .payments import Payment as Payment
from .payments import Refund as Refund
from .payments import Reserve as Reserve
from .payments import Settle as Settle
from .questions import GetAccountActivity as GetAccountActivity
from .questions import GetAccountBalance as GetAccountBalance
from .questions import GetTransaction as GetTransaction
from .questions import GetTransactionStatus as GetTransactionStatus
from .questions import VerifySignature as VerifySignature
from .subscriptions import CancelSubscriptionAndRefund as CancelSubscriptionAndRefund
from .subscriptions import GetSubscriptionDetails as GetSubscriptionDetails
from .subscriptions import GetTransactionsForSubscription as GetTransactionsForSubscription
from .tokens import CancelToken as CancelToken
from .tokens import GetPaymentInstruction as GetPaymentInstruction
from .tokens import GetRecipientVerificationStatus as GetRecipientVerificationStatus
from .tokens import GetTokenByCaller as GetTokenByCaller
from .tokens import GetTokens as GetTokens
from .tokens import GetTokenUsage as GetTokenUsage
from .tokens import InstallPaymentInstruction as InstallPaymentInstruction

#: Every action by its name on the wire.
ACTIONS: Mapping[str, type[Message[Any]]] = {
    message.action: message
    for message in (
        Pay,
        Reserve,
        Settle,
        Cancel,
        Refund,
        GetTransactionStatus,
        GetTransaction,
        GetAccountActivity,
        GetAccountBalance,
        GetTokenByCaller,
        GetTokens,
        GetTokenUsage,
        CancelToken,
        InstallPaymentInstruction,
        GetPaymentInstruction,
        GetRecipientVerificationStatus,
        FundPrepaid,
        GetPrepaidBalance,
        GetTotalPrepaidLiability,
        GetDebtBalance,
        GetOutstandingDebtBalance,
        SettleDebt,
        WriteOffDebt,
        CancelSubscriptionAndRefund,
        GetSubscriptionDetails,
        GetTransactionsForSubscription,
        VerifySignature,
    )
}


def since(version: str) -> dict[str, type[Message[Any]]]:
    """The actions that an API version has."""
    return {name: message for name, message in ACTIONS.items() if message.since <= version}
