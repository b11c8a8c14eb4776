"""Rights to what was paid for, on both databases: what they are worth, how uses are counted, and who was lent them."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from flask_fps.ledger import Opening
from flask_fps.ledger.engine import writing
from flask_fps.ledger.models import ClaimRow
from flask_fps.ledger.models import GrantRow
from flask_fps.records import Grant
from flask_fps.records import Item
from flask_fps.records import Payment
from flask_fps.records import Result
from flask_fps.records import Right
from flask_fps.records import State
from tests.clock import START
from tests.ledger.books import Books
from tests.ledger.books import DAY
from tests.ledger.books import HOUR
from tests.ledger.books import JANE
from tests.ledger.books import JOHN
from tests.ledger.books import SECOND
from tests.ledger.books import SONG

PACK = Item("pack", 3, "A pack", downloads=2)
WEEK = Item("week", 3, "A week", days=7)
ALBUM = Item("album", 5, "The album")
GRANT = Grant(1, "pack", 1, JOHN, "payment", START, downloads=2)


@pytest.mark.parametrize(
    ("changes", "right", "left"),
    [
        ({}, Right.HELD, 2),
        ({"downloads": None}, Right.HELD, None),
        ({"used": 2}, Right.USED_UP, 0),
        ({"used": 3}, Right.USED_UP, 0),
        ({"used": 2, "window_until": START + SECOND}, Right.HELD, 0),
        ({"used": 2, "window_until": START}, Right.USED_UP, 0),
        ({"expires_at": START}, Right.EXPIRED, 2),
        ({"expires_at": START + SECOND}, Right.HELD, 2),
        ({"expires_at": START, "window_until": START + SECOND}, Right.HELD, 2),
        ({"expires_at": START, "used": 2}, Right.EXPIRED, 0),
        ({"revoked_at": START, "window_until": START + HOUR}, Right.REVOKED, 2),
    ],
)
def test_what_a_grant_is_worth(changes: dict[str, object], right: Right, left: int | None) -> None:
    grant = replace(GRANT, **changes)  # type: ignore[arg-type]
    assert (grant.right(START), grant.left) == (right, left)


def ids(books: Books, payment: Payment) -> list[int]:
    return [grant.id for grant in books.ledger.rights.grants(payment.reference)]


def used(books: Books, payment: Payment) -> list[int]:
    return [grant.used for grant in books.ledger.rights.grants(payment.reference)]


def test_the_terms_of_the_sale_are_in_the_grant(books: Books) -> None:
    payment = books.paid(replace(PACK, quantity=3), WEEK, ALBUM)
    assert [(grant.downloads, grant.expires_at) for grant in books.ledger.rights.grants(payment.reference)] == [
        (6, None),
        (None, START + 7 * DAY),
        (None, None),
    ]
    assert [(line.downloads, line.days) for line in payment.items] == [(2, None), (None, 7), (None, None)]


def test_a_use_opens_a_window_and_is_counted_once(books: Books) -> None:
    payment = books.paid(PACK)
    for _ in range(3):
        assert books.ledger.rights.begin_use(ids(books, payment), HOUR)
    assert used(books, payment) == [1]
    books.clock.advance(HOUR)
    assert books.ledger.rights.begin_use(ids(books, payment), HOUR)
    books.clock.advance(HOUR)

    assert not books.ledger.rights.begin_use(ids(books, payment), HOUR)
    assert used(books, payment) == [2]
    assert books.events(payment).count("downloaded") == 2


def test_all_of_several_or_none(books: Books) -> None:
    payment = books.paid(PACK, replace(PACK, sku="other", downloads=1))
    assert books.ledger.rights.begin_use(ids(books, payment), HOUR)
    books.clock.advance(HOUR)
    assert not books.ledger.rights.begin_use(ids(books, payment), HOUR)
    assert used(books, payment) == [1, 1]


@pytest.mark.parametrize("column", ["revoked_at", "expires_at"])
def test_what_has_ended_is_not_begun(books: Books, column: str) -> None:
    payment = books.paid(PACK)
    with writing(books.engine) as session:
        session.query(GrantRow).update({column: books.clock.now})
    assert not books.ledger.rights.begin_use(ids(books, payment), HOUR)
    assert used(books, payment) == [0]


def test_parallel_requests_count_one_use_and_never_pass_the_limit(books: Books) -> None:
    payment = books.paid(PACK)
    wanted, results = ids(books, payment), list[bool]()

    def fetch() -> None:
        results.append(books.ledger.rights.begin_use(wanted, HOUR))

    for _ in range(3):
        threads = [threading.Thread(target=fetch) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        books.clock.advance(HOUR)
    assert results == [True] * 16 + [False] * 8
    assert used(books, payment) == [2]


def test_a_claim_lends_and_takes_nothing_away(books: Books) -> None:
    payment = books.paid(PACK, ALBUM)
    books.ledger.rights.claim(payment.reference, JANE)
    books.ledger.rights.claim(payment.reference, JANE)
    books.ledger.rights.claim(payment.reference, JOHN)

    for buyer in (JOHN, JANE):
        assert books.ledger.rights.owns("default", buyer, ["pack", "album"])
        assert [each.reference for each in books.ledger.rights.purchases(["default"], buyer)] == [payment.reference]
        assert books.ledger.rights.holds(payment.reference, buyer)
    assert not books.ledger.rights.holds(payment.reference, "ben")
    assert not books.ledger.rights.owns("eu", JANE, ["pack"])
    assert {grant.buyer for grant in books.ledger.rights.held("default", JANE, ["pack"])} == {JOHN}
    assert len(books.rows(ClaimRow)) == 2
    assert books.events(payment).count("claimed") == 1


def test_a_claim_is_for_so_many_others_and_who_has_it_keeps_it(books: Books) -> None:
    payment = books.paid(PACK, ALBUM)
    ledger, name = books.ledger, payment.reference
    claimed = [ledger.rights.claim(name, buyer, 2) for buyer in (JANE, "ben", "eve", JANE, JOHN)]

    assert claimed == [True, True, False, True, True]
    assert (ledger.rights.claimants(name), len(books.rows(ClaimRow))) == (2, 4)
    may = [ledger.rights.may_claim(name, buyer, 2) for buyer in (JANE, JOHN, "eve", None)]
    assert may == [True, True, False, False]
    assert ledger.rights.may_claim(name, None, 3)
    assert not ledger.rights.owns("default", "eve", ["pack"])


def test_what_is_taken_back_may_be_claimed_anew(books: Books) -> None:
    payment, other = books.paid(PACK), books.paid(SONG)
    for each in (payment, other):
        assert books.ledger.rights.claim(each.reference, JANE, 1)

    assert books.ledger.rights.take_back(payment.reference, "ola") == 1
    assert (books.ledger.rights.claimants(payment.reference), books.ledger.rights.claimants(other.reference)) == (0, 1)
    assert (
        books.ledger.rights.owns("default", JANE, ["pack"]),
        books.ledger.rights.owns("default", JOHN, ["pack"]),
    ) == (False, True)
    assert books.ledger.rights.claim(payment.reference, "ben", 1)
    [told] = [entry for entry in books.ledger.journal(payment.reference) if entry.event == "claims taken back"]
    assert told.detail == {"browsers": 1, "by": "ola"}


def test_parallel_claims_never_pass_the_limit(books: Books) -> None:
    payment, results = books.paid(PACK), list[bool]()

    def claim(buyer: str) -> None:
        results.append(books.ledger.rights.claim(payment.reference, buyer, 3))

    threads = [threading.Thread(target=claim, args=(f"guest:{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 5 + [True] * 3
    assert (books.ledger.rights.claimants(payment.reference), len(books.rows(ClaimRow))) == (3, 3)


def test_signing_in_brings_claims_along_once(books: Books) -> None:
    payment = books.paid(PACK)
    for buyer in ("guest:phone", "jane@shop"):
        books.ledger.rights.claim(payment.reference, buyer)
    books.ledger.adopt("guest:phone", "jane@shop")
    books.ledger.adopt(JOHN, "jane@shop")

    assert [row.buyer for row in books.rows(ClaimRow)] == ["jane@shop"]
    assert books.ledger.rights.owns("default", "jane@shop", ["pack"])
    assert not books.ledger.rights.owns("default", "jane@shop", {"pack": 2})  # hers and lent to her, and still one
    assert not books.ledger.rights.owns("default", "guest:phone", ["pack"])


def test_what_is_used_up_is_sold_again_and_its_order_is_closed(books: Books) -> None:
    first = books.paid(PACK)
    assert books.open(PACK) == (Opening.GOODS, None)
    for _ in range(2):
        books.ledger.rights.begin_use(ids(books, first), HOUR)
        assert books.open(PACK) == (Opening.GOODS, None)
        books.clock.advance(HOUR)
    second = books.started(PACK)

    assert books.payment(first.reference).closed_at == books.clock.now
    assert books.events(first)[-1] == "closed"
    assert second.order_key == first.order_key
    accepted = books.accept(second)
    assert accepted.intent is not None
    books.settle(accepted.intent, books.outcome(Result.SUCCESS, transaction_id="TX9"))
    assert books.open(PACK) == (Opening.GOODS, None)


def test_an_order_of_the_shops_is_sold_again_only_when_nothing_is_left_of_it(books: Books) -> None:
    payment = books.paid(WEEK, ALBUM, key="order-17")
    books.clock.advance(7 * DAY)
    assert books.open(WEEK, ALBUM, key="order-17") == (Opening.PAGE, books.payment(payment.reference))
    with writing(books.engine) as session:
        session.query(GrantRow).filter_by(sku="album").update({"revoked_at": books.clock.now})
    assert books.open(WEEK, ALBUM, key="order-17")[0] is Opening.STARTED


def test_who_owns_a_part_is_offered_the_rest(books: Books) -> None:
    books.paid()
    opening, payment = books.open(SONG, ALBUM)
    assert opening is Opening.STARTED and payment is not None
    assert ([line.sku for line in payment.items], str(payment.money), payment.reason) == (
        ["album"],
        "$5.00",
        "The album",
    )
    assert books.open(SONG, ALBUM) == (Opening.RESUMED, payment)
    assert books.open(ALBUM) == (Opening.RESUMED, payment)


def test_what_may_be_bought_again_is_never_left_out(books: Books) -> None:
    seat = Item("seat", 9, "A seat", repeatable=True)
    books.paid(seat, key="monday")
    books.paid()
    opening, payment = books.open(seat, SONG, key="tuesday")
    assert opening is Opening.STARTED and payment is not None
    assert [line.sku for line in payment.items] == ["seat"]


@pytest.mark.parametrize("state", [State.AUTHORIZED, State.PAYING, State.UNKNOWN, State.PENDING])
def test_a_cart_under_way_is_shown_though_a_part_is_owned_by_now(books: Books, state: State) -> None:
    cart = books.started(SONG, ALBUM)
    books.paid(SONG)
    cart = books.force(cart, state=state)
    assert books.open(SONG, ALBUM) == (Opening.PAGE, cart)


def test_more_downloads_and_more_days(books: Books) -> None:
    payment = books.paid(PACK, WEEK, ALBUM)
    [pack, week, album] = ids(books, payment)
    books.clock.advance(30 * DAY)
    with writing(books.engine) as session:
        session.query(GrantRow).filter_by(id=pack).update({"used": 2})
        session.query(GrantRow).filter_by(id=album).update({"revoked_at": books.clock.now})
    books.ledger.rights.renew_downloads(payment.reference, 1, 2)

    found = {grant.id: grant for grant in books.ledger.rights.grants(payment.reference)}
    assert (found[pack].left, found[pack].right(books.clock.now)) == (1, Right.HELD)
    assert found[week].expires_at == books.clock.now + 2 * DAY
    assert found[album].right(books.clock.now) is Right.REVOKED
    assert books.events(payment)[-1] == "downloads renewed"


# Where a buyer is written to


def test_each_purchase_is_written_about_once_in_a_while(books: Books) -> None:
    payment = books.paid()
    apart = timedelta(minutes=10)
    assert books.ledger.rights.to_be_written("john@example.com", apart, 5) == []
    books.ledger.rights.reach(payment.reference, " John@Example.com ")
    books.ledger.rights.reach(payment.reference, "eve@example.com")

    assert books.payment(payment.reference).contact == "john@example.com"
    found = books.ledger.rights.to_be_written("JOHN@example.com", apart, 5)
    assert [each.reference for each in found] == [payment.reference]
    assert books.ledger.rights.to_be_written("john@example.com", apart, 5) == []
    assert books.ledger.rights.to_be_written("eve@example.com", apart, 5) == []
    books.clock.advance(apart)
    assert len(books.ledger.rights.to_be_written("john@example.com", apart, 5)) == 1


def test_only_what_is_paid_and_only_the_newest(books: Books) -> None:
    paid = [books.paid(replace(SONG, sku=f"song-{number}")) for number in range(3)]
    open_ = books.started(ALBUM)
    for payment in (*paid, open_):
        books.ledger.rights.reach(payment.reference, "john@example.com")
    found = books.ledger.rights.to_be_written("john@example.com", HOUR, 2)
    assert [each.reference for each in found] == [paid[2].reference, paid[1].reference]


def test_who_has_bought_much_is_not_written_to_more_often(books: Books) -> None:
    paid = [books.paid(replace(SONG, sku=f"song-{number}")).reference for number in range(5)]
    for reference in paid:
        books.ledger.rights.reach(reference, "john@example.com")
    told = []
    for _ in range(4):
        told.append([each.reference for each in books.ledger.rights.to_be_written("john@example.com", HOUR, 2)])
        assert books.ledger.rights.to_be_written("john@example.com", HOUR, 2) == []
        books.clock.advance(HOUR)

    assert told == [paid[:2:-1], paid[2:0:-1], [paid[0], paid[4]], [paid[3], paid[2]]]


def test_of_parallel_wishes_one_is_served(books: Books) -> None:
    paid, found = [books.paid(replace(SONG, sku=f"song-{number}")) for number in range(8)], list[int]()
    for payment in paid:
        books.ledger.rights.reach(payment.reference, "john@example.com")
    together = threading.Barrier(6)

    def ask() -> None:
        together.wait()
        found.append(len(books.ledger.rights.to_be_written("john@example.com", HOUR, 1)))

    for _ in range(5):
        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        books.clock.advance(HOUR)

    assert sum(found) == 5
