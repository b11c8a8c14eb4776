"""What the bank refuses, in FPS's own codes (FPS API reference, APIErrorCodesTable)."""

from __future__ import annotations


class BankError(Exception):
    """A request the bank refuses; nothing was recorded."""

    #: FPS's code, for example ``InsufficientBalance``.
    code: str
    #: FPS's sentence, as it was captured where a capture exists.
    message: str

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class CallerInputError(Exception):
    """A co-branded request that cannot even be sent back: its error page carries this text."""


class RunEnded(Exception):
    """A co-branded run that ended already, by a token or by the buyer's cancel."""


def invalid_params(message: str) -> BankError:
    return BankError("InvalidParams", message)


def invalid_id(parameter: str, kind: str, value: str) -> BankError:
    """The captured text of a malformed id; ``kind`` is ``token`` or ``transaction``."""
    name = f'"{parameter}"' if kind == "token" else parameter
    return invalid_params(f"{name} has to be a valid {kind} ID. Specified value: {value}")


def incompatible(reason: str) -> BankError:
    return BankError(
        "IncompatibleTokens",
        f"The transaction could not be completed because the tokens have incompatible payment instructions: {reason}",
    )
