"""What answers of API version 2007-01-08 hold, each declared once, in the order of its schema.

The names are that version's own: an amount says ``Amount`` where later ones say ``Value``, a status is a
``Status``. FPS API reference 2007-01-08, *Complex Types*.
"""

from __future__ import annotations

from .amounts import Amount as Amount
from .amounts import DescriptorPolicy as DescriptorPolicy
from .amounts import TemporaryDeclinePolicy as TemporaryDeclinePolicy
from .amounts import TokenUsageLimit as TokenUsageLimit
from .instruments import DebtBalance as DebtBalance
from .instruments import GetAllCreditInstrumentsResult as GetAllCreditInstrumentsResult
from .instruments import GetAllPrepaidInstrumentsResult as GetAllPrepaidInstrumentsResult
from .instruments import GetDebtBalanceResult as GetDebtBalanceResult
from .instruments import GetOutstandingDebtBalanceResult as GetOutstandingDebtBalanceResult
from .instruments import GetPrepaidBalanceResult as GetPrepaidBalanceResult
from .instruments import GetTotalPrepaidLiabilityResult as GetTotalPrepaidLiabilityResult
from .instruments import InstrumentIds as InstrumentIds
from .instruments import OutstandingDebtBalance as OutstandingDebtBalance
from .instruments import OutstandingPrepaidLiability as OutstandingPrepaidLiability
from .instruments import PrepaidBalance as PrepaidBalance
from .money import BatchedInstallation as BatchedInstallation
from .money import BatchedPay as BatchedPay
from .money import InstallPaymentInstructionBatchResult as InstallPaymentInstructionBatchResult
from .money import Made as Made
from .money import PayBatchResult as PayBatchResult
from .money import ServiceErrorEntry as ServiceErrorEntry
from .money import ServiceErrors as ServiceErrors
from .money import TransactionResponse as TransactionResponse
from .tokens import GetPaymentInstructionResult as GetPaymentInstructionResult
from .tokens import GetTokenByCallerResult as GetTokenByCallerResult
from .tokens import GetTokensResult as GetTokensResult
from .tokens import GetTokenUsageResult as GetTokenUsageResult
from .tokens import InstallPaymentInstructionResult as InstallPaymentInstructionResult
from .tokens import Token as Token
from .transactions import AccountBalance as AccountBalance
from .transactions import AvailableBalances as AvailableBalances
from .transactions import DiscardResultsResult as DiscardResultsResult
from .transactions import GetAccountActivityResult as GetAccountActivityResult
from .transactions import GetAccountBalanceResult as GetAccountBalanceResult
from .transactions import GetResultsResult as GetResultsResult
from .transactions import GetTransactionResult as GetTransactionResult
from .transactions import RelatedTransaction as RelatedTransaction
from .transactions import StatusChange as StatusChange
from .transactions import Transaction as Transaction
from .transactions import TransactionDetail as TransactionDetail
from .transactions import TransactionPart as TransactionPart
from .transactions import TransactionResult as TransactionResult
