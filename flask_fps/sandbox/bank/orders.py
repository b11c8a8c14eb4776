"""What every request to move money says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from datetime import timedelta

from .settlement import Ending


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a caller asks for, whatever it is that moves."""

    caller_reference: str
    caller_description: str | None = None
    sender_description: str | None = None
    #: Still pending after this long, it fails.
    timeout: timedelta | None = None
    ipn_url: str | None = None
    caller_date: datetime | None = None
    #: DescriptorPolicy: whose name the sender's card statement has, and whether it is the sender's description instead.
    statement_by: str = "Recipient"
    dynamic_statement: bool = False
    #: When and how it shall end, whatever its method says; ``None`` leaves that to the method.
    ending: Ending | None = None
