"""The gateway that speaks FPS: adapts :mod:`flask_fps.protocol` to the seam."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from dataclasses import astuple
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from datetime import timedelta
from functools import cached_property
from typing import Any

from ..errors import InvalidSignature
from ..errors import MalformedMessage
from ..errors import NotSent
from ..errors import OrderError
from ..errors import OutcomeUnknown
from ..errors import ServiceError
from ..errors import TransportError
from ..money import Money
from ..protocol import messages
from ..protocol import outbound
from ..protocol.activity import BATCHES
from ..protocol.activity import transactions
from ..protocol.cbui import CBUI
from ..protocol.client import Client
from ..protocol.dialects import RoleTokens
from ..protocol.dialects import Speaker
from ..protocol.dialects import TEMPORARY_DECLINE
from ..records import Facts
from ..records import Intent
from ..records import Kind
from ..records import Outcome
from ..records import Payment
from ..records import Result
from . import Authorization
from . import Begun
from . import Limits
from . import Notification
from . import Standing
from . import Unreachable
from . import Verdict

#: What a transaction's status means for the one who asked (FPS API reference, *TransactionStatus*).
RESULTS = {
    "Success": Result.SUCCESS,
    "Pending": Result.PENDING,
    "Reserved": Result.RESERVED,
    "Failure": Result.FAILURE,
    "Cancelled": Result.CANCELLED,
}
#: FPS's names of payment methods, in the seam's.
METHODS = {"ABT": "balance", "ACH": "bank", "CC": "card"}
#: Returns that carry no token. ``A``: the buyer left; the others: FPS would not go on.
TURNED_AWAY = {
    "A": Standing.ABANDONED,
    "CE": Standing.REFUSED,
    "NM": Standing.REFUSED,
    "NP": Standing.REFUSED,
    "PE": Standing.REFUSED,
    "SE": Standing.REFUSED,
}
#: The request was turned down before anybody looked at what it wanted: keys or clock are wrong, not the payment.
FRONT_DOOR = frozenset({"AuthFailure", "InvalidClientTokenId", "RequestExpired", "SignatureDoesNotMatch"})
#: An earlier request with this reference was another one: that says nothing about whether money moved.
SAYS_NOTHING = frozenset({"DuplicateRequest"})
#: FPS calls these retriable, and they are once the buyer has acted: who is told now, and pays in another way.
FOR_THE_BUYER = frozenset({"AccountLimitsExceeded", "InsufficientBalance"})
#: No token was made under this reference of a co-branded request.
NO_TOKEN = frozenset({"InvalidCallerReference"})
#: There is no such transaction, or it is another account's.
NO_TRANSACTION = frozenset({"InvalidTransactionId"})
#: The status of a token that can still be paid with.
ACTIVE = "Active"
#: The operations (FPSOperation) that move money between us and our buyers.
OURS = frozenset({"Pay", "Reserve", "Settle", "Refund"})
#: How many batches of the account's activity are read for one lost answer.
BATCHES_FOR_ONE = 25


@dataclass(frozen=True)
class FPSGateway:
    """One FPS account.

    :param verifier: makes the judge of returns and notifications, at the first message.
    :param recipient_email: our own account, as FPS reports it: a payment found by asking counts only
        if the money went there.
    :param tokens: of our own roles, where they are shown: the recipient's also tells what was paid to us.
    :param recipient_token: of whoever is paid, where the settings name one: buyers authorize a payment to it.
    :param probe: open a connection before a buyer is sent away (the local sandbox may not run).
    """

    client: Client
    cbui: CBUI
    verifier: Callable[[], outbound.Verifier]
    recipient_email: str
    methods: tuple[str, ...]
    tokens: Callable[[], RoleTokens] = RoleTokens
    recipient_token: str | None = None
    send_notify_url: bool = True
    probe: bool = False

    name = "fps"
    limits = Limits(
        pay_within=timedelta(hours=3),
        resend_within=timedelta(days=7),
        hold_within=timedelta(days=7),
        holds_on_authorize=False,
        can_reserve=True,
        currencies=frozenset({"USD"}),
    )

    @cached_property
    def speaker(self) -> Speaker:
        """The API in the words of its newest version, whichever is spoken."""
        return self.client.dialect.speaker(self.client, self.tokens)

    @cached_property
    def _verifier(self) -> outbound.Verifier:
        return self.verifier()

    def begin(self, payment: Payment) -> Begun:
        """The signed URL of the co-branded pages. Nobody is asked, and the same payment gets the same URL."""
        return Begun(
            self.cbui.single_use(
                caller_reference=payment.reference,
                return_url=payment.return_url,
                transaction_amount=payment.amount,
                currency_code=payment.currency,
                payment_reason=payment.reason,
                payment_method=self.methods,
                recipient_token=self.recipient_token,
            )
        )

    def reachable(self) -> Unreachable | None:
        if self.client.dialect.with_caller_token and None in astuple(self.tokens()):
            return Unreachable("The shop has no FPS tokens of its own yet. Make them:", "flask fps tokens install")
        if not self.probe or self.client.reachable():
            return None
        return Unreachable("The sandbox does not answer at FPS_SANDBOX_URL. Start it:", "flask fps sandbox")

    def finish(self, raw_return: str, payment: Payment) -> Authorization:
        try:
            back = outbound.verified_return(raw_return, payment.return_url, self._verifier)
        except (InvalidSignature, MalformedMessage) as error:
            return Authorization(Standing.INVALID, detail=str(error))
        except OutcomeUnknown as error:
            return Authorization(Standing.COULD_NOT_TELL, detail=str(error))
        if back.status in TURNED_AWAY:
            said = f"{back.status} {back.error_message or ''}".strip()
            return Authorization(TURNED_AWAY[back.status], detail=said)
        if not back.authorized or back.caller_reference != payment.reference:
            return Authorization(Standing.INVALID, detail=f"status {back.status!r:.20} does not belong to this payment")
        method = METHODS.get(back.payment_method or "", back.payment_method)
        return Authorization(Standing.AUTHORIZED, back.token_id, method=method, detail=back.status)

    def freeze(self, payment: Payment, intent: Intent) -> Mapping[str, str]:
        notify_url = payment.notify_url if self.send_notify_url else None
        return self.speaker.parameters(_request(payment, intent, notify_url, self.tokens().recipient))

    def pay(self, intent: Intent) -> Outcome:
        return self._send(messages.Pay, intent)

    def reserve(self, intent: Intent) -> Outcome:
        return self._send(messages.Reserve, intent)

    def settle(self, intent: Intent) -> Outcome:
        """Settle has no reference of its own: that it is done once is the reserved transaction's own state."""
        return self._send(messages.Settle, intent)

    def cancel(self, intent: Intent) -> Outcome:
        return self._send(messages.Cancel, intent)

    def refund(self, intent: Intent) -> Outcome:
        return self._send(messages.Refund, intent)

    def _send(self, action: type[messages.Message[Any]], intent: Intent) -> Outcome:
        try:
            answer = self.speaker.send_parameters(action, intent.parameters)
        except NotSent as error:
            return Outcome(Result.NOT_SENT, message=str(error))
        except OutcomeUnknown as error:
            return Outcome(Result.UNKNOWN, message=str(error))
        except ServiceError as error:
            return _refusal(error)
        return Outcome(
            RESULTS.get(answer.transaction_status, Result.UNKNOWN),
            answer.transaction_id,
            message=answer.transaction_status,
        )

    def release(self, authorization_id: str) -> Outcome:
        try:
            self.speaker.send(messages.CancelToken(token_id=authorization_id, reason_text="not used"))
        except NotSent as error:
            return Outcome(Result.NOT_SENT, message=str(error))
        except OutcomeUnknown as error:
            return Outcome(Result.UNKNOWN, message=str(error))
        except ServiceError as error:
            may_pass = error.http_status >= 500 or error.retryable or error.code in FRONT_DOOR
            return Outcome(Result.UNKNOWN if may_pass else Result.FAILURE, code=error.code, message=error.message)
        return Outcome(Result.CANCELLED)

    def status(self, transaction_id: str) -> Outcome:
        """What GetTransaction says. An error here says nothing about the money."""
        try:
            found = self.speaker.send(messages.GetTransaction(transaction_id=transaction_id)).transaction
        except (TransportError, ServiceError) as error:
            code = getattr(error, "code", None)
            return Outcome(Result.UNKNOWN, message=str(error), code=code, absent=code in NO_TRANSACTION)
        if found.transaction_id != transaction_id:
            return Outcome(Result.UNKNOWN, message="the answer is about another transaction")
        return Outcome(
            RESULTS.get(found.transaction_status, Result.UNKNOWN),
            found.transaction_id,
            payer=found.sender_email,
            method=METHODS.get(found.payment_method, found.payment_method),
            code=found.status_code,
            message=found.status_message or found.transaction_status,
            facts=self._facts(found),
            declined_for_now=found.status_code == TEMPORARY_DECLINE and found.fps_operation in ("Pay", "Reserve"),
        )

    def retry(self, transaction_id: str) -> Outcome:
        """RetryTransaction, of version 2007-01-08: later ones try again by themselves."""
        try:
            self.speaker.retry(transaction_id)
        except (TransportError, ServiceError) as error:
            return Outcome(Result.UNKNOWN, transaction_id, message=str(error), code=getattr(error, "code", None))
        return Outcome(Result.PENDING, transaction_id)

    def find(self, intent: Intent) -> Outcome:
        """Look through the account's activity for the token's transaction, or for the refund of one; what became
        of a Settle or Cancel stands in the reserved transaction itself."""
        if intent.first_sent_at is None:
            return Outcome(Result.UNKNOWN, message="it was never sent")
        if intent.kind in (Kind.SETTLE, Kind.CANCEL):
            return self._find_in_reserve(intent)
        try:
            for transaction in transactions(self.speaker, intent.first_sent_at - timedelta(days=1), BATCHES_FOR_ONE):
                if not _may_be(intent, transaction):
                    continue
                found = replace(self.status(transaction.transaction_id), absent=False)
                if found.facts is None or found.facts.reference == intent.reference:
                    return found  # else it was made by an earlier request with the same token
        except (TransportError, ServiceError) as error:
            return Outcome(Result.UNKNOWN, message=str(error))
        nothing = "no transaction of this authorization is in the account's activity"
        return Outcome(Result.UNKNOWN, message=nothing, absent=True)

    def _find_in_reserve(self, intent: Intent) -> Outcome:
        found = self.status(_reserved(intent))
        if found.result is Result.RESERVED:
            return Outcome(Result.UNKNOWN, message="it is still reserved", absent=True)
        return replace(found, absent=False)

    def recover(self, payment: Payment) -> Authorization:
        """What GetTokenByCaller says. Paying with a used or cancelled token is answered as its Pay was."""
        try:
            token = self.speaker.send(messages.GetTokenByCaller(caller_reference=payment.reference)).token
        except ServiceError as error:
            standing = Standing.ABANDONED if error.code in NO_TOKEN else Standing.COULD_NOT_TELL
            return Authorization(standing, detail=str(error))
        except TransportError as error:
            return Authorization(Standing.COULD_NOT_TELL, detail=str(error))
        if token.caller_reference != payment.reference:
            return Authorization(Standing.COULD_NOT_TELL, detail="the answer is about another reference")
        spent, given_at = token.token_status != ACTIVE, token.date_installed
        return Authorization(Standing.AUTHORIZED, token.token_id, given_at=given_at, spent=spent, detail="recovered")

    def notification(self, body: bytes, headers: Mapping[str, str], url: str) -> Notification:
        try:
            message = outbound.verified_notification(body, url, self._verifier)
        except (InvalidSignature, MalformedMessage, UnicodeDecodeError) as error:
            return Notification(Verdict.INVALID, detail=str(error))
        except OutcomeUnknown as error:
            return Notification(Verdict.COULD_NOT_TELL, detail=str(error))
        return Notification(
            Verdict.VALID,
            reference=message.caller_reference,
            transaction_id=message.transaction_id,
            kind=message.operation or message.notification_type,
            parent=message.parent_transaction_id,
            detail=message.transaction_status or "",
        )

    def activity(self, since: datetime) -> Iterable[Outcome]:
        for transaction in transactions(self.speaker, since, BATCHES):
            if transaction.fps_operation in OURS:
                found = self.status(transaction.transaction_id)
                yield found if found.facts else replace(found, transaction_id=transaction.transaction_id, absent=False)

    def _facts(self, found: messages.TransactionDetail) -> Facts:
        ours, own_token = None, self.tokens().recipient
        if own_token is not None and found.recipient_token_id is not None:
            ours = found.recipient_token_id == own_token
        elif found.recipient_email is not None:
            ours = found.recipient_email.casefold() == self.recipient_email.casefold()
        money = _money(found.transaction_amount)
        return Facts(found.caller_reference, money, ours, found.recipient_email, gives_back=_parent(found))


def _request(
    payment: Payment, intent: Intent, notify_url: str | None, recipient_token: str | None
) -> messages.Message[Any]:
    if intent.kind in (Kind.PAY, Kind.RESERVE):
        action = messages.Reserve if intent.kind == Kind.RESERVE else messages.Pay
        return action(
            sender_token_id=intent.authorization_id,
            transaction_amount=_amount(intent.money),
            caller_reference=intent.reference,
            recipient_token_id=recipient_token,
            caller_description=payment.reason[:160],
            override_ipn_url=notify_url,
        )
    paid_by = payment.transaction_id or ""
    if intent.kind == Kind.SETTLE:
        return messages.Settle(
            reserve_transaction_id=paid_by, transaction_amount=_amount(intent.money), override_ipn_url=notify_url
        )
    if intent.kind == Kind.CANCEL:
        return messages.Cancel(transaction_id=paid_by, override_ipn_url=notify_url)
    return messages.Refund(
        transaction_id=paid_by,
        caller_reference=intent.reference,
        refund_amount=_amount(intent.money),
        caller_description=payment.reason[:160],
        override_ipn_url=notify_url,
    )


def _reserved(intent: Intent) -> str:
    """The transaction that a Settle or Cancel is about."""
    return intent.parameters.get("ReserveTransactionId") or intent.parameters["TransactionId"]


def _may_be(intent: Intent, transaction: messages.Transaction) -> bool:
    """Could this line of the activity be what the intent asked for?"""
    if intent.kind == Kind.REFUND:
        refunded = intent.parameters["TransactionId"]
        return transaction.fps_operation == "Refund" and transaction.original_transaction_id in (None, refunded)
    return transaction.sender_token_id == intent.authorization_id


def _parent(found: messages.TransactionDetail) -> str | None:
    """The transaction that a refund gives back."""
    if found.fps_operation != "Refund":
        return None
    related = (each for each in found.related_transaction if each.relation_type == "Parent")
    return next((each.transaction_id for each in related), None)


def _amount(money: Money) -> messages.Amount:
    return messages.Amount(money.decimal, money.currency)


def _money(amount: messages.Amount) -> Money | None:
    """The amount, or ``None`` for one that no payment of ours can have had."""
    try:
        return Money.parse(amount.value, amount.currency_code)
    except OrderError:
        return None


def _refusal(error: ServiceError) -> Outcome:
    proves_nothing = error.http_status >= 500 or error.code in SAYS_NOTHING
    return Outcome(
        Result.UNKNOWN if proves_nothing else Result.FAILURE,
        code=error.code,
        message=error.message,
        retryable=error.code in FRONT_DOOR or (error.retryable and error.code not in FOR_THE_BUYER),
        unread=error.code in FRONT_DOOR,
        request_id=error.request_id,
    )
