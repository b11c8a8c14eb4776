"""What API version 2007-01-08 does with the bank, in its own messages.

===================  ===============================================================
``moving``           what moves money
``tokens``           what is done with tokens
``reading``          what is asked of transactions and the account
``instruments``      what is asked of prepaid and credit instruments
``queue``            results to fetch, and the subscription in their place
``batches``          several requests in one
``reports``          the bank's records in the words of that version
``amounts``          sums of money
``rules``            what values must look like
===================  ===============================================================
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from ..actions import Asker
from . import instruments
from . import moving
from . import queue
from . import reading
from . import tokens

#: By action; each takes the message of its own action. Batches are taken apart before.
PERFORM: Mapping[str, Callable[[Asker, Any], object]] = {
    "Pay": moving.pay,
    "Reserve": moving.reserve,
    "Settle": moving.settle,
    "Refund": moving.refund,
    "RetryTransaction": moving.retry,
    "InstallPaymentInstruction": tokens.install_payment_instruction,
    "GetPaymentInstruction": tokens.payment_instruction,
    "CancelToken": tokens.cancel_token,
    "GetTokenByCaller": tokens.token_by_caller,
    "GetTokens": tokens.tokens,
    "GetTokenUsage": tokens.token_usage,
    "GetTransaction": reading.transaction,
    "GetResults": queue.get_results,
    "DiscardResults": queue.discard_results,
    "GetAccountActivity": reading.account_activity,
    "GetAccountBalance": reading.account_balance,
    "FundPrepaid": moving.fund_prepaid,
    "GetPrepaidBalance": instruments.prepaid_balance,
    "GetAllPrepaidInstruments": instruments.all_prepaid,
    "GetTotalPrepaidLiability": instruments.prepaid_liability,
    "GetDebtBalance": instruments.debt_balance,
    "GetOutstandingDebtBalance": instruments.outstanding_debt,
    "GetAllCreditInstruments": instruments.all_credit,
    "SettleDebt": moving.settle_debt,
    "WriteOffDebt": moving.write_off_debt,
    "SubscribeForCallerNotification": queue.subscribe,
    "UnSubscribeForCallerNotification": queue.unsubscribe,
}
REMEMBERED = frozenset(
    {"Pay", "Reserve", "Refund", "FundPrepaid", "SettleDebt", "WriteOffDebt", "InstallPaymentInstruction"}
)
#: A second use of their reference is refused, be it the same request or not (captured).
ONCE = frozenset({"InstallPaymentInstruction"})
