from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy.exc import IntegrityError

from flask_fps.ledger import Ledger
from flask_fps.ledger import Opening
from flask_fps.ledger.models import LineRow
from flask_fps.ledger.models import PaymentRow
from flask_fps.ledger.opening import derived_key
from flask_fps.ledger.opening import ENGAGED
from flask_fps.records import Item
from flask_fps.records import Payment
from flask_fps.records import Result
from flask_fps.records import State
from tests.ledger.books import ASK_AFTER
from tests.ledger.books import Books
from tests.ledger.books import DAY
from tests.ledger.books import JANE
from tests.ledger.books import JOHN
from tests.ledger.books import SECOND
from tests.ledger.books import SONG

ALBUM = Item("album", 5, "The album")
LICENCE = Item("licence", 9, "A seat", repeatable=True)


def test_a_new_order_is_a_started_payment_with_its_lines(books: Books) -> None:
    wanted = (Item("song", "0.10", "Now and Forever", quantity=2, data={"format": "mp3"}), ALBUM)
    payment = books.started(*wanted)

    stored = books.payment(payment.reference)
    assert stored == payment
    assert stored.state is State.STARTED
    assert (str(stored.amount), stored.currency) == ("5.20", "USD")
    assert [(line.sku, line.quantity, line.amount, line.data) for line in stored.items] == [
        ("song", 2, 20, {"format": "mp3"}),
        ("album", 1, 500, None),
    ]
    assert (stored.buyer, stored.next_url, stored.created_at) == (JOHN, "/download/1", books.clock.now)
    assert stored.due_at == books.clock.now + ASK_AFTER
    assert books.events(payment) == ["started"]


def test_asking_again_resumes_the_very_same_payment(books: Books) -> None:
    payment = books.started()
    books.clock.advance(DAY - SECOND)

    assert books.open() == (Opening.RESUMED, payment)
    assert books.events(payment) == ["started"]


def test_a_payment_past_its_lifetime_is_superseded(books: Books) -> None:
    old = books.started()
    books.clock.advance(DAY)
    new = books.started()

    assert books.payment(old.reference).superseded_by == new.reference
    assert books.payment(old.reference).state is State.STARTED
    assert books.events(old) == ["started", "superseded"]


@pytest.mark.parametrize(
    "other",
    [
        Item("song", "0.20", "Now and Forever"),
        Item("song", "0.10", "Another text"),
        Item("song", "0.10", "Now and Forever", data={"format": "flac"}),
    ],
    ids=["price", "reason", "data"],
)
def test_the_same_goods_on_other_terms_are_another_payment_of_the_same_order(books: Books, other: Item) -> None:
    old, new = books.started(), books.started(other)

    assert new.order_key == old.order_key
    assert books.payment(old.reference).superseded_by == new.reference
    assert books.open(other) == (Opening.RESUMED, new)


def test_another_notification_address_is_another_payment(books: Books) -> None:
    books.started()

    opening, _ = books.open(notify_url="http://localhost:5000/fps/ipn")
    assert opening is Opening.STARTED


def test_other_goods_or_quantities_are_another_order(books: Books) -> None:
    one = books.started()
    two = books.started(Item("song", "0.10", "Now and Forever", quantity=2))
    three = books.started(SONG, ALBUM)

    assert len({each.order_key for each in (one, two, three)}) == 3
    assert all(books.payment(each.reference).superseded_by is None for each in (one, two, three))


def test_the_order_of_the_goods_does_not_matter(books: Books) -> None:
    assert books.started(SONG, ALBUM).order_key == books.started(ALBUM, SONG).order_key


@pytest.mark.parametrize("state", ENGAGED)
def test_an_order_under_way_is_shown_and_never_sent_away_again(books: Books, state: str) -> None:
    payment = books.force(books.started(), state=State(state))

    assert books.open() == (Opening.PAGE, payment)
    assert books.open(Item("song", "0.99", "dearer now")) == (Opening.PAGE, payment)
    assert len(books.rows(PaymentRow)) == 1


@pytest.mark.parametrize("state", ["abandoned", "refused", "failed", "expired", "cancelled"])
def test_what_came_to_nothing_is_followed_by_a_new_payment(books: Books, state: str) -> None:
    old = books.force(books.started(), state=State(state))
    new = books.started()

    assert new.reference != old.reference
    assert books.payment(old.reference).superseded_by is None


def test_a_closed_purchase_no_longer_blocks_its_order(books: Books) -> None:
    books.force(books.started(), state=State.PAID, closed_at=books.clock.now)

    opening, _ = books.open()
    assert opening is Opening.STARTED


@pytest.mark.parametrize("state", ENGAGED)
def test_another_buyer_is_told_nothing_about_who_pays(books: Books, state: str) -> None:
    books.force(books.started(LICENCE, key="order-17"), state=State(state))

    assert books.open(LICENCE, key="order-17", buyer=JANE) == (Opening.TAKEN, None)


def test_the_payer_sees_his_own_page_whoever_else_holds_the_order(books: Books) -> None:
    books.force(books.started(LICENCE, key="order-17", buyer=JANE), state=State.AUTHORIZED)
    own = books.force(books.started(LICENCE, key="order-18"), state=State.PAID, order_key="order-17")

    assert books.open(LICENCE, key="order-17") == (Opening.PAGE, own)
    assert books.open(LICENCE, key="order-17", buyer="somebody else") == (Opening.TAKEN, None)


def test_another_buyers_started_payment_is_superseded_not_resumed(books: Books) -> None:
    johns = books.started(LICENCE, key="order-17")
    janes = books.started(LICENCE, key="order-17", buyer=JANE)

    assert books.payment(johns.reference).superseded_by == janes.reference


def test_two_buyers_of_the_same_goods_do_not_meet(books: Books) -> None:
    assert books.started().order_key != books.started(buyer=JANE).order_key


def test_owned_goods_are_the_answer_at_any_price_or_key(books: Books) -> None:
    books.paid()

    assert books.open() == (Opening.GOODS, None)
    assert books.open(Item("song", 7, "dearer now")) == (Opening.GOODS, None)
    assert books.open(key="order-17") == (Opening.GOODS, None)


def test_who_owns_fewer_pays_for_as_many_as_he_wants(books: Books) -> None:
    books.paid()
    three = Item("song", "0.10", "Now and Forever", quantity=3)
    assert books.paid(three).amount == Decimal("0.30")

    for quantity in (1, 3, 4):  # what was bought in two payments adds up
        assert books.open(replace(three, quantity=quantity)) == (Opening.GOODS, None)
    assert books.open(replace(three, quantity=5))[0] is Opening.STARTED


def test_half_of_an_order_is_not_all_of_it(books: Books) -> None:
    books.paid()

    opening, _ = books.open(SONG, ALBUM)
    assert opening is Opening.STARTED


def test_goods_owned_through_two_payments_are_owned(books: Books) -> None:
    books.paid()
    books.paid(ALBUM)

    assert books.open(SONG, ALBUM) == (Opening.GOODS, None)


def test_a_repeatable_item_is_sold_again_under_another_key(books: Books) -> None:
    first = books.paid(LICENCE, key="order-17")

    assert books.open(LICENCE, key="order-17") == (Opening.PAGE, first)
    opening, _ = books.open(LICENCE, key="order-18")
    assert opening is Opening.STARTED


def test_paid_with_a_shops_key_is_paid_under_that_key_only_once(books: Books) -> None:
    first = books.paid(LICENCE, key="order-17")
    second = books.started(LICENCE, key="order-18")
    with pytest.raises(IntegrityError):
        books.force(second, order_key="order-17", state=State.PAYING)

    assert books.payment(first.reference).state is State.PAID


@pytest.mark.parametrize("state", ["paying", "unknown", "pending", "reserved", "paid"])
def test_the_database_itself_forbids_a_second_success(books: Books, state: str) -> None:
    books.force(books.started(LICENCE, key="order-17"), state=State.PAID)
    other = books.started(LICENCE, key="order-18")
    with pytest.raises(IntegrityError):
        books.force(other, order_key="order-17", state=State(state))


def test_the_database_itself_forbids_a_second_open_start(books: Books) -> None:
    books.started(LICENCE, key="order-17")
    other = books.started(LICENCE, key="order-18")
    with pytest.raises(IntegrityError):
        books.force(other, order_key="order-17")


def test_accounts_do_not_share_orders(books: Books) -> None:
    books.started(LICENCE, key="order-17")

    opening, _ = books.open(LICENCE, key="order-17", account="eu")
    assert opening is Opening.STARTED


def test_fifty_clicks_at_once_are_one_payment(books: Books) -> None:
    found: list[tuple[Opening, Payment | None]] = []
    drafts = [books.draft() for _ in range(50)]
    threads = [threading.Thread(target=lambda each=each: found.append(_open(books.ledger, each))) for each in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({payment.reference for _, payment in found if payment}) == 1
    assert [opening for opening, _ in found].count(Opening.STARTED) == 1
    assert len(books.rows(PaymentRow)) == len(books.rows(LineRow)) == 1


def test_a_start_that_failed_leaves_nothing(books: Books) -> None:
    draft = books.draft()
    broken = replace(draft, order=replace(draft.order, lines=(draft.order.lines[0], draft.order.lines[0])))
    object.__setattr__(broken.order.lines[0], "sku", None)
    with pytest.raises(IntegrityError):
        books.ledger.open_payment(broken)

    assert books.rows(PaymentRow) == books.rows(LineRow) == []


def test_a_key_of_ours_names_account_buyer_and_goods_but_no_price(books: Books) -> None:
    line = books.order().lines[0]

    key = derived_key("default", JOHN, [line])
    assert key.startswith("fps:")
    assert key == derived_key("default", JOHN, [replace(line, unit_amount=999, reason="other")])
    assert key != derived_key("default", JANE, [line])
    assert key != derived_key("eu", JOHN, [line])


def test_an_unknown_outcome_blocks_a_new_start(books: Books) -> None:
    payment, intent = books.paying()
    books.settle(intent, Result.UNKNOWN)

    opening, shown = books.open()
    assert opening is Opening.PAGE
    assert shown is not None
    assert shown.reference == payment.reference


def _open(ledger: Ledger, draft: object) -> tuple[Opening, Payment | None]:
    return ledger.open_payment(draft)  # type: ignore[arg-type]
