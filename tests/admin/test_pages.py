"""The operator's pages: who may see them, what they find, and what their buttons do."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from collections.abc import Iterator
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from pathlib import Path
from typing import Any

import pytest
from flask import redirect
from flask import request
from flask.testing import FlaskClient
from flask_wtf import CSRFProtect
from werkzeug.test import TestResponse

from flask_fps import Item
from flask_fps import Payment
from flask_fps import payment_completed
from flask_fps.errors import LedgerBusy
from tests.apps import heading
from tests.apps import Shop

ROOT = "/fps-admin"
DAY = timedelta(days=1)


def shop_with(folder: Path, allow: Callable[[], object] | None, **more: Any) -> Shop:
    return Shop(folder, before=lambda shop: shop.fps.register_admin(shop.app, allow=allow), **more)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = shop_with(tmp_path, lambda: "ada" if request.headers.get("X-User") == "ada" else None)
    yield shop
    shop.close()


@pytest.fixture
def ada(shop: Shop) -> FlaskClient:
    return shop.client("ada")


def seen(answer: TestResponse) -> str:
    """What a page says, without its tags."""
    assert answer.status_code == 200, answer.text
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def post(client: FlaskClient, path: str, page: str, **fields: str) -> TestResponse:
    """Fill in a form of this page and send it."""
    [token, *_] = re.findall(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    return client.post(path, data={"csrf_token": token, **fields})


def of(payment: Payment, then: str = "") -> str:
    return f"{ROOT}/payments/{payment.reference}{then}"


def parked(shop: Shop, reason: str = "no answer", answer: str = "lost") -> Payment:
    shop.gateway.will("pay", answer)
    payment = shop.buy(shop.client("7"))
    shop.ledger.park(payment.reference, reason)
    return payment


# Who may come in


PATHS = ["/", "/payments.csv", "/payments/x"]


@pytest.mark.parametrize("path", PATHS)
def test_without_a_callable_nobody_comes_in_and_the_developer_is_told(
    tmp_path: Path, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop = shop_with(tmp_path, None)
    assert shop.client("ada").get(ROOT + path).status_code == 403
    assert shop.client("ada").post(f"{ROOT}/payments/x/replay").status_code == 403

    assert "pass allow=… to fps.register_admin()" in caplog.text
    shop.close()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("user", [None, "mallory"])
def test_only_whom_the_shop_lets_in_comes_in(shop: Shop, path: str, user: str | None) -> None:
    payment = shop.buy(shop.client("7"))
    client = shop.client(user)

    assert client.get(ROOT + path).status_code == 403
    for act in ("/replay", "/refund", "/hold", "/resolve"):
        assert client.post(of(payment, act)).status_code == 403


def test_every_page_has_its_guard(shop: Shop) -> None:
    rules = [rule for rule in shop.app.url_map.iter_rules() if rule.endpoint.startswith("fps_admin.")]
    assert len(rules) >= 5
    for rule in rules:
        path = rule.rule.replace("<reference>", "x")
        for method in (rule.methods or set()) - {"OPTIONS"}:
            assert shop.client("mallory").open(path, method=method).status_code == 403


@pytest.mark.parametrize("answer", [redirect("/sign-in"), ("no", 403), 1, object(), lambda: False])
def test_what_is_only_true_to_python_lets_nobody_in(tmp_path: Path, answer: object) -> None:
    shop = shop_with(tmp_path, lambda: answer)
    with pytest.raises(RuntimeError, match=r"the allow= of fps.register_admin\(\) returned .*: return True or the"):
        shop.client("ada").get(f"{ROOT}/")
    shop.close()


def test_a_coroutine_may_decide(tmp_path: Path) -> None:
    async def nobody() -> None:
        return None

    shop = shop_with(tmp_path, nobody)
    assert shop.client("ada").get(f"{ROOT}/").status_code == 403
    shop.close()


@pytest.mark.parametrize("act", ["/replay", "/refund", "/hold", "/resolve"])
@pytest.mark.parametrize("token", [None, "", "forged"])
def test_a_form_of_another_page_does_nothing(shop: Shop, ada: FlaskClient, act: str, token: str | None) -> None:
    payment = parked(shop)
    fields = {"way": "paid", "transaction": "TX2", **({} if token is None else {"csrf_token": token})}

    assert ada.post(of(payment, act), data=fields).status_code == 400
    assert shop.payment(payment.reference).parked_reason


def test_it_lives_beside_the_shops_own_csrf_protection(tmp_path: Path) -> None:
    shop = shop_with(tmp_path, lambda: "ada")
    CSRFProtect(shop.app)
    payment = shop.buy(shop.client("7"))

    assert post(shop.client(), of(payment, "/replay"), of(payment)).status_code == 303
    shop.close()


def test_pages_are_kept_by_nobody(ada: FlaskClient) -> None:
    headers = ada.get(f"{ROOT}/").headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert headers["Referrer-Policy"] == "same-origin"


# Looking


def test_an_empty_shop(ada: FlaskClient) -> None:
    assert "No payments yet." in seen(ada.get(f"{ROOT}/"))


def test_what_waits_stands_first(shop: Shop, ada: FlaskClient) -> None:
    shop.buy(shop.client("8"))
    parked(shop, "no answer, and it is too late to ask again")
    page = seen(ada.get(f"{ROOT}/"))

    assert (
        page.index("Parked for you to decide")
        < page.index("no answer, and it is")
        < page.index("Paid in the last 30 days")
    )
    assert "Parked for you to decide" not in seen(ada.get(f"{ROOT}/?state=paid"))
    assert "Parked payments" in seen(ada.get(f"{ROOT}/?parked=1"))


def test_what_nobody_drives_is_said(shop: Shop, ada: FlaskClient) -> None:
    shop.gateway.will("pay", "lost")
    shop.buy(shop.client("7"))
    assert "nobody drives them" not in seen(ada.get(f"{ROOT}/"))
    shop.clock.advance(600)

    assert "Payments: 1 due since 1 Mar 2026, 12:00:05 UTC" in seen(ada.get(f"{ROOT}/"))


def test_the_chart_shows_each_day(shop: Shop, ada: FlaskClient) -> None:
    shop.buy(shop.client("7"))
    shop.clock.advance(DAY)
    shop.buy(shop.client("8"))
    shop.buy(shop.client("9"))
    page = ada.get(f"{ROOT}/").text

    assert "<strong>$0.30</strong>" in page
    assert "<title>1 Mar: $0.10, payments: 1</title>" in page
    assert "<title>2 Mar: $0.20, payments: 2</title>" in page
    assert "<title>28 Feb: nothing</title>" in page
    assert page.count("<title>") == 1 + 30


def test_search(shop: Shop, ada: FlaskClient) -> None:
    one, other = shop.buy(shop.client("7")), shop.started(shop.client("8"))

    def found(query: str) -> list[str]:
        return re.findall(rf'<td><a href="{ROOT}/payments/(\w+)"', ada.get(f"{ROOT}/?{query}").text)

    assert found("") == [other.reference, one.reference]
    assert found("q=7") == [one.reference]
    assert found(f"q={one.transaction_id}&state=paid&since=2026-03-01&until=2026-03-01") == [one.reference]
    assert found("state=started") == [other.reference]
    assert found("until=2026-02-28") == []
    nonsense = "state=x&since=x&until=0000-00-00&after=x&q=%00"
    assert found(nonsense) == [other.reference, one.reference]


@pytest.mark.parametrize(
    "after", ["1.1", "0.0", "99999999999999999999.1", "1.99999999999999999999", "²2.³", "-1.1", "."]
)
def test_a_page_key_of_nobody_is_no_error(ada: FlaskClient, after: str) -> None:
    assert ada.get(f"{ROOT}/", query_string={"after": after}).status_code == 200


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "', DROP"])
def test_a_day_of_nobody_is_no_error(ada: FlaskClient, name: str, day: str) -> None:
    assert ada.get(f"{ROOT}/", query_string={name: day}).status_code == 200


def test_pages(shop: Shop, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_fps.admin.views.SHOWN", 2)
    made = [shop.buy(shop.client(str(number))).reference for number in range(5)]
    found, path = [], f"{ROOT}/?state=paid"
    while path:
        page = ada.get(path).text
        found.append(re.findall(rf'<td><a href="{ROOT}/payments/(\w+)"', page))
        [path] = re.findall(r'href="([^"]+)">Older', page) or [""]
        path = path.replace("&amp;", "&")
        assert not path or "state=paid" in path

    assert [len(page) for page in found] == [2, 2, 1]
    assert sum(found, []) == made[::-1]


def test_csv_has_all_that_fits_and_no_formula(shop: Shop, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_fps.admin.views.PIECE", 2)
    for number in range(5):
        with shop.app.test_request_context():
            link = shop.fps.start_url(Item(f"s{number}", 1, "=HYPERLINK(1)"))
        shop.buy(shop.client(f"+{number}"), link)
    shop.started(shop.client("8"))
    answer = ada.get(f"{ROOT}/payments.csv?state=paid")
    rows = list(csv.DictReader(answer.text.splitlines()))

    assert answer.mimetype == "text/csv"
    assert [row["buyer"] for row in rows] == [f"'+{number}" for number in (4, 3, 2, 1, 0)]
    assert {row["reason"] for row in rows} == {"'=HYPERLINK(1)"}
    assert (rows[0]["state"], rows[0]["amount"], rows[0]["refunded"]) == ("paid", "1.00", "0.00")


def test_what_people_write_is_text(shop: Shop, ada: FlaskClient) -> None:
    with shop.app.test_request_context():
        link = shop.fps.start_url(Item("<b>", 1, "<script>alert(1)</script>"))
    payment = shop.buy(shop.client("<img src=x>"), link)
    for path in (f"{ROOT}/", of(payment), f"{ROOT}/?q=%22%3E%3Cscript%3E"):
        assert not re.search(r"<script|<img src=x|<b>", ada.get(path).text)


def test_the_story_of_a_payment(shop: Shop, ada: FlaskClient) -> None:
    payment = shop.buy(shop.client("7"))
    answer = ada.get(of(payment))
    page = seen(answer)

    assert heading(answer) == "Now and Forever"
    assert page.index("started → authorized") < page.index("paying → paid") < page.index("delivered handler")
    assert payment.transaction_id and payment.transaction_id in page
    assert payment.authorization_id and payment.authorization_id not in page
    assert "Method Card" in page


def test_a_payment_that_is_not_there_is_a_page_with_a_way_back(ada: FlaskClient) -> None:
    answer = ada.get(f"{ROOT}/payments/nothing")

    assert (answer.status_code, heading(answer)) == (404, "There is no such payment")
    assert f'class="button" href="{ROOT}/"' in answer.text


def test_a_form_that_was_open_for_too_long_leads_back_to_its_payment(shop: Shop, ada: FlaskClient) -> None:
    payment = shop.buy(shop.client("7"))
    answer = ada.post(of(payment, "/replay"))

    assert (answer.status_code, heading(answer)) == (400, "Nothing was done")
    assert f'class="button" href="{of(payment)}"' in answer.text


def test_an_address_breaks_behind_its_at_and_stays_text(shop: Shop, ada: FlaskClient) -> None:
    payment = shop.buy(shop.client("<i>@digitaldownload.example"))

    for page in (of(payment), f"{ROOT}/"):
        assert "&lt;i&gt;@<wbr>digitaldownload" in ada.get(page).text


# Doing


def test_what_was_decided_is_said_with_its_time_however_often_the_page_is_loaded(shop: Shop, ada: FlaskClient) -> None:
    payment = shop.buy(shop.client("7"))
    assert 'role="status"' not in ada.get(of(payment)).text
    for act, more, said in (
        ("/refund", {"amount": "0.04", "key": "k"}, "The refund was asked for. ada, 1 Mar 2026, 12:00:00 UTC"),
        ("/replay", {}, "It was handed to the shop's code again. ada, 1 Mar 2026, 13:00:00 UTC"),
    ):
        answer = post(ada, of(payment, act), of(payment), **more)
        assert answer.headers["Location"] == of(payment)
        shop.clock.advance(3600)
        assert said in seen(ada.get(of(payment))).replace("&#39;", "'")

    refused = post(ada, of(payment, "/refund"), of(payment), amount="9", key="k2").text
    assert 'role="alert"' in refused and 'role="status"' not in refused


def test_refund(shop: Shop, ada: FlaskClient) -> None:
    payment = shop.buy(shop.client("7"))
    page = ada.get(of(payment)).text
    [key] = re.findall(r'name="key" value="(\w+)"', page)
    for _ in range(2):  # a double click is one refund
        answer = post(ada, of(payment, "/refund"), of(payment), amount="0.04", key=key, reason="a scratch")
        assert answer.status_code == 303, answer.text

    assert shop.payment(payment.reference).refunded == 4
    story = seen(ada.get(answer.headers["Location"]))
    assert "The refund was asked for." in story and "refund decided by ada why a scratch amount $0.04" in story
    assert "at most 0.06" in ada.get(of(payment)).text
    assert "refund done" in story or "refund pending" in story


def test_a_refund_that_may_be_written_down_is_repeated_under_its_key(
    shop: Shop, ada: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = shop.buy(shop.client("7"))

    def away(*_: Any) -> None:
        raise LedgerBusy("the ledger's database does not answer: gone")

    with monkeypatch.context() as broken:
        broken.setattr("flask_fps.ledger.refunding.ask", away)
        answer = post(ada, of(payment, "/refund"), of(payment), amount="0.04", key="0123abcd")
    assert answer.status_code == 409
    assert "the refund may be written down, and is given back then" in answer.text
    assert re.findall(r'name="key" value="(\w+)"', answer.text) == ["0123abcd"]


@pytest.mark.parametrize("amount", ["0.11", "0", "-0.01", "NaN", "1e1", "ten", "0.001", "9" * 400])
def test_a_refund_that_cannot_be_sends_nothing(shop: Shop, ada: FlaskClient, amount: str) -> None:
    payment = shop.buy(shop.client("7"))
    answer = post(ada, of(payment, "/refund"), of(payment), amount=amount, key="k")

    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert shop.payment(payment.reference).refunded == 0


def test_a_refund_without_an_amount_is_not_all_of_it(shop: Shop, ada: FlaskClient) -> None:
    payment = shop.buy(shop.client("7"))
    answer = post(ada, of(payment, "/refund"), of(payment), amount=" ", key="k")

    assert (answer.status_code, shop.payment(payment.reference).refunded) == (400, 0)
    assert "Say how much is to go back." in answer.text


def test_replay(shop: Shop, ada: FlaskClient) -> None:
    delivered: list[str] = []

    def fulfill(app: object, *, payment: Payment, **extra: object) -> None:
        delivered.append(payment.reference)

    payment_completed.connect_via(shop.app)(fulfill)
    payment = shop.buy(shop.client("7"))
    calls = list(shop.gateway.calls)
    answer = post(ada, of(payment, "/replay"), of(payment), reason="the mail was lost")

    assert answer.status_code == 303
    page = seen(ada.get(answer.headers["Location"]))
    assert "It was handed to the shop's code again." in page.replace("&#39;", "'")
    assert "delivered again by ada why the mail was lost" in page
    assert delivered == [payment.reference] * 2
    assert shop.gateway.calls == calls


def held(shop: Shop) -> Payment:
    with shop.app.test_request_context():
        link = shop.fps.start_url(Item("album", 9, "An album"), reserve=True)
    payment = shop.buy(shop.client("7"), link)
    assert payment.state.value == "reserved"
    return payment


def test_what_is_held_is_taken_or_given_up(shop: Shop, ada: FlaskClient) -> None:
    payment = held(shop)
    way = of(payment, "/hold"), of(payment)
    assert "This money is held" in seen(ada.get(of(payment)))
    assert post(ada, *way).status_code == 400
    assert post(ada, *way, way="settle", amount="9.01").status_code == 409
    assert post(ada, *way, way="settle", amount="4").status_code == 303

    assert shop.payment(payment.reference).is_paid
    assert "settle decided by ada" in seen(ada.get(of(payment)))
    assert post(ada, *way, way="cancel").status_code == 409


def test_of_a_hold_that_was_settled_in_part_what_was_taken_is_shown(shop: Shop, ada: FlaskClient) -> None:
    payment = held(shop)
    post(ada, of(payment, "/hold"), of(payment), way="settle", amount="4")

    page = seen(ada.get(of(payment)))
    assert "$4.00 USD" in page and "Approved $9.00" in page
    assert "$4.00, An album" in page, "the title"
    assert re.search(r">\$4\.00</td>", ada.get(f"{ROOT}/").text)
    shop.started(shop.client("8"))
    [unpaid, row] = csv.DictReader(ada.get(f"{ROOT}/payments.csv").text.splitlines())
    assert (row["amount"], row["paid_amount"], unpaid["paid_amount"]) == ("9.00", "4.00", "")


def test_what_is_held_is_given_up(shop: Shop, ada: FlaskClient) -> None:
    payment = held(shop)

    assert post(ada, of(payment, "/hold"), of(payment), way="cancel").status_code == 303
    assert shop.payment(payment.reference).state.value == "cancelled"


def test_what_is_not_paid_has_no_button_and_is_not_delivered(shop: Shop, ada: FlaskClient) -> None:
    payment, paid = shop.started(shop.client("7")), shop.buy(shop.client("8"))
    assert "Deliver again" not in seen(ada.get(of(payment)))
    answer = post(ada, of(payment, "/replay"), of(paid))

    assert answer.status_code == 409
    assert "is started: only what is paid is delivered." in answer.text


def test_resolve_paid(shop: Shop, ada: FlaskClient) -> None:
    payment = parked(shop)
    [transaction] = shop.provider.moved
    for wrong in ("TX99", ""):
        answer = post(ada, of(payment, "/resolve"), of(payment), way="paid", transaction=wrong)
        assert answer.status_code in (400, 409)
        assert not shop.payment(payment.reference).is_paid
    answer = post(ada, of(payment, "/resolve"), of(payment), way="paid", transaction=transaction.id)

    assert answer.status_code == 303
    assert shop.payment(payment.reference).is_paid
    assert "found paid by ada why the provider confirms the transaction" in seen(ada.get(of(payment)))


def test_resolve_unpaid(shop: Shop, ada: FlaskClient) -> None:
    payment = parked(shop, answer="lost before")
    assert "may still be answered" in post(ada, of(payment, "/resolve"), of(payment), way="unpaid").text
    shop.clock.advance(8 * DAY)

    assert post(ada, of(payment, "/resolve"), of(payment), way="unpaid").status_code == 303
    assert shop.payment(payment.reference).state.value == "failed"


def test_resolve_dismisses_one_of_several(shop: Shop, ada: FlaskClient) -> None:
    payment = shop.buy(shop.client("7"))
    for reason in ("first", "second"):
        shop.ledger.park(payment.reference, reason)
    page = ada.get(of(payment)).text
    ways = re.findall(r'name="way" value="(dismiss \d+)"', page)
    assert len(ways) == 2 and "first. Say below" in page and "second. Say below" in page

    assert post(ada, of(payment, "/resolve"), of(payment), way=ways[1], reason="seen to").status_code == 303
    assert shop.payment(payment.reference).parked_reason == "first"


def test_resolve_dismiss_and_nothing(shop: Shop, ada: FlaskClient) -> None:
    payment = shop.buy(shop.client("7"))
    shop.ledger.park(payment.reference, "a second transaction paid it")
    way = of(payment, "/resolve"), of(payment)
    assert "Choose what is to be done." in post(ada, *way).text
    assert "Say why" in post(ada, *way, way="dismiss").text
    assert shop.payment(payment.reference).parked_reason

    assert post(ada, *way, way="dismiss", reason="given back by hand").status_code == 303
    assert shop.payment(payment.reference).parked_reason is None


def test_without_flask_wtf_it_says_what_to_install(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "flask_fps.admin", None)
    with pytest.raises(RuntimeError, match=r'pip install "Flask-FPS\[admin\]"'):
        shop.fps.register_admin(shop.app)


def test_words() -> None:
    from flask_fps.admin.asking import key_of
    from flask_fps.admin.asking import written

    key = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=timezone.utc), 7
    assert key_of(written(key)) == key
