"""What requests that move money are answered with. FPS API reference 2007-01-08, *Complex Types*."""

from __future__ import annotations

from dataclasses import dataclass

from .amounts import TokenUsageLimit


@dataclass(frozen=True, kw_only=True)
class TransactionResponse:
    """The transaction that a request made, and how it stands."""

    transaction_id: str
    #: ``Success``, ``Failure``, ``Initiated``, ``Reinitiated``, ``Reserved`` or ``TemporaryDecline``.
    status: str
    status_detail: str | None = None
    new_sender_token_usage: TokenUsageLimit | None = None


@dataclass(frozen=True)
class Made:
    """What every request that moves money is answered with."""

    transaction_response: TransactionResponse


@dataclass(frozen=True, kw_only=True)
class ServiceErrorEntry:
    """One reason of a refusal."""

    #: ``System`` or ``Business``.
    error_type: str
    #: ``true`` or ``false``.
    is_retriable: str
    error_code: str
    reason_text: str


@dataclass(frozen=True, kw_only=True)
class ServiceErrors:
    """All reasons of a refusal."""

    errors: tuple[ServiceErrorEntry, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BatchedPay:
    """One payment's part of a batch."""

    transaction_response: TransactionResponse | None = None
    #: ``Success`` or ``Failure``: of the request, not of the transaction.
    status: str
    errors: ServiceErrors | None = None
    request_id: str


@dataclass(frozen=True)
class PayBatchResult:
    """The parts, in the order of the requests."""

    pay_response: tuple[BatchedPay, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BatchedInstallation:
    """One instruction's part of a batch."""

    token_id: str | None = None
    status: str
    errors: ServiceErrors | None = None
    request_id: str


@dataclass(frozen=True)
class InstallPaymentInstructionBatchResult:
    """The parts, in the order of the requests."""

    install_payment_instruction_response: tuple[BatchedInstallation, ...] = ()
