"""What the bank refuses, in FPS's own codes (FPS API reference, APIErrorCodesTable)."""

from __future__ import annotations

from collections.abc import Iterable


class BankError(Exception):
    """A request the bank refuses; nothing was recorded."""

    #: FPS's code, for example ``InsufficientBalance``.
    code: str
    #: FPS's sentence, as it was captured where a capture exists.
    message: str
    #: What else FPS said under the same code; only 2007-01-08 can tell more than one.
    others: tuple[str, ...]

    def __init__(self, code: str, message: str, others: Iterable[str] = ()) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.others = tuple(others)


class CallerInputError(Exception):
    """A co-branded request that cannot even be sent back: its error page carries this text."""


class RunEnded(Exception):
    """A co-branded run that ended already, by a token or by the buyer's cancel."""


def absent(name: str) -> CallerInputError:
    """The captured text of a common input that is not there or no good."""
    return CallerInputError(f"Caller Input Exception: The following input(s) are either invalid or absent:[{name}]")


def invalid_params(message: str) -> BankError:
    return BankError("InvalidParams", message)


def invalid_id(parameter: str, kind: str, value: str) -> BankError:
    """The captured text of a malformed id; ``kind`` is ``token`` or ``transaction``."""
    name = f'"{parameter}"' if kind == "token" else parameter
    return invalid_params(f"{name} has to be a valid {kind} ID. Specified value: {value}")


def unknown_transaction() -> BankError:
    return BankError("InvalidTransactionId", "The transaction ID is not valid.")


def out_of_range() -> BankError:
    return BankError("AmountOutOfRange", "The transaction amount is outside the allowed range.")


def incompatible(reason: str) -> BankError:
    return BankError(
        "IncompatibleTokens",
        f"The transaction could not be completed because the tokens have incompatible payment instructions: {reason}",
    )
