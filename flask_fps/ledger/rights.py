"""The part of the ledger that says who may have what, counts what is fetched, and knows whom to write to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex

from ..records import Grant
from ..records import Payment
from . import contacts
from . import grants
from . import reading
from .store import Store


@dataclass(frozen=True)
class Rights:
    """What buyers have, found as :attr:`flask_fps.ledger.Ledger.rights`; each method is one step."""

    _store: Store

    def owns(self, account: str, buyer: str, wanted: Mapping[str, int] | Sequence[str]) -> bool:
        """True if the buyer may have every one of these now, in the quantity that is wanted of each."""
        now, counted = self._store.clock(), Counter(wanted)
        return self._store.read(lambda session: grants.owned_skus(session, now, account, buyer, counted)) == set(
            counted
        )

    def purchases(self, accounts: list[str], buyer: str) -> list[Payment]:
        return self._store.read(lambda session: reading.purchases_of(session, accounts, buyer))

    def held(self, account: str, buyer: str, skus: Sequence[str]) -> list[Grant]:
        """Every grant of these that this buyer has or was lent, whatever it is worth."""
        return self._store.read(lambda session: grants.held_by(session, [account], buyer, skus))

    def grants(self, reference: str) -> list[Grant]:
        return self._store.read(lambda session: grants.grants_of(session, reference))

    def begin_use(self, ids: Sequence[int], window: timedelta) -> bool:
        """Count one use of each grant, unless one is under way; false, and none counted, if one has nothing left."""
        try:
            self._store.write(lambda session, now: grants.begin_use(session, now, ids, window))
        except grants.NothingLeft:
            return False
        return True

    def claim(self, reference: str, buyer: str, most: int | None = None) -> bool:
        """Lend what a payment bought to another browser: :func:`flask_fps.ledger.grants.claim`."""
        return self._store.write(lambda session, now: grants.claim(session, now, reference, buyer, most))

    def may_claim(self, reference: str, buyer: str | None, most: int) -> bool:
        """Would :meth:`claim` lend it to this buyer? ``None``: to somebody never seen."""
        return self._store.read(lambda session: grants.may_claim(session, reference, buyer, most))

    def claimants(self, reference: str) -> int:
        """To how many other browsers a purchase is lent."""
        return self._store.read(lambda session: grants.claimants(session, reference))

    def take_back(self, reference: str, by: str) -> int:
        """Take a purchase back from all browsers that it is lent to: :func:`flask_fps.ledger.grants.take_back`."""
        return self._store.write(lambda session, now: grants.take_back(session, now, reference, by))

    def holds(self, reference: str, buyer: str) -> bool:
        """Is this payment the buyer's, or was any of it lent?"""
        return self._store.read(lambda session: grants.holds(session, reference, buyer))

    def renew_downloads(self, reference: str, downloads: int | None, days: int | None, by: str | None = None) -> None:
        """More uses and more days: :func:`flask_fps.ledger.grants.renew`."""
        renewal = token_hex(8)
        self._store.write(
            lambda session, now: grants.renew(session, now, reference, downloads, days, by, renewal=renewal)
        )

    def reach(self, reference: str, contact: str) -> None:
        """Remember where the buyer of a payment can be written to, unless that is known."""
        self._store.write(lambda session, now: contacts.reach(session, reference, contact))

    def to_be_written(self, contact: str, apart: timedelta, limit: int) -> list[Payment]:
        """Payments of this address that were not written about for so long; from now on they were."""
        return self._store.write(lambda session, now: contacts.to_be_written(session, now, contact, apart, limit))
