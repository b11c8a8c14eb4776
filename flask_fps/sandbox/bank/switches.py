"""What FPS's references leave open and money depends on: a switch each, with every plausible answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import NamedTuple


class Switch(NamedTuple):
    """One open question."""

    #: What happens that nobody described.
    question: str
    #: By position, what it means; the running sandbox stands at the first.
    positions: Mapping[str, str]
    #: Where a careless shop loses most: the default in tests.
    harshest: str


SWITCHES: Mapping[str, Switch] = {
    "in_flight": Switch(
        "The same request comes while its first is still being answered.",
        {
            "wait": "it waits, and gets the first one's answer",
            "DuplicateRequest": "it is refused with this code",
            "ConcurrentModification": "it is refused with this code, which is worth a retry",
            "anew": "it is judged as a new one, whose token (or amount) is taken: an error like any other",
        },
        "anew",
    ),
    "failed_reference": Switch(
        "A request is sent again under a reference whose first request got an error.",
        {
            "anew": "it is judged anew",
            "replay": "it gets the same error again, for the seven days of a reference; not an HTTP 5xx",
        },
        "replay",
    ),
    "used_token": Switch(
        "Pay is sent with a single-use token that has paid before.",
        {
            "TokenUsageError": "it is refused with this code, captured in 2007",
            "TokenNotActive_Sender": "it is refused with this code",
            "SameTokenIdUsedMultipleTimes": "it is refused with this code",
            "InvalidTokenId_Sender": "it is refused with this code, as if there had never been such a token",
        },
        "InvalidTokenId_Sender",
    ),
    "settled_reserve": Switch(
        "Settle or Cancel is sent for a reserve that was settled, cancelled or released before.",
        {
            "InvalidTransactionState": "it is refused with this code",
            "SettleAmountGreaterThanReserveAmount": "Settle is refused with this code, as if nothing were left of it",
            "InvalidTransactionId": "it is refused with this code, as if there had never been such a reserve",
        },
        "InvalidTransactionId",
    ),
    "expired_reserve": Switch(
        "A reserve was not settled within its seven days.",
        {
            "Cancelled": "it ends with this status, its status code is ``Expired``",
            "Failure": "it ends with this status, its status code is ``Expired``",
        },
        "Failure",
    ),
    "ipn": Switch(
        "A request causes a notification.",
        {
            "after": "it is posted after the request has been answered",
            "before": "it is posted, and its listener is waited for, before the request is answered",
        },
        "before",
    ),
    "ipn_order": Switch(
        "Several notifications are due at once.",
        {"oldest_first": "they are posted as they came about", "newest_first": "they are posted the other way round"},
        "newest_first",
    ),
    "aws_signature": Switch(
        "A buyer is sent back to a caller of 2007.",
        {
            "raw": "``awsSignature`` stands in the URL as it is: a ``+`` in it reads as a space",
            "encoded": "it is percent-encoded, like everything else",
        },
        "raw",
    ),
}


class Switches:
    """The switches of one sandbox; they may be turned at any time.

    :param positions: where they stand, where that is not the running sandbox's way.
    :raises ValueError: for a switch or a position that does not exist, here and at every turn.
    """

    in_flight: str
    failed_reference: str
    used_token: str
    settled_reserve: str
    expired_reserve: str
    ipn: str
    ipn_order: str
    aws_signature: str

    def __init__(self, **positions: str) -> None:
        usual = {name: next(iter(switch.positions)) for name, switch in SWITCHES.items()}
        self.turn(usual | positions)
        vars(self)["_first"] = self.plain()

    def __setattr__(self, name: str, position: str) -> None:
        self.turn({name: position})

    def turn(self, positions: Mapping[str, Any]) -> None:
        """Turn all of these, or none."""
        for name, position in positions.items():
            if name not in SWITCHES:
                raise ValueError(f"there is no switch {name!r:.40}: use {', '.join(SWITCHES)}")
            if not isinstance(position, str) or position not in SWITCHES[name].positions:
                raise ValueError(f"{name} is not {position!r:.40}: use {', '.join(SWITCHES[name].positions)}")
        vars(self).update(positions)

    def reset(self) -> None:
        """As they stood in the beginning."""
        self.turn(vars(self)["_first"])

    def plain(self) -> dict[str, str]:
        """All positions by name."""
        return {name: vars(self)[name] for name in SWITCHES}


def harshest() -> Switches:
    """Every switch where a careless shop loses most."""
    return Switches(**{name: switch.harshest for name, switch in SWITCHES.items()})
