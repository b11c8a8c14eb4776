"""API version 2010-08-28: signature version 2 alone, and an address for notifications with each request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import messages
from ..messages import Message
from .modern import Modern

ACTIONS: Mapping[str, type[Message[Any]]] = messages.since("2010-08-28")

V2010_08_28 = Modern("2010-08-28", ACTIONS, signatures=("2",))
