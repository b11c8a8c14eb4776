from __future__ import annotations

from flask_fps.ledger import Opening
from flask_fps.ledger.engine import writing
from flask_fps.ledger.models import GrantRow
from flask_fps.ledger.opening import derived_key
from flask_fps.records import Item
from flask_fps.records import Payment
from flask_fps.records import Result
from flask_fps.records import State
from tests.ledger.books import Books
from tests.ledger.books import JANE
from tests.ledger.books import JOHN
from tests.ledger.books import SONG

ALBUM = Item("album", 5, "The album")


def key_of(payment: Payment, buyer: str) -> str:
    return derived_key("default", buyer, payment.items)


def test_signing_in_brings_over_payments_grants_and_keys(books: Books) -> None:
    paid, started = books.paid(), books.started(ALBUM)

    assert books.ledger.adopt(JOHN, "john@shop") == 2
    assert books.ledger.rights.owns("default", "john@shop", ["song"])
    assert not books.ledger.rights.owns("default", JOHN, ["song"])
    assert [each.reference for each in books.ledger.rights.purchases(["default"], "john@shop")] == [paid.reference]
    assert [grant.buyer for grant in books.ledger.rights.grants(paid.reference)] == ["john@shop"]
    moved = books.payment(paid.reference)
    assert (moved.buyer, moved.order_key) == ("john@shop", key_of(paid, "john@shop"))
    assert books.events(paid)[-1] == "buyer signed in"
    assert books.open(buyer="john@shop") == (Opening.GOODS, None)
    assert books.open(ALBUM, buyer="john@shop") == (Opening.RESUMED, books.payment(started.reference))


def test_signing_in_again_brings_nothing_more(books: Books) -> None:
    paid = books.paid()
    books.ledger.adopt(JOHN, "john@shop")

    assert books.ledger.adopt(JOHN, "john@shop") == 0
    assert books.events(paid).count("buyer signed in") == 1


def test_only_this_guests_purchases_move(books: Books) -> None:
    janes = books.paid(buyer=JANE)
    books.ledger.adopt(JOHN, "john@shop")

    assert books.payment(janes.reference).buyer == JANE
    assert books.ledger.rights.owns("default", JANE, ["song"])


def test_a_key_of_the_shops_stays_as_it_is(books: Books) -> None:
    started = books.started(key="order-17")
    books.ledger.adopt(JOHN, "john@shop")

    assert books.payment(started.reference).order_key == "order-17"
    assert books.open(key="order-17", buyer="john@shop") == (Opening.RESUMED, books.payment(started.reference))


def test_where_he_has_one_of_that_order_himself_the_old_key_stays(books: Books) -> None:
    as_guest = books.started()
    himself = books.started(buyer="john@shop")

    assert books.ledger.adopt(JOHN, "john@shop") == 1
    kept = books.payment(as_guest.reference)
    assert (kept.buyer, kept.order_key) == ("john@shop", as_guest.order_key)
    assert books.events(as_guest)[-2:] == ["buyer signed in", "order key kept"]
    assert books.open(buyer="john@shop") == (Opening.RESUMED, himself)


def test_what_he_paid_twice_he_owns_and_nothing_is_lost(books: Books) -> None:
    as_guest, himself = books.paid(), books.paid(buyer="john@shop")
    books.ledger.adopt(JOHN, "john@shop")

    assert {each.reference for each in books.ledger.rights.purchases(["default"], "john@shop")} == {
        as_guest.reference,
        himself.reference,
    }
    assert books.payment(as_guest.reference).order_key == as_guest.order_key


def test_several_payments_of_one_order_move_together(books: Books) -> None:
    first = books.force(books.started(), state=State.FAILED)
    second = books.started()
    books.ledger.adopt(JOHN, "john@shop")

    assert {books.payment(each.reference).order_key for each in (first, second)} == {key_of(first, "john@shop")}


def test_revoked_rights_move_and_stay_revoked(books: Books) -> None:
    books.paid()
    with writing(books.engine) as session:
        session.query(GrantRow).update({"revoked_at": books.clock.now})
    books.ledger.adopt(JOHN, "john@shop")

    assert [row.buyer for row in books.rows(GrantRow)] == ["john@shop"]
    assert not books.ledger.rights.owns("default", "john@shop", [SONG.sku])
    assert books.ledger.rights.purchases(["default"], "john@shop") == []


def test_a_payment_that_is_on_its_way_is_granted_to_who_he_is_by_then(books: Books) -> None:
    _, intent = books.paying()
    books.ledger.adopt(JOHN, "john@shop")

    books.settle(intent, Result.SUCCESS)

    assert books.ledger.rights.owns("default", "john@shop", ["song"])
