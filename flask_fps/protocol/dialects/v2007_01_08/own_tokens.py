"""Tokens on one's own account, one for each role: made once, and found again however often one asks.

FPS developer guide 2007-01-08, *Installing Tokens on your Account*. A reference may be used but once, so that it is
part of the answer: whoever asks again finds what was made under it, even if the first answer was lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from typing import TYPE_CHECKING

from ....errors import ServiceError
from . import messages

if TYPE_CHECKING:
    from ...client import Client

#: What a token for each role says (the texts that the guides and clients of the time used).
INSTRUCTIONS = {
    "caller": "MyRole == 'Caller' orSay 'Roles do not match';",
    "recipient": "MyRole == 'Recipient' orSay 'Roles do not match';",
}
#: So many tokens of ours may have been cancelled before a person is asked.
MOST = 100


class OwnToken(NamedTuple):
    """A token that works."""

    token_id: str
    #: ``kept`` (it is the one that was known), ``found`` (it had been made before) or ``installed``.
    how: str


def own_token(client: Client, role: str, known: str | None = None) -> OwnToken:
    """A token for this role of the account behind the client's keys.

    :param role: a key of :data:`INSTRUCTIONS`.
    :param known: the one that is used so far.
    :raises ServiceError: FPS refused.
    :raises TransportError: FPS did not answer; ask again.
    :raises RuntimeError: every one that was made has been cancelled since.
    """
    if known is not None and _says(client, known, role):
        return OwnToken(known, "kept")
    for reference in _references(role):
        found = _made_under(client, reference)
        if found is None:
            wish = messages.InstallPaymentInstruction(
                payment_instruction=INSTRUCTIONS[role],
                caller_reference=reference,
                token_type="Unrestricted",
                token_friendly_name=f"Flask-FPS {role}",
            )
            return OwnToken(client.send(wish).token_id, "installed")
        if _says(client, found, role):
            return OwnToken(found, "found")
    raise RuntimeError(
        f"{MOST} tokens of the {role} were made and cancelled, and no more are made by themselves: install one under a "
        f"reference of your own, and set FPS_{role.upper()}_TOKEN to it"
    )


def _references(role: str) -> Iterator[str]:
    return (f"flask-fps-{role}-{number}" for number in range(1, MOST + 1))


def _made_under(client: Client, reference: str) -> str | None:
    try:
        return client.send(messages.GetTokenByCaller(caller_reference=reference)).token.token_id
    except ServiceError as error:
        if error.code == "InvalidCallerReference":
            return None
        raise


def _says(client: Client, token_id: str, role: str) -> bool:
    """Is this token there, active, one's own and for this role?"""
    try:
        found = client.send(messages.GetPaymentInstruction(token_id=token_id))
    except ServiceError as error:
        if error.code in ("InvalidTokenId", "InvalidParams"):
            return False
        raise
    return found.token.status == "Active" and found.payment_instruction == INSTRUCTIONS[role]
