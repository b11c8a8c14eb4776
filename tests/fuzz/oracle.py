"""What must hold after every request, whatever it was."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from decimal import Decimal
from decimal import InvalidOperation
from typing import Any

from defusedxml import ElementTree

from flask_fps.protocol.codes import CODES
from flask_fps.sandbox.api import soap
from flask_fps.sandbox.bank.records import TransactionRecord
from tests.fuzz.shots import Shot
from tests.fuzz.world import World

Shelves = Mapping[str, Mapping[str, Any]]
#: A request may take so long, on a machine that does other things too.
SECONDS = 10.0
#: What a person, a caller or a test may own. Notifications may be fetched, and clocks moved.
MONEY = ("accounts", "tokens", "transactions", "references")
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3}) [^\r\n]+\r\n")


def shelves(world: World) -> Shelves:
    """A copy of the books; the records in them never change."""
    return {name: dict(shelf._records) for name, shelf in world.bank.books.shelves.items()}


class Judge:
    """Looks at the books before a request and after it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._before = shelves(world)

    def problems(self, shot: Shot, answer: bytes, seconds: float) -> list[str]:
        """What is wrong, a sentence each."""
        after = shelves(self._world)
        found = [
            *self._of_the_answer(shot, answer),
            *self._of_the_change(shot, answer, after),
            *self._of_the_books(after),
            *([f"it took {seconds:.1f} s"] if seconds > SECONDS else []),
            *[f"logged as an error: {told}" for told in self._world.errors.take()],
        ]
        self._before = after
        return found

    def _of_the_answer(self, shot: Shot, answer: bytes) -> Iterator[str]:
        """Well formed, and never our own mistake."""
        for final in _finals(answer):
            if status(final) >= 500 and status(final) not in (501, 505) and soap.CODE.encode() not in final:
                yield f"answered {status(final)}"
        if answer and not _STATUS.match(answer):
            yield "answered what is no HTTP"
        if b"X-Injected" in answer.partition(b"\r\n\r\n")[0]:
            yield "a header was injected"
        if not shot.damaged and not shot.label.startswith(("page", "form", "control", "cbui")):
            yield from _of_the_xml(answer)

    def _of_the_change(self, shot: Shot, answer: bytes, after: Shelves) -> Iterator[str]:
        """What is refused leaves no trace; what was damaged does what was meant."""
        changed = [name for name in after if after[name] != self._before[name]]
        statuses = [status(final) for final in _finals(answer)]
        if statuses and min(statuses) >= 400 and changed:
            yield f"answered {statuses}, and yet {', '.join(changed)} changed"
        if b"status=CE" in answer or b"status=NP" in answer:
            yield from (f"a refusal went back, and yet {name} changed" for name in MONEY if name in changed)
        if shot.damaged and shot.meant:
            for one in _new(self._before, after):
                if not _as_meant(one, shot.meant):
                    yield f"a damaged request did what nobody signed: {one}"

    def _of_the_books(self, after: Shelves) -> Iterator[str]:
        """All balances together are what was put in, and no rule of the bank is broken."""
        opened = [after["accounts"][email] for email in after["accounts"].keys() - self._before["accounts"].keys()]
        self._world.put_in += sum(account.balance.minor for account in opened)
        if self._world.total() != self._world.put_in:
            yield f"the balances sum to {self._world.total()}, and {self._world.put_in} was put in"
        for account in after["accounts"].values():
            if account.balance.minor < 0 and not account.house and account.email.startswith(("john", "jane")):
                yield f"{account.email} owes {account.balance}"
        yield from _of_the_tokens(after)


def status(answer: bytes) -> int:
    match = _STATUS.match(answer)
    return int(match[1]) if match else 0


def _finals(answer: bytes) -> list[bytes]:
    """Every answer on the connection but the interim ones."""
    starts = [match.start() for match in _STATUS.finditer(answer) if match[1] != b"100"]
    return [answer[start:end] for start, end in zip(starts, [*starts[1:], len(answer)], strict=False)]


def _of_the_xml(answer: bytes) -> Iterator[str]:
    """The API speaks XML, and only codes that are documented or captured."""
    for final in _finals(answer):
        head, _, body = final.partition(b"\r\n\r\n")
        if status(final) in (200, 400, 403) and b"text/xml" in head:
            try:
                root = ElementTree.fromstring(body)
            except ElementTree.ParseError as error:
                yield f"the answer is no XML: {error}"
                return
            code = root.findtext("Errors/Error/Code")
            if code is not None and code not in CODES:
                yield f"answered the code {code}, which FPS did not have"


def _new(before: Shelves, after: Shelves) -> list[TransactionRecord]:
    known = before["transactions"]
    return [one for key, one in after["transactions"].items() if key not in known]


def _as_meant(one: TransactionRecord, meant: Mapping[str, str]) -> bool:
    amounts = [text for name, text in meant.items() if name.lower().endswith("amount.value")]
    amounts += [text for name, text in meant.items() if name.lower().endswith("amount.amount")]
    references = [text for name, text in meant.items() if name.lower() == "callerreference"]
    same_reference = not references or one.caller_reference in references
    return same_reference and (not amounts or any(_equal(text, one.amount.decimal) for text in amounts))


def _equal(text: str, amount: Decimal) -> bool:
    try:
        return Decimal(text) == amount
    except InvalidOperation:
        return False


def _of_the_tokens(after: Shelves) -> Iterator[str]:
    uses: Counter[str] = Counter()
    for one in after["transactions"].values():
        if one.operation in ("Pay", "Reserve", "Settle") and one.sender_token_id:
            uses[one.sender_token_id] += 1
        if one.refunded.minor > one.amount.minor:
            yield f"{one.transaction_id} was refunded by more than it was"
    for token_id, times in uses.items():
        token = after["tokens"].get(token_id)
        if token is not None and token.token_type == "SingleUse" and times > 1:
            yield f"the single-use token {token_id} was used {times} times"
