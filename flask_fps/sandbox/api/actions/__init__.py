"""What each action does with the bank, a function each (FPS API reference)."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from . import instruments
from . import payments
from . import questions
from . import subscriptions
from . import tokens
from .asker import Asker as Asker
from .asker import money as money
from .questions import batch_size as batch_size

#: By action; each takes the message of its own action.
PERFORM: Mapping[str, Callable[[Asker, Any], object]] = {
    "Pay": payments.pay,
    "Reserve": payments.reserve,
    "Settle": payments.settle,
    "Cancel": payments.cancel,
    "Refund": payments.refund,
    "GetTransactionStatus": questions.transaction_status,
    "GetTransaction": questions.transaction,
    "GetAccountActivity": questions.account_activity,
    "GetAccountBalance": questions.account_balance,
    "GetTokenByCaller": tokens.token_by_caller,
    "GetTokens": tokens.tokens,
    "GetTokenUsage": tokens.token_usage,
    "CancelToken": tokens.cancel_token,
    "InstallPaymentInstruction": tokens.install_payment_instruction,
    "GetPaymentInstruction": tokens.payment_instruction,
    "GetRecipientVerificationStatus": tokens.recipient_verification,
    "FundPrepaid": instruments.fund_prepaid,
    "GetPrepaidBalance": instruments.prepaid_balance,
    "GetTotalPrepaidLiability": instruments.prepaid_liability,
    "GetDebtBalance": instruments.debt_balance,
    "GetOutstandingDebtBalance": instruments.outstanding_debt,
    "SettleDebt": instruments.settle_debt,
    "WriteOffDebt": instruments.write_off_debt,
    "CancelSubscriptionAndRefund": subscriptions.cancel_and_refund,
    "GetSubscriptionDetails": subscriptions.details,
    "GetTransactionsForSubscription": subscriptions.transactions,
    "VerifySignature": questions.verify_signature,
}
#: The same for 2008-09-17, which has all of these but the ones that came later.
PERFORM_2008: Mapping[str, Callable[[Asker, Any], object]] = {
    **PERFORM,
    "GetRecipientVerificationStatus": tokens.recipient_verification_of_2008,
}
#: Their CallerReference, where there is one, makes a request sent again the same request.
REMEMBERED = frozenset(
    {
        "Pay",
        "Reserve",
        "Refund",
        "FundPrepaid",
        "SettleDebt",
        "WriteOffDebt",
        "InstallPaymentInstruction",
        "CancelSubscriptionAndRefund",
    }
)
#: A party that cannot take part in these has a code of its own; of all others, an account that is shut asks in vain.
MOVING_MONEY = REMEMBERED - {"InstallPaymentInstruction"} | {"Settle", "Cancel"}
