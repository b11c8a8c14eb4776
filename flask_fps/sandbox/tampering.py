"""Messages that say something else than the truth: what of an answer, a notification or a return may be changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

#: In an answer, by what is changed: the element, and the one within it where it has parts, as patterns: 2007-01-08
#: had another name for the number in an amount.
ANSWER: Mapping[str, tuple[str, str | None]] = {
    "amount": ("TransactionAmount", "(?:Value|Amount)"),
    "currency": ("TransactionAmount", "CurrencyCode"),
    "recipient": ("RecipientEmail", None),
    "reference": ("CallerReference", None),
    "status": ("TransactionStatus", None),
    "transaction_id": ("TransactionId", None),
    "token_id": ("TokenId", None),
}
#: In a notification; amount and currency share a parameter.
NOTIFICATION: Mapping[str, str] = {
    "amount": "transactionAmount",
    "currency": "transactionAmount",
    "recipient": "recipientEmail",
    "reference": "callerReference",
    "status": "transactionStatus",
    "transaction_id": "transactionId",
}
#: In a return, which says nothing of amounts.
RETURN: Mapping[str, str] = {"reference": "callerReference", "status": "status", "token_id": "tokenID"}


def answer(body: bytes, field: str, value: str | None) -> bytes:
    """An answer with every such element changed, or without it; an answer that has none stays as it is."""
    text, (element, part) = body.decode(), ANSWER[field]
    if element == "TransactionStatus" and f"<{element}>" not in text:
        about, own = _apart(text)
        return (_changed(about, "Status", None, value) + own).encode()
    return _changed(text, element, part, value).encode()


def _changed(text: str, element: str, part: str | None, value: str | None) -> str:
    if value is None:
        return re.sub(f"<{element}>.*?</{element}>", "", text, flags=re.DOTALL)
    inside = f"<{element}>" if part is None else f"<{element}>(?:(?!</{element}>).)*<{part}>"
    return re.sub(f"({inside})[^<]*", lambda found: found[1] + _escaped(value), text, flags=re.DOTALL)


def _apart(text: str) -> tuple[str, str]:
    """What an answer of 2007-01-08 says of transactions, and what of the request: there either has a ``Status``."""
    about, last, own = text.rpartition("<Status>")
    return (about, last + own) if "<TransactionId>" in about else ("", text)


def form(parameters: Mapping[str, str], names: Mapping[str, str], field: str, value: str | None) -> dict[str, str]:
    """The parameters of a notification or a return with one of them changed, or without it."""
    name = names[field]
    if value is None:
        return {each: said for each, said in parameters.items() if each != name}
    currency, _, amount = parameters.get(name, "").partition(" ")
    changed = {"amount": f"{currency} {value}", "currency": f"{value} {amount}"}.get(field, value)
    return {**parameters, name: changed}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


#: By what is struck.
FIELDS: Mapping[str, Mapping[str, Any]] = {"answer": ANSWER, "notification": NOTIFICATION, "return": RETURN}
