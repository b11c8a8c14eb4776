"""What a buyer's browser carries back to the caller: the return URL with signed parameters added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...protocol import outbound
from ...protocol import query
from ...protocol.outbound import AWS_SIGNATURE
from .. import tampering
from ..bank import Bank
from ..bank import ids
from ..bank.pipelines import Refusal
from ..bank.records import Run
from ..faults import Fault
from ..faults import Faults
from ..settings import Settings


@dataclass(frozen=True)
class Answers:
    """Writes the answers of one sandbox."""

    bank: Bank
    settings: Settings
    faults: Faults

    def outcome(self, run: Run) -> str:
        """Where to send the buyer of a run that has ended; the same token however often it is asked."""
        answer = {"status": run.ended or "A"} | {said.name: said.value for said in run.answer}
        fault = self.faults.take("return", run.pipeline, run.caller_reference)
        if fault is None:
            return self._signed(run.return_url, run.era, run.caller, answer)
        return self._tampered(run, answer, fault)

    def refusal(self, refusal: Refusal, return_url: str, era: str, caller: str) -> str:
        """Where to send a buyer who cannot pay, or whose caller asked wrongly."""
        answer = {"status": refusal.status, "errorMessage": refusal.message}
        if refusal.caller_reference is not None:
            answer["callerReference"] = refusal.caller_reference
        return self._signed(return_url, era, caller, answer)

    def _tampered(self, run: Run, answer: Mapping[str, str], fault: Fault) -> str:
        """The same return, lying: under a good signature, or changed on its way."""
        said = tampering.form(answer, tampering.RETURN, fault.field, fault.value)
        url = self._signed(run.return_url, run.era, run.caller, said if fault.signed else answer)
        if fault.signed:
            return url
        name = tampering.RETURN[fault.field]
        changed = "&".join(pair for pair in url.split("&") if not pair.startswith(f"{name}="))
        return changed if fault.value is None else query.append(changed, {name: fault.value})

    def _signed(self, return_url: str, era: str, caller: str, answer: Mapping[str, str]) -> str:
        secret = self.bank.account(caller).secret_key or ""
        if era == AWS_SIGNATURE:
            escape = self.bank.switches.aws_signature == "encoded"
            return outbound.url_signed_as_in_2007(answer, secret, return_url, escape=escape)
        if era == "v1":
            return query.append(return_url, outbound.sign_outbound_v1(answer, secret, return_url=return_url))
        key, wrap = self.settings.private_key_pem, self.settings.wrap
        return query.append(
            return_url,
            outbound.sign_outbound("GET", return_url, answer, key, self._certificate_url(), wrap=wrap),
        )

    def _certificate_url(self) -> str:
        tail = f"?requestId={ids.request_id()}" if self.settings.request_id_in_certificate_url else ""
        return self.settings.certificate_url + tail
