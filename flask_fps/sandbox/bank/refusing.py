"""What becomes of a co-branded request that cannot be carried out: an error page, or straight back with a status.

Missing or malformed common parameters get the page; a bad value of the pipeline's own goes back as ``CE``, what only
an account can tell as ``NP``, ``NM`` or ``PE`` (captured pages and returns).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .asked import Asked
from .errors import absent
from .errors import CallerInputError
from .granting import Pipeline
from .granting import PIPELINES
from .records import Parameter
from .records import Run
from .rules import METHODS
from .web import is_web_address

#: In these nobody pays now: all methods are meant unless the request names some.
ANY_METHOD = ("Recipient", "EditToken")
_SIGNING = frozenset({"signature", "awsSignature", "signatureVersion", "signatureMethod", "callerKey"})


@dataclass(frozen=True)
class Refusal:
    """A request that is sent straight back, or a person who cannot go on with it."""

    #: ``CE``, ``NP``, ``NM``, ``PE``; of EditToken also ``IT``, ``UT`` and ``NA``.
    status: str
    message: str
    #: What the return echoes, where it echoes it.
    caller_reference: str | None = None


def checked(params: Mapping[str, str]) -> Pipeline:
    """The pipeline of a request that can at least be answered."""
    for name in ("pipelineName", "returnURL"):
        if not params.get(name):
            raise absent(name)
    pipeline = PIPELINES.get(params["pipelineName"])
    if pipeline is None:
        raise absent("pipelineName")
    if not is_web_address(params["returnURL"]):
        raise absent("returnURL")
    if pipeline.references[0] == "callerReference" and not params.get("callerReference"):
        raise CallerInputError("Caller Input Exception: The following input(s) are not well formed:[callerReference]")
    return pipeline


def methods_of(asked: Asked) -> tuple[str, ...]:
    """Those that the request names; of one that names none see :meth:`.Asked.methods`."""
    named = asked.methods()
    return METHODS if asked.params["pipelineName"] in ANY_METHOD and not asked.params.get("paymentMethod") else named


def caller_exception(name: str, params: Mapping[str, str]) -> Refusal:
    """As captured: of the instruments' pipelines the bracket follows at once, and no reference is echoed."""
    pipeline = PIPELINES[params["pipelineName"]]
    blank, echo = (" ", params.get("callerReference")) if pipeline.echoes else ("", None)
    return Refusal("CE", f"The following input(s) are not well formed:{blank}[{name}]", echo)


def refused(run: Run, status: str, words: str) -> Refusal:
    """In the words of the time: version 1 said the status alone."""
    return Refusal(status, status if run.era != "v2" else f"User Error: {words}")


def unsigned(params: Mapping[str, str]) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, value) for name, value in params.items() if name not in _SIGNING)
