"""The actions of API version 2007-01-08 and their parameters, each declared once, in the order of its schema.

Whoever calls shows a token for every role: the caller's and the recipient's own ones are installed once with
:class:`InstallPaymentInstruction`. FPS API reference 2007-01-08.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....messages import Message
from ..results import Amount as Amount
from ..results import DescriptorPolicy as DescriptorPolicy
from ..results import TemporaryDeclinePolicy as TemporaryDeclinePolicy
from .batches import InstallPaymentInstructionBatch as InstallPaymentInstructionBatch
from .batches import PayBatch as PayBatch
from .instruments import FundPrepaid as FundPrepaid
from .instruments import GetAllCreditInstruments as GetAllCreditInstruments
from .instruments import GetAllPrepaidInstruments as GetAllPrepaidInstruments
from .instruments import GetDebtBalance as GetDebtBalance
from .instruments import GetOutstandingDebtBalance as GetOutstandingDebtBalance
from .instruments import GetPrepaidBalance as GetPrepaidBalance
from .instruments import GetTotalPrepaidLiability as GetTotalPrepaidLiability
from .instruments import SettleDebt as SettleDebt
from .instruments import WriteOffDebt as WriteOffDebt
from .payments import Pay as Pay
from .payments import Payment as Payment
from .payments import REFERENCE_LENGTH as REFERENCE_LENGTH
from .payments import Refund as Refund
from .payments import Reserve as Reserve
from .payments import RetryTransaction as RetryTransaction
from .payments import Settle as Settle
from .questions import DiscardResults as DiscardResults
from .questions import GetAccountActivity as GetAccountActivity
from .questions import GetAccountBalance as GetAccountBalance
from .questions import GetResults as GetResults
from .questions import GetTransaction as GetTransaction
from .questions import SubscribeForCallerNotification as SubscribeForCallerNotification
from .questions import UnSubscribeForCallerNotification as UnSubscribeForCallerNotification
from .tokens import CancelToken as CancelToken
from .tokens import GetPaymentInstruction as GetPaymentInstruction
from .tokens import GetTokenByCaller as GetTokenByCaller
from .tokens import GetTokens as GetTokens
from .tokens import GetTokenUsage as GetTokenUsage
from .tokens import InstallPaymentInstruction as InstallPaymentInstruction

#: Every action by its name on the wire.
ACTIONS: Mapping[str, type[Message[Any]]] = {
    message.action: message
    for message in (
        Pay,
        PayBatch,
        Reserve,
        Settle,
        Refund,
        RetryTransaction,
        InstallPaymentInstruction,
        InstallPaymentInstructionBatch,
        GetPaymentInstruction,
        CancelToken,
        GetTokenByCaller,
        GetTokens,
        GetTokenUsage,
        GetTransaction,
        GetResults,
        DiscardResults,
        GetAccountActivity,
        GetAccountBalance,
        FundPrepaid,
        GetPrepaidBalance,
        GetAllPrepaidInstruments,
        GetTotalPrepaidLiability,
        GetDebtBalance,
        GetOutstandingDebtBalance,
        GetAllCreditInstruments,
        SettleDebt,
        WriteOffDebt,
        SubscribeForCallerNotification,
        UnSubscribeForCallerNotification,
    )
}
