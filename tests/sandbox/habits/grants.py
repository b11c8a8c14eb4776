"""Tokens and instruments of every kind, made by what a buyer's yes makes them by."""

from __future__ import annotations

from collections.abc import Mapping

from flask_fps.sandbox.bank.records import Run
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER

RETURN = "http://127.0.0.1:5000/fps/return?ref=1"
_ADDRESS = {
    "addressName": "John Doe",
    "addressLine1": "1 Main Street",
    "addressLine2": "Top floor",
    "city": "Seattle",
    "state": "WA",
    "zip": "98101",
    "country": "US",
    "phoneNumber": "206-555-0100",
}
_EVERYWHERE = {
    "returnURL": RETURN,
    "cobrandingStyle": "logo",
    "cobrandingUrl": "https://shop.example/logo.png",
    "websiteDescription": "DigitalDownload",
}
_PAYING = {"paymentMethod": "ABT,ACH,CC", "paymentReason": "Now and Forever", "currencyCode": "USD"}
_SHIPPING = {**_ADDRESS, "collectShippingAddress": "False"}
_LIMITS = {
    "usageLimitType1": "Amount",
    "usageLimitValue1": "50.00",
    "usageLimitPeriod1": "1 Month",
    "usageLimitType2": "Count",
    "usageLimitValue2": "10",
    "usageLimitPeriod2": "7 Days",
}

#: By pipeline: every parameter it has, with a value that goes with the others. ``{start}`` and ``{end}`` are moments,
#: ``{recipient}`` is another's recipient token, ``{token}`` one that can be edited.
WHOLE: Mapping[str, Mapping[str, str]] = {
    "SingleUse": {
        "collectEmailAddress": "True",
        "disableGuest": "True",
        "callerReference": "one",
        "transactionAmount": "10.00",
        "reserve": "False",
        "itemTotal": "7.00",
        "shipping": "1.00",
        "handling": "1.00",
        "giftWrapping": "1.00",
        "discount": "1.00",
        "tax": "1.00",
        "recipientToken": "{recipient}",
        "isRecipientCobranding": "True",
    },
    "MultiUse": {
        "callerReference": "many",
        "transactionAmount": "10.00",
        "amountType": "Maximum",
        "globalAmountLimit": "100.00",
        "recipientTokenList": "{recipient}",
        "isRecipientCobranding": "True",
    },
    "Recurring": {
        "callerReference": "again",
        "transactionAmount": "10.00",
        "recurringPeriod": "1 Month",
        "recipientToken": "{recipient}",
        "isRecipientCobranding": "True",
    },
    "Recipient": {
        "callerReference": "payee",
        "callerReferenceRefund": "payee-back",
        "recipientPaysFee": "True",
        "maxFixedFee": "1.00",
        "maxVariableFee": "10",
    },
    "SetupPrepaid": {
        "callerReferenceSender": "prepaid",
        "callerReferenceFunding": "funding",
        "fundingAmount": "50.00",
    },
    "SetupPostpaid": {
        "callerReferenceSender": "credit",
        "callerReferenceSettlement": "settling",
        "creditLimit": "50.00",
        "globalAmountLimit": "100.00",
    },
    "EditToken": {"callerReference": "edit", "tokenID": "{token}"},
}


def whole(server: SandboxServer, pipeline: str) -> dict[str, str]:
    """A request of this pipeline with every parameter that it has."""
    params = {**_EVERYWHERE, **WHOLE[pipeline], "pipelineName": pipeline}
    if pipeline not in ("Recipient", "EditToken"):
        params |= _PAYING | _SHIPPING
    if pipeline in ("Recipient", "EditToken"):
        params["paymentMethod"] = "ABT,ACH,CC"
    if pipeline in ("MultiUse", "Recurring", "Recipient", "SetupPrepaid", "SetupPostpaid"):
        now = int(server.bank.clock.now().timestamp())
        params |= {"validityStart": str(now + 60), "validityExpiry": str(now + 86400)}
    if pipeline in ("MultiUse", "SetupPostpaid"):
        params |= _LIMITS
    if "{recipient}" in params.values():
        payee = granted(server, "Recipient", buyer="jane@example.com", callerReference="payee-of-many")["tokenID"]
        params = {name: payee if text == "{recipient}" else text for name, text in params.items()}
    if "{token}" in params.values():
        params["tokenID"] = granted(server, "MultiUse")["tokenID"]
    return params


#: By pipeline: what it cannot do without.
PLAIN: Mapping[str, Mapping[str, str]] = {
    "SingleUse": {"callerReference": "one", "transactionAmount": "10.00"},
    "MultiUse": {"callerReference": "many", "globalAmountLimit": "100.00"},
    "Recurring": {"callerReference": "again", "transactionAmount": "10.00", "recurringPeriod": "1 Month"},
    "Recipient": WHOLE["Recipient"],
    "SetupPrepaid": WHOLE["SetupPrepaid"],
    "SetupPostpaid": WHOLE["SetupPostpaid"],
}


def granted(
    server: SandboxServer, pipeline: str, *, buyer: str = JOHN, method: str = "ABT", **more: str
) -> dict[str, str]:
    """What comes back with the buyer of a run: ``tokenID`` and the names that its pipeline has for the others."""
    named = {"pipelineName": pipeline, "returnURL": RETURN, "paymentMethod": "ABT,ACH,CC"}
    run = server.bank.pipelines.open(SELLER, {**named, **PLAIN[pipeline], **more})
    assert isinstance(run, Run), run
    token = server.bank.pipelines.authorize(run.run_id, buyer, method)
    ended = server.bank.pipelines.run(run.run_id)
    assert ended is not None
    return {"tokenID": token.token_id} | {said.name: said.value for said in ended.answer}
