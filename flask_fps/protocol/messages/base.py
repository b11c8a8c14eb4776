"""What every action is: a name, parameters, and what its answer holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import ClassVar
from typing import Generic
from typing import TypeVar

from .. import schema

R = TypeVar("R")
M = TypeVar("M", bound="Message[Any]")

V2008_09_17 = "2008-09-17"
V2010_08_28 = "2010-08-28"
VERSIONS = (V2008_09_17, V2010_08_28)

#: Parameters that every request carries beside those of its action.
COMMON_NAMES = frozenset(
    {"Action", "AWSAccessKeyId", "Version", "Timestamp", "SignatureVersion", "SignatureMethod", "Signature"}
)


class Message(Generic[R]):
    """A request for one action; ``R`` is what a successful answer holds."""

    #: The action's name on the wire.
    action: ClassVar[str]
    #: The dataclass that describes the answer; ``NoneType`` where it holds nothing.
    result: ClassVar[type[Any]]
    #: The first API version that has it.
    since: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        cls.action = cls.__name__

    def parameters(self) -> dict[str, str]:
        """The action's own parameters by their wire names; what is ``None`` is left out."""
        return dict(schema.flatten(self))

    @classmethod
    def from_parameters(cls: type[M], params: Mapping[str, str]) -> M:
        """The message with these parameters (:data:`COMMON_NAMES` taken out before).

        :raises MalformedMessage: for an unknown, missing or unreadable parameter; it names it.
        """
        return schema.gather(cls, params)

    @classmethod
    def names(cls, version: str) -> frozenset[str]:
        """The documented parameter names of this API version; a list is written ``Role.N``."""
        return schema.names(cls, version)

    @classmethod
    def accepts(cls, name: str, version: str) -> bool:
        """Is this a parameter of the action in this API version?"""
        stem, _, position = name.rpartition(".")
        numbered = position.isascii() and position.isdecimal() and position[0] != "0"
        return (f"{stem}.N" if numbered else name) in cls.names(version) and position != "N"

    @classmethod
    def missing(cls, params: Mapping[str, str]) -> tuple[str, ...]:
        """The names of required parameters that are absent or empty."""
        return tuple(schema.missing(cls, params))
