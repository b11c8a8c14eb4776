"""An account's activity, batch after batch (FPS API reference, *GetAccountActivity*)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ..errors import OutcomeUnknown
from .dialects import Speaker
from .messages import GetAccountActivity
from .results import Transaction

#: The most that FPS gives at once.
BATCH = 200
#: A million transactions: whoever has more asks for fewer days.
BATCHES = 5000


def transactions(speaker: Speaker, since: datetime, batches: int = BATCHES) -> Iterator[Transaction]:
    """Every transaction since then, oldest first.

    :raises OutcomeUnknown: there are more than so many batches, and the rest was not read.
    :raises TransportError: FPS did not answer.
    :raises ServiceError: FPS refused to say.
    """
    for _batch in range(batches):
        asked = GetAccountActivity(start_date=since, sort_order_by_date="Ascending", max_batch_size=BATCH)
        answer = speaker.send(asked)
        yield from answer.transactions
        if answer.start_time_for_next_transaction is None:
            return
        since = answer.start_time_for_next_transaction
    raise OutcomeUnknown(f"the account's activity goes on after {batches} batches: its end was not read")
