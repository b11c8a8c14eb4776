"""Several requests in one (API version 2007-01-08): each is read, performed, remembered and answered by itself."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ....errors import ServiceError
from ....protocol import schema
from ....protocol.dialects.v2007_01_08 import messages
from ....protocol.dialects.v2007_01_08 import results
from ....protocol.messages import COMMON_NAMES
from ....protocol.messages import Message
from ..door import Call
from ..reply import Reply


def parts(call: Call, batch: Message[Any]) -> list[Call]:
    """The requests that a batch is made of."""
    part = schema.parts(type(batch))[0]
    return [_part(call, one) for one in getattr(batch, part.attribute)]


def result(call: Call, answered: Iterable[tuple[Call, Reply]]) -> object:
    """What the answers to them come to."""
    make_batch, make_part = _KINDS[call.action]
    return make_batch(tuple(make_part(**_said(part, reply)) for part, reply in answered))


def _part(call: Call, message: Message[Any]) -> Call:
    common = {name: value for name, value in call.params.items() if name in COMMON_NAMES}
    own = message.parameters()
    return replace(call, message=type(message), params={**common, "Action": message.action, **own}, own_parameters=own)


def _said(part: Call, reply: Reply) -> dict[str, Any]:
    """One answer, taken apart again."""
    try:
        if reply.status == 200:
            understood = part.dialect.parse_answer(reply.body, part.message)
            return {**vars(understood.result), "status": "Success", "request_id": understood.request_id}
        error = part.dialect.parse_error(reply.body, reply.status)
        assert error is not None, "the sandbox answers by an error or by an answer"
        return _refused(error, "System")
    except ServiceError as error:
        return _refused(error, "Business")


def _refused(error: ServiceError, kind: str) -> dict[str, Any]:
    entry = results.ServiceErrorEntry(
        error_type=kind,
        is_retriable="true" if error.retryable else "false",
        error_code=error.code,
        reason_text=error.message,
    )
    errors = results.ServiceErrors(errors=(entry,))
    return {"status": "Failure", "errors": errors, "request_id": error.request_id or ""}


#: By the action of the batch: what its answer is, and what each part of it.
_KINDS: Mapping[str, tuple[Callable[..., object], Callable[..., object]]] = {
    messages.PayBatch.action: (results.PayBatchResult, results.BatchedPay),
    messages.InstallPaymentInstructionBatch.action: (
        results.InstallPaymentInstructionBatchResult,
        results.BatchedInstallation,
    ),
}
ACTIONS = frozenset(_KINDS)
