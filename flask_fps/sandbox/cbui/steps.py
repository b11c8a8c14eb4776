"""Which pages a run has, in their order."""

from __future__ import annotations

from ..bank.records import Run
from . import details

SIGN_IN = "Sign in"
METHOD = "Payment method"
ADDRESS = "Address"
CONFIRM = "Confirm"


def of(run: Run) -> tuple[str, ...]:
    """The names of its steps: a recipient pays nothing, and only some requests ask where to ship to."""
    if run.pipeline == "Recipient":
        return (SIGN_IN, CONFIRM)
    ships = details.collects_address(run) and run.pipeline != "EditToken"
    return (SIGN_IN, METHOD, ADDRESS, CONFIRM) if ships else (SIGN_IN, METHOD, CONFIRM)


def after_sign_in(run: Run, *, has_default: bool) -> str:
    """The page that comes next; whoever edits a token is asked how he pays, default or not."""
    if METHOD in of(run) and (not has_default or run.edits is not None):
        return ".payment_method"
    return after_method(run)


def after_method(run: Run) -> str:
    return ".address" if ADDRESS in of(run) else ".confirm"
