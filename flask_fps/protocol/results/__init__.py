"""What answers of the FPS API hold, each declared once, in the order of FPS's schema.

Amounts are exact; a status is the service's own word. FPS API reference, *Complex Types*.
"""

from __future__ import annotations

from .amounts import Amount as Amount
from .amounts import DescriptorPolicy as DescriptorPolicy
from .instruments import DebtBalance as DebtBalance
from .instruments import GetDebtBalanceResult as GetDebtBalanceResult
from .instruments import GetOutstandingDebtBalanceResult as GetOutstandingDebtBalanceResult
from .instruments import GetPrepaidBalanceResult as GetPrepaidBalanceResult
from .instruments import GetTotalPrepaidLiabilityResult as GetTotalPrepaidLiabilityResult
from .instruments import OutstandingDebt as OutstandingDebt
from .instruments import OutstandingPrepaidLiability as OutstandingPrepaidLiability
from .instruments import PrepaidBalance as PrepaidBalance
from .money import CancelResult as CancelResult
from .money import FundPrepaidResult as FundPrepaidResult
from .money import PayResult as PayResult
from .money import RefundResult as RefundResult
from .money import ReserveResult as ReserveResult
from .money import SettleDebtResult as SettleDebtResult
from .money import SettleResult as SettleResult
from .money import WriteOffDebtResult as WriteOffDebtResult
from .subscriptions import CancelSubscriptionAndRefundResult as CancelSubscriptionAndRefundResult
from .subscriptions import GetSubscriptionDetailsResult as GetSubscriptionDetailsResult
from .subscriptions import GetTransactionsForSubscriptionResult as GetTransactionsForSubscriptionResult
from .subscriptions import SubscriptionDetails as SubscriptionDetails
from .subscriptions import SubscriptionPeriod as SubscriptionPeriod
from .subscriptions import SubscriptionTransaction as SubscriptionTransaction
from .tokens import GetPaymentInstructionResult as GetPaymentInstructionResult
from .tokens import GetRecipientVerificationStatusResult as GetRecipientVerificationStatusResult
from .tokens import GetTokenByCallerResult as GetTokenByCallerResult
from .tokens import GetTokensResult as GetTokensResult
from .tokens import GetTokenUsageResult as GetTokenUsageResult
from .tokens import InstallPaymentInstructionResult as InstallPaymentInstructionResult
from .tokens import Token as Token
from .tokens import TokenUsageLimit as TokenUsageLimit
from .transactions import AccountBalance as AccountBalance
from .transactions import AvailableBalances as AvailableBalances
from .transactions import GetAccountActivityResult as GetAccountActivityResult
from .transactions import GetAccountBalanceResult as GetAccountBalanceResult
from .transactions import GetTransactionResult as GetTransactionResult
from .transactions import GetTransactionStatusResult as GetTransactionStatusResult
from .transactions import RelatedTransaction as RelatedTransaction
from .transactions import StatusHistory as StatusHistory
from .transactions import Transaction as Transaction
from .transactions import TransactionDetail as TransactionDetail
from .transactions import TransactionPart as TransactionPart
from .transactions import VerifySignatureResult as VerifySignatureResult
