"""Several requests in one (FPS API reference 2007-01-08)."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from typing import ClassVar
from typing import TypeVar

from .... import schema
from ....messages import Message
from .. import results
from .payments import Pay
from .tokens import InstallPaymentInstruction

R = TypeVar("R")


class Batch(Message[R]):
    """Several requests in one: ``PayRequest.1.SenderTokenId``, ``PayRequest.2.SenderTokenId``, …"""

    @classmethod
    def missing(cls, params: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(cls._missing(params))

    @classmethod
    def _missing(cls, params: Mapping[str, str]) -> Iterator[str]:
        part = schema.parts(cls)[0]
        numbers = sorted({name.split(".")[1] for name in params if name.startswith(f"{part.name}.")})
        if not numbers:
            yield part.name
        for number in numbers:
            yield from schema.missing(part.kind, params, f"{part.name}.{number}.")


@dataclass(frozen=True, kw_only=True)
class PayBatch(Batch[results.PayBatchResult]):
    """Several payments, each answered by itself."""

    result: ClassVar[type[Any]] = results.PayBatchResult

    pay_request: tuple[Pay, ...] = ()
    unused: str | None = None


@dataclass(frozen=True, kw_only=True)
class InstallPaymentInstructionBatch(Batch[results.InstallPaymentInstructionBatchResult]):
    """Several instructions, each answered by itself."""

    result: ClassVar[type[Any]] = results.InstallPaymentInstructionBatchResult

    install_payment_instruction_request: tuple[InstallPaymentInstruction, ...] = ()
    unused: str | None = None
