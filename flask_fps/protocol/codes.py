"""The API's error codes (FPS API reference, *API Error Codes Table*, 2010-08-28)."""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """What the reference says of one error code."""

    #: The same wish may succeed later.
    retryable: bool
    meaning: str


#: Every code of the table.
DOCUMENTED = {
    "AccessFailure": Code(True, "account cannot be accessed"),
    "AccountClosed": Code(True, "account not active"),
    "AccountLimitsExceeded": Code(True, "a sending or receiving limit is passed, or the bank account is unverified"),
    "AmountOutOfRange": Code(False, "the amount is out of range; by card or bank account it must exceed $0.01"),
    "AuthFailure": Code(True, "the credentials could not be validated: is the account signed up for FPS?"),
    "ConcurrentModification": Code(True, "two writers at once"),
    "DuplicateRequest": Code(False, "a different request used this caller reference"),
    "InactiveInstrument": Code(False, "payment instrument inactive, e.g. expired card"),
    "IncompatibleTokens": Code(
        False, "the token does not fit: expired, or made for another recipient, amount or application"
    ),
    "InstrumentAccessDenied": Code(False, "caller is not the recipient of this prepaid/postpaid instrument"),
    "InstrumentExpired": Code(False, "prepaid/postpaid instrument expired"),
    "InsufficientBalance": Code(True, "sender, caller or recipient lacks the funds, for the amount or for the fee"),
    "InternalError": Code(True, "transient fault"),
    "InvalidAccountState": Code(True, "an account that takes part is suspended or closed"),
    "InvalidAccountState_Caller": Code(True, "the caller's account is suspended or closed"),
    "InvalidAccountState_Recipient": Code(True, "the recipient's account is suspended or closed"),
    "InvalidAccountState_Sender": Code(True, "the sender's account is suspended or closed"),
    "InvalidCallerReference": Code(False, "no token for this caller reference"),
    "InvalidClientTokenId": Code(False, "unknown AWS access key id"),
    "InvalidDateRange": Code(False, "end before start, or start in the future"),
    "InvalidParams": Code(False, "a parameter is invalid"),
    "InvalidPaymentInstrument": Code(False, "payment method used is invalid"),
    "InvalidPaymentMethod": Code(False, "name a correct payment method"),
    "InvalidRecipientForCCTransaction": Code(False, "recipient cannot take cards"),
    "InvalidSenderRoleForAccountType": Code(False, "token cannot be used for this operation"),
    "InvalidTokenId": Code(False, "you did not install the token you want to cancel"),
    "InvalidTokenId_Recipient": Code(False, "recipient token invalid or cancelled"),
    "InvalidTokenId_Sender": Code(False, "sender token invalid, cancelled or not active"),
    "InvalidTokenType": Code(False, "wrong operation for this token, e.g. usage of a single-use one"),
    "InvalidTransactionId": Code(False, "not found, not yours, or not a Pay/Reserve"),
    "InvalidTransactionState": Code(False, "not complete, or temporarily failed"),
    "NotMarketplaceApp": Code(True, "caller is neither sender nor recipient / not a marketplace app"),
    "OriginalTransactionFailed": Code(False, "original failed"),
    "OriginalTransactionIncomplete": Code(True, "original still in progress"),
    "PaymentInstrumentNotCC": Code(False, "needs a credit card"),
    "PaymentMethodNotDefined": Code(False, "no payment method in the transaction"),
    "PrepaidFundingLimitExceeded": Code(True, "above the recharge limit"),
    "RefundAmountExceeded": Code(False, "more than is refundable"),
    "SameSenderAndRecipient": Code(False, "sender = recipient"),
    "SameTokenIdUsedMultipleTimes": Code(False, "a token was already used in an earlier transaction"),
    "SenderNotOriginalRecipient": Code(False, "refund's sender was not the original recipient"),
    "SettleAmountGreaterThanDebt": Code(False, "settles or writes off more than the debt"),
    "SettleAmountGreaterThanReserveAmount": Code(False, "more than reserved"),
    "SignatureDoesNotMatch": Code(False, "request signature wrong"),
    "TokenAccessDenied": Code(False, "may not cancel this token"),
    "TokenNotActive": Code(False, "the token is cancelled"),
    "TokenNotActive_Recipient": Code(False, "the recipient token is cancelled"),
    "TokenNotActive_Sender": Code(False, "the sender token is cancelled"),
    "TokenUsageError": Code(False, "usage limit passed"),
    "TransactionDenied": Code(False, "not allowed"),
    "TransactionFullyRefundedAlready": Code(False, "nothing left to refund"),
    "TransactionTypeNotRefundable": Code(False, "cannot refund this kind"),
    "UnverifiedAccount_Recipient": Code(False, "the recipient needs a verified bank account or card"),
    "UnverifiedAccount_Sender": Code(False, "the sender needs a verified bank account or card"),
    "UnverifiedBankAccount": Code(False, "needs a verified bank account"),
    "UnverifiedEmailAddress_Caller": Code(False, "the caller's e-mail address is not verified"),
    "UnverifiedEmailAddress_Recipient": Code(False, "the recipient's e-mail address is not verified"),
    "UnverifiedEmailAddress_Sender": Code(False, "the sender's e-mail address is not verified"),
}

#: Codes outside that table: clients of the time list them or were sent them, Simple Pay's documents name the last; but
#: for ``InvalidAction`` and ``MissingParameter``, which are what the Query APIs of AWS say, and were not seen from FPS.
BESIDES = {
    "InternalServerError": Code(True, "transient fault"),
    "ServiceUnavailable": Code(True, "overloaded or away"),
    "InvalidAction": Code(False, "the API version has no such action"),
    "InvalidParameterValue": Code(False, "a common parameter has a wrong form"),
    "InvalidRequest": Code(False, "a parameter is unknown, repeated or misplaced"),
    "InvalidSignature": Code(False, "request signature wrong"),
    "MissingParameter": Code(False, "a common parameter is missing"),
    "RequestExpired": Code(False, "the timestamp is too far from the service's clock"),
    "InvalidSubscriptionState": Code(False, "the subscription is cancelled or completed already"),
}

#: Codes that 2007-01-08 had besides, and no later version (FPS developer guide 2007-01-08, *Error Codes Table*).
FIRST = {
    "BadRule": Code(False, "a payment instruction cannot be read"),
    "CannotSpecifyUsageForSingleUseToken": Code(False, "a single-use token has no usage of its own"),
    "InactiveAccount_Caller": Code(False, "the caller's account is not active"),
    "InactiveAccount_Recipient": Code(False, "the recipient's account is not active"),
    "InactiveAccount_Sender": Code(False, "the sender's account is not active"),
    "InstrumentNotActive": Code(False, "the payment instrument is not active"),
    "InvalidEvent": Code(False, "there is no such event to be notified of"),
    "InvalidInstrumentForAccountType": Code(False, "this kind of account cannot use the payment instrument"),
    "InvalidInstrumentState": Code(False, "the payment instrument is not in a state to be used"),
    "InvalidRecipientRoleForAccountType": Code(False, "this kind of account cannot be a recipient"),
    "InvalidTokenId_Caller": Code(False, "the caller token is invalid or cancelled"),
    "InvalidUsageDuration": Code(False, "a usage limit's period is less than an hour"),
    "InvalidUsageLimitCount": Code(False, "a usage limit's count is no count"),
    "InvalidUsageStartTime": Code(False, "a usage limit begins at no time"),
    "InvalidUsageType": Code(False, "a usage limit counts neither payments nor amounts"),
    "PaymentInstrumentMissing": Code(False, "no payment instrument is given"),
    "TokenNotActive_Caller": Code(False, "the caller token is cancelled"),
    "TransactionExpired": Code(False, "the transaction's time has run out"),
    "UsageNotDefined": Code(False, "a multi-use or recurring token needs a usage limit"),
}

CODES = DOCUMENTED | FIRST | BESIDES


def retryable(code: str) -> bool:
    """Is this code documented as worth a retry? An unknown code is not."""
    return code in CODES and CODES[code].retryable
