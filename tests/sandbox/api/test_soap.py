"""SOAP is out of scope, and a SOAP client is told so in a fault that it can read."""

from __future__ import annotations

import pytest
from defusedxml import ElementTree

from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import token
from tests.sandbox.habits.wire import ask
from tests.sandbox.habits.wire import Got

ENVELOPE = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<Pay xmlns="http://fps.amazonaws.com/doc/2008-09-17/"><SenderTokenId>{}</SenderTokenId></Pay>'
    "</soap:Body></soap:Envelope>"
)


def _sent(server: SandboxServer, headers: str, body: str) -> Got:
    return ask(server, f"POST / HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {len(body.encode())}\r\n\r\n{body}")


@pytest.mark.parametrize(
    ("headers", "prefix"),
    [
        pytest.param('Content-Type: text/xml; charset=utf-8\r\nSOAPAction: "Pay"\r\n', "", id="Axis, .NET"),
        pytest.param('Content-Type: text/xml\r\nSOAPAction: ""\r\n', '<?xml version="1.0"?>\n', id="an empty action"),
        pytest.param("Content-Type: application/soap+xml; action=Pay\r\n", "", id="SOAP 1.2"),
        pytest.param("Content-Type: text/xml\r\n", "\n  ", id="PHP's SoapClient with its options off"),
        pytest.param("", "", id="no header at all"),
    ],
)
def test_a_soap_request_gets_a_fault_that_says_so(server: SandboxServer, headers: str, prefix: str) -> None:
    answer = _sent(server, headers, prefix + ENVELOPE.format(token(server)))
    assert (answer.status, answer.header("Content-Type")) == (500, "text/xml;charset=UTF-8")
    fault = ElementTree.fromstring(answer.body).find(".//{http://schemas.xmlsoap.org/soap/envelope/}Fault")
    assert fault is not None
    assert fault.findtext("faultcode") == "aws:Client.NotImplemented"
    assert "does not speak SOAP" in (fault.findtext("faultstring") or "")
    assert server.bank.transactions.all() == []


def test_a_form_that_calls_itself_xml_is_a_form(server: SandboxServer) -> None:
    answer = _sent(server, "Content-Type: text/xml\r\n", "Action=Pay")
    assert answer.code == "MissingParameter"
