"""A caller of 2007, written from the clients of the time: signature version 1 by the standard library, GET, tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from datetime import datetime
from datetime import timezone
from urllib.parse import urlencode

import requests

from tests.sandbox.caller import ACCESS_KEY
from tests.sandbox.caller import Answer
from tests.sandbox.caller import answered
from tests.sandbox.caller import dotted
from tests.sandbox.caller import SECRET_KEY


@dataclass
class FirstCaller:
    """One account's program. Its tokens are installed when they are first needed."""

    url: str
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY
    tokens: dict[str, str] = field(default_factory=dict)

    def call(self, action: str, **parameters: str) -> Answer:
        return self.send(self.signed({"Action": action} | dotted(parameters)))

    def send(self, parameters: Mapping[str, str]) -> Answer:
        return answered(requests.get(f"{self.url}/?{urlencode(parameters)}", timeout=10))

    def signed(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """With the common parameters and a signature; what is given wins."""
        common = {
            "AWSAccessKeyId": self.access_key,
            "Version": "2007-01-08",
            "Timestamp": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
            "SignatureVersion": "1",
        }
        unsigned = common | dict(parameters)
        text = "".join(name + unsigned[name] for name in sorted(unsigned, key=lambda name: (name.lower(), name)))
        digest = hmac.new(self.secret_key.encode(), text.encode(), hashlib.sha1).digest()
        return unsigned | {"Signature": base64.b64encode(digest).decode()}

    def token(self, role: str) -> str:
        """The token for a role of one's own."""
        if role not in self.tokens:
            self.tokens[role] = self.install(f"MyRole == '{role}' orSay 'Roles do not match';", f"my-{role}")["TokenId"]
        return self.tokens[role]

    def install(self, instruction: str, reference: str = "one", token_type: str = "Unrestricted") -> Answer:
        said = {"PaymentInstruction": instruction, "CallerReference": reference, "TokenType": token_type}
        return self.call("InstallPaymentInstruction", **said)

    def pay(
        self, sender: str, reference: str = "pay-1", amount: str = "1.00", action: str = "Pay", **more: str
    ) -> Answer:
        given = {
            "CallerTokenId": self.token("Caller"),
            "RecipientTokenId": self.token("Recipient"),
            "SenderTokenId": sender,
            "TransactionAmount_Amount": amount,
            "TransactionAmount_CurrencyCode": "USD",
            "ChargeFeeTo": "Recipient",
            "CallerReference": reference,
        }
        return self.call(action, **(given | more))

    def refund(self, transaction_id: str, reference: str = "refund-1", **more: str) -> Answer:
        given = {"CallerTokenId": self.token("Caller"), "TransactionId": transaction_id, "CallerReference": reference}
        return self.call("Refund", **(given | more))


def statuses(answer: Answer) -> tuple[str, str]:
    """Of the request, and of the transaction it made (an empty text if it made none)."""
    made = re.search(r"<ns3:TransactionResponse>.*?<Status>(\w+)</Status>.*?</ns3:TransactionResponse>", answer.text)
    said = re.sub(r"<ns3:TransactionResponse>.*?</ns3:TransactionResponse>", "", answer.text)
    request = re.search(r"<Status>(\w+)</Status>(?:<Errors>.*</Errors>)?(?:<DiscardErrors>.*)?<RequestId>", said)
    assert request, answer.text
    return request[1], made[1] if made else ""


def refused(answer: Answer) -> tuple[str, str]:
    """Code and text of a business refusal, which came with HTTP 200."""
    assert answer.status == 200, answer.text
    assert statuses(answer) == ("Failure", "")
    return answer["ErrorCode"], answer["ReasonText"]
