"""API version 2008-09-17: no caller token any more, transactions that pend, notifications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import messages
from ..messages import Message
from .modern import Modern

ACTIONS: Mapping[str, type[Message[Any]]] = messages.since("2008-09-17")

#: Both signatures were documented; ours is the one that sees all of a request.
V2008_09_17 = Modern("2008-09-17", ACTIONS, signatures=("2", "1"))
