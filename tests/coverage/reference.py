"""Actions and parameters as the references list them, copied out of them and not out of our code.

An amount and a policy are one name here; their parts follow from their type.
"""

from __future__ import annotations

#: FPS API reference 2010-08-28, and the WSDL of 2008-09-17. Pay and Reserve have the same.
_PAYMENT = """SenderTokenId TransactionAmount CallerReference RecipientTokenId ChargeFeeTo CallerDescription
    SenderDescription DescriptorPolicy TransactionTimeoutInMins MarketplaceFixedFee MarketplaceVariableFee
    OverrideIPNURL"""
NEWEST = {
    "Pay": _PAYMENT,
    "Reserve": _PAYMENT,
    "Settle": "ReserveTransactionId TransactionAmount OverrideIPNURL",
    "Cancel": "TransactionId Description OverrideIPNURL",
    "Refund": """TransactionId CallerReference RefundAmount CallerDescription MarketplaceRefundPolicy
        OverrideIPNURL""",
    "FundPrepaid": """SenderTokenId PrepaidInstrumentId FundingAmount CallerReference SenderDescription
        CallerDescription DescriptorPolicy TransactionTimeoutInMins OverrideIPNURL""",
    "SettleDebt": """SenderTokenId CreditInstrumentId SettlementAmount CallerReference SenderDescription
        CallerDescription DescriptorPolicy TransactionTimeoutInMins OverrideIPNURL""",
    "WriteOffDebt": "CreditInstrumentId AdjustmentAmount CallerReference CallerDescription",
    "CancelSubscriptionAndRefund": "SubscriptionId RefundAmount CallerReference CancelReason",
    "GetTransactionStatus": "TransactionId",
    "GetTransaction": "TransactionId",
    "GetAccountActivity": """StartDate EndDate MaxBatchSize SortOrderByDate FPSOperation PaymentMethod Role
        TransactionStatus Status ResponseGroup""",
    "GetAccountBalance": "",
    "GetTokenByCaller": "TokenId CallerReference",
    "GetTokens": "TokenStatus TokenType CallerReference TokenFriendlyName",
    "GetTokenUsage": "TokenId",
    "CancelToken": "TokenId ReasonText OverrideIPNURL",
    "InstallPaymentInstruction": "PaymentInstruction CallerReference TokenType TokenFriendlyName PaymentReason",
    "GetPaymentInstruction": "TokenId",
    "GetRecipientVerificationStatus": "RecipientTokenId",
    "GetPrepaidBalance": "PrepaidInstrumentId",
    "GetTotalPrepaidLiability": "",
    "GetDebtBalance": "CreditInstrumentId",
    "GetOutstandingDebtBalance": "",
    "GetSubscriptionDetails": "SubscriptionId",
    "GetTransactionsForSubscription": "SubscriptionId",
    "VerifySignature": "UrlEndPoint HttpParameters",
}

#: WSDL of 2007-01-08; the two policies of Pay and Reserve from its clients of 2009.
_TEXTS = """SenderReference RecipientReference CallerDescription SenderDescription RecipientDescription MetaData
    TransactionDate"""
_FIRST_PAYMENT = f"""CallerTokenId SenderTokenId RecipientTokenId TransactionAmount ChargeFeeTo CallerReference
    MarketplaceFixedFee MarketplaceVariableFee DescriptorPolicy TemporaryDeclinePolicy {_TEXTS}"""
_INSTRUCTION = "PaymentInstruction TokenFriendlyName CallerReference TokenType PaymentReason"
FIRST = {
    "Pay": _FIRST_PAYMENT,
    "PayBatch": " ".join(f"PayRequest.N.{name}" for name in _FIRST_PAYMENT.split()) + " Unused",
    "Reserve": _FIRST_PAYMENT,
    "Settle": "ReserveTransactionId TransactionAmount TransactionDate MetaData",
    "Refund": """CallerTokenId RefundSenderTokenId TransactionId RefundAmount ChargeFeeTo TransactionDate
        CallerReference RefundSenderReference RefundRecipientReference CallerDescription RefundSenderDescription
        RefundRecipientDescription MetaData MarketplaceRefundPolicy""",
    "RetryTransaction": "OriginalTransactionId",
    "InstallPaymentInstruction": _INSTRUCTION,
    "InstallPaymentInstructionBatch": " ".join(
        [*(f"InstallPaymentInstructionRequest.N.{name}" for name in _INSTRUCTION.split()), "Unused"]
    ),
    "GetPaymentInstruction": "TokenId",
    "CancelToken": "TokenId ReasonText",
    "GetTokenByCaller": "TokenId CallerReference",
    "GetTokens": "TokenFriendlyName TokenStatus CallerReference",
    "GetTokenUsage": "TokenId",
    "GetTransaction": "TransactionId",
    "GetResults": "Operation MaxResultsCount",
    "DiscardResults": "TransactionIds",
    "GetAccountActivity": """Operation PaymentMethod MaxBatchSize StartDate EndDate ResponseGroup SortOrderByDate
        Role Status""",
    "GetAccountBalance": "",
    "FundPrepaid": f"""SenderTokenId CallerTokenId PrepaidInstrumentId FundingAmount CallerReference ChargeFeeTo
        {_TEXTS}""",
    "GetPrepaidBalance": "PrepaidInstrumentId",
    "GetAllPrepaidInstruments": "InstrumentStatus",
    "GetTotalPrepaidLiability": "",
    "GetDebtBalance": "CreditInstrumentId",
    "GetOutstandingDebtBalance": "",
    "GetAllCreditInstruments": "InstrumentStatus",
    "SettleDebt": f"""SenderTokenId CallerTokenId CreditInstrumentId SettlementAmount CallerReference ChargeFeeTo
        {_TEXTS}""",
    "WriteOffDebt": f"CallerTokenId CreditInstrumentId AdjustmentAmount CallerReference {_TEXTS}",
    "SubscribeForCallerNotification": "NotificationOperationName WebServiceAPIURL",
    "UnSubscribeForCallerNotification": "NotificationOperationName",
}

#: The pipelines' own parameters, beside what all of them have (developer guide 2009-01-09).
_ADDRESS = "addressName addressLine1 addressLine2 city state country zip phoneNumber collectShippingAddress"
_PAYING = f"paymentMethod paymentReason currencyCode {_ADDRESS}"
_LIMITS = """usageLimitType1 usageLimitValue1 usageLimitPeriod1 usageLimitType2 usageLimitValue2
    usageLimitPeriod2"""
_LIFE = "validityStart validityExpiry"
EVERY_PIPELINE = "returnURL cobrandingStyle cobrandingUrl websiteDescription"
PIPELINES = {
    "SingleUse": f"""callerReference transactionAmount recipientToken isRecipientCobranding reserve itemTotal shipping
        handling giftWrapping discount tax collectEmailAddress disableGuest {_PAYING}""",
    "MultiUse": f"""callerReference transactionAmount amountType globalAmountLimit recipientTokenList
        isRecipientCobranding {_PAYING} {_LIMITS} {_LIFE}""",
    "Recurring": f"""callerReference transactionAmount recurringPeriod recipientToken isRecipientCobranding {_PAYING}
        {_LIFE}""",
    "Recipient": f"""callerReference callerReferenceRefund recipientPaysFee maxFixedFee maxVariableFee paymentMethod
        {_LIFE}""",
    "SetupPrepaid": f"callerReferenceSender callerReferenceFunding fundingAmount {_PAYING} {_LIFE}",
    "SetupPostpaid": f"""callerReferenceSender callerReferenceSettlement creditLimit globalAmountLimit {_PAYING}
        {_LIMITS} {_LIFE}""",
    "EditToken": "callerReference tokenID paymentMethod",
}
