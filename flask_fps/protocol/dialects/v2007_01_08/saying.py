"""Messages of later versions as messages of 2007-01-08, which wants a token for each of our own roles."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

from ... import messages as later
from ... import results as later_results
from ... import schema
from ...messages import Message
from ..speaking import RoleTokens
from . import messages
from . import results

#: Asked only for a request that needs one.
Tokens = Callable[[], RoleTokens]
#: Each description takes so many bytes.
DESCRIPTION = 128
#: The longest reason for a cancelled token.
REASON = 64


def _pay(message: later.Pay | later.Reserve, tokens: Tokens) -> messages.Payment:
    action = messages.Reserve if isinstance(message, later.Reserve) else messages.Pay
    return action(
        caller_token_id=_needed(tokens().caller, "FPS_CALLER_TOKEN"),
        sender_token_id=message.sender_token_id,
        recipient_token_id=message.recipient_token_id or _needed(tokens().recipient, "FPS_RECIPIENT_TOKEN"),
        transaction_amount=_amount(message.transaction_amount),
        charge_fee_to=message.charge_fee_to or "Recipient",
        caller_reference=message.caller_reference,
        caller_description=_short(message.caller_description),
        sender_description=_short(message.sender_description),
        marketplace_fixed_fee=_amount(message.marketplace_fixed_fee) if message.marketplace_fixed_fee else None,
        marketplace_variable_fee=message.marketplace_variable_fee,
        descriptor_policy=_descriptor(message.descriptor_policy),
    )


def _descriptor(policy: later_results.DescriptorPolicy | None) -> results.DescriptorPolicy | None:
    if policy is None:
        return None
    return results.DescriptorPolicy(soft_descriptor_type=policy.soft_descriptor_type, cs_number_of=policy.cs_owner)


def _settle(message: later.Settle, tokens: Tokens) -> messages.Settle:
    amount = message.transaction_amount
    return messages.Settle(
        reserve_transaction_id=message.reserve_transaction_id,
        transaction_amount=_amount(amount) if amount is not None else None,
    )


def _refund(message: later.Refund, tokens: Tokens) -> messages.Refund:
    amount = message.refund_amount
    return messages.Refund(
        caller_token_id=_needed(tokens().caller, "FPS_CALLER_TOKEN"),
        transaction_id=message.transaction_id,
        refund_amount=_amount(amount) if amount is not None else None,
        caller_reference=message.caller_reference,
        caller_description=_short(message.caller_description),
        marketplace_refund_policy=message.marketplace_refund_policy,
    )


def _activity(message: later.GetAccountActivity, tokens: Tokens) -> messages.GetAccountActivity:
    return messages.GetAccountActivity(
        operation=message.fps_operation,
        payment_method=message.payment_method,
        max_batch_size=message.max_batch_size,
        start_date=message.start_date,
        end_date=message.end_date,
        sort_order_by_date=message.sort_order_by_date,
        role=message.role,
        status={"Pending": "Initiated"}.get(message.transaction_status or "", message.transaction_status),
    )


#: By the type of a later message: its own, with the tokens of our roles.
SAY: Mapping[type[Message[Any]], Callable[[Any, Tokens], Message[Any]]] = {
    later.Pay: _pay,
    later.Reserve: _pay,
    later.Settle: _settle,
    later.Refund: _refund,
    later.GetAccountActivity: _activity,
    later.GetTransaction: lambda asked, _: messages.GetTransaction(transaction_id=asked.transaction_id),
    later.GetTransactionStatus: lambda asked, _: messages.GetTransaction(transaction_id=asked.transaction_id),
    later.GetAccountBalance: lambda asked, _: messages.GetAccountBalance(),
    later.GetTokenByCaller: lambda asked, _: messages.GetTokenByCaller(
        token_id=asked.token_id, caller_reference=asked.caller_reference
    ),
    later.GetTokens: lambda asked, _: messages.GetTokens(
        token_friendly_name=asked.token_friendly_name,
        token_status=asked.token_status,
        caller_reference=asked.caller_reference,
    ),
    later.CancelToken: lambda asked, _: messages.CancelToken(
        token_id=asked.token_id, reason_text=asked.reason_text and asked.reason_text[:REASON]
    ),
}
#: Likewise, the type of its own.
TYPES: Mapping[type[Message[Any]], type[Message[Any]]] = {
    each: messages.ACTIONS.get(each.action, messages.GetTransaction) for each in SAY
}


#: What later messages may say, and these cannot.
_UNSAID = ("transaction_timeout_in_mins", "override_ipn_url", "token_type")


def say(message: Message[Any], tokens: Tokens) -> Message[Any]:
    """A message of a type in :data:`SAY` as one of this version.

    :raises ValueError: it says what this version has no parameter for.
    :raises RuntimeError: a token is needed that nobody has installed.
    """
    given = {part.attribute: part.name for part in schema.parts(type(message)) if part.attribute in _UNSAID}
    unsaid = [name for attribute, name in given.items() if getattr(message, attribute) is not None]
    if unsaid:
        raise ValueError(f"{message.action} has no {', '.join(unsaid)} in API version 2007-01-08: leave it out")
    return SAY[type(message)](message, tokens)


def _needed(token: str | None, key: str) -> str:
    if token is None:
        raise RuntimeError(
            f"{key} is missing: API version 2007-01-08 pays with a token for each role. "
            "Run `flask fps tokens install` once, or set the key"
        )
    return token


def _short(text: str | None) -> str | None:
    """At most :data:`DESCRIPTION` bytes, and no half letters."""
    return text if text is None else text.encode()[:DESCRIPTION].decode(errors="ignore")


def _amount(amount: later_results.Amount) -> results.Amount:
    return results.Amount(amount.value, amount.currency_code)
