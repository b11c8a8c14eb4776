"""SOAP was FPS's other way in, and is not offered here: a SOAP client is told so in a fault it can read.

SOAP 1.1, section 6.2: a fault goes out with HTTP 500, or clients of the time do not look at it.
"""

from __future__ import annotations

from .reply import Reply

CODE = "aws:Client.NotImplemented"
TEXT = (
    "This sandbox does not speak SOAP. Send the action and its parameters to the Query API at the same address, "
    "as a query (GET) or as a form (POST), signed with SignatureVersion 2."
)
_FAULT = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
    f'<faultcode xmlns:aws="http://webservices.amazon.com/AWSFault/2005-15-09">{CODE}</faultcode>'
    f"<faultstring>{TEXT}</faultstring>"
    "</soap:Fault></soap:Body></soap:Envelope>"
)


def is_soap(action: str | None, body: bytes) -> bool:
    """A form never begins with a tag, and only SOAP clients name a SOAPAction, if only an empty one."""
    return action is not None or body.lstrip()[:1] == b"<"


def fault() -> Reply:
    """The answer to any SOAP request."""
    return Reply(500, _FAULT.encode(), "text/xml;charset=UTF-8")
