"""Requests and answers since 2008-09-17: the result has an element of its own, and all is in one namespace."""

from __future__ import annotations

from typing import TypeVar

from .. import wire
from ..messages import Message
from .base import Dialect

R = TypeVar("R")


class Modern(Dialect):
    """2008-09-17 and later."""

    def render_answer(self, action: str, result: object | None, request_id: str) -> bytes:
        return wire.render_answer(action, result, self.version, request_id)

    def parse_answer(self, body: bytes, message: type[Message[R]]) -> wire.Answer[R]:
        return wire.parse_answer(body, message, self.version)
