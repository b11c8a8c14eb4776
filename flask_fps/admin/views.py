"""The operator's pages: read the request, ask the ledger or the checkout, answer."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import abort
from flask import Blueprint
from flask import g
from flask import redirect
from flask import render_template
from flask import request
from flask import Response
from flask import stream_with_context
from flask import url_for
from flask.typing import ResponseReturnValue

from ..checkout import Decision
from ..checkout import UNSEEN_AFTER
from ..errors import FPSError
from ..errors import LedgerBusy
from ..ledger import Search
from ..records import Payment
from ..records import State
from ..sheets import csv_lines
from ..state import AppState
from ..state import current_fps
from ..words import say
from .asking import key_of
from .asking import PARTS
from .asking import search_of
from .asking import written
from .chart import chart
from .chart import DAYS
from .words import DECIDED
from .words import last_decision

#: How many payments a page shows, and how many of those that are parked.
SHOWN = 25
PARKED_SHOWN = 10
#: How many payments are read at a time for a file.
PIECE = 200
COLUMNS = (
    "reference",
    "state",
    "amount",
    "paid_amount",
    "currency",
    "refunded",
    "reason",
    "buyer",
    "payer",
    "method",
    "transaction_id",
    "account",
    "order_key",
    "created_at",
    "paid_at",
    "delivered_at",
    "parked_reason",
)


def add_to(blueprint: Blueprint) -> None:
    """Mount the pages."""
    blueprint.register_error_handler(404, missing)
    blueprint.add_url_rule("/", "payments", payments)
    blueprint.add_url_rule("/payments.csv", "payments_csv", payments_csv)
    blueprint.add_url_rule("/payments/<reference>", "payment", payment)
    blueprint.add_url_rule("/payments/<reference>/replay", "replay", replay, methods=["POST"])
    blueprint.add_url_rule("/payments/<reference>/refund", "refund", refund, methods=["POST"])
    blueprint.add_url_rule("/payments/<reference>/hold", "hold", hold, methods=["POST"])
    blueprint.add_url_rule("/payments/<reference>/resolve", "resolve", resolve, methods=["POST"])


# Looking


def payments() -> ResponseReturnValue:
    """The payments that fit, newest first; on the first page of all of them also what waits, and a chart."""
    state, search = current_fps(), _search()
    after = key_of(request.args.get("after", ""))
    page = state.ledger.operator.page(search, SHOWN, after)
    everything = search == Search(accounts=search.accounts, gateways=search.gateways)
    front = _front(state) if everything and after is None else {}
    return render_template(
        "flask_fps/admin/payments.html",
        payee=state.payee,
        payments=page.payments,
        next=written(page.next) if page.next else None,
        after=after,
        asked=_asked(),
        states=list(State),
        **front,
    )


def _front(state: AppState) -> Mapping[str, Any]:
    now = state.ledger.clock()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    operator = state.ledger.operator
    takings = operator.daily(today, DAYS)
    currencies = dict.fromkeys([state.config.currency, *(each.money.currency for each in takings)])
    return {
        "parked": operator.page(Search(parked=True), PARKED_SHOWN).payments,
        "backlog": operator.backlog(now - UNSEEN_AFTER),
        "charts": [chart(takings, today, currency) for currency in currencies],
    }


def payments_csv() -> ResponseReturnValue:
    """All payments that fit, as a file."""
    rows = csv_lines(_rows(current_fps(), _search()), COLUMNS)
    headers = {"Content-Disposition": "attachment; filename=payments.csv"}
    return Response(stream_with_context(rows), mimetype="text/csv", headers=headers)


def _rows(state: AppState, search: Search) -> Iterator[Mapping[str, Any]]:
    after: tuple[datetime, int] | None = None
    while True:
        page = state.ledger.operator.page(search, PIECE, after)
        for each in page.payments:
            yield {**vars(each), "amount": each.amount, "currency": each.currency, **_plain(each)}
        if page.next is None:
            return
        after = page.next


def _plain(payment: Payment) -> Mapping[str, Any]:
    paid = payment.paid_money.decimal if payment.is_paid else None
    return {"state": payment.state.value, "paid_amount": paid, "refunded": payment.refunded_money.decimal}


def payment(reference: str) -> ResponseReturnValue:
    """One payment and its story."""
    return _page_of(reference)


def _page_of(
    reference: str, status: int = 200, problem: str | None = None, refund_key: str | None = None
) -> ResponseReturnValue:
    state = current_fps()
    found, journal = state.ledger.payment(reference) or abort(404), state.ledger.journal(reference)
    decision = None if problem else last_decision(journal)
    page = render_template(
        "flask_fps/admin/payment.html",
        payee=state.payee,
        payment=found,
        journal=journal,
        problem=problem,
        decision=decision,
        decided=say(DECIDED[decision.event]) if decision else None,
        refunds=state.ledger.refunds.of(reference),
        waiting=state.ledger.operator.waiting(reference),
        reasons=state.ledger.operator.reasons(reference),
        refund_key=refund_key or secrets.token_hex(8),
    )
    return page, status


def missing(_: Exception) -> ResponseReturnValue:
    """There is no such payment."""
    return message(say("There is no such payment"), say("Look for it among all payments."), 404)


def message(title: str, text: str, status: int, reference: str | None = None) -> ResponseReturnValue:
    """One thing to say, and the way back: to this payment, else to all of them."""
    said = {"title": title, "message": text, "reference": reference, "payee": current_fps().payee}
    return render_template("flask_fps/admin/message.html", **said), status


# Doing


def replay(reference: str) -> ResponseReturnValue:
    """Hand a paid payment to the shop's code again."""
    checkout, decision = current_fps().checkout, _decision("asked for again")
    return _tried(reference, lambda: checkout.redeliver(reference, decision, wait=False))


def refund(reference: str) -> ResponseReturnValue:
    """Give money back: a form sent twice gives it back once. The amount is typed by whoever decides, never preset."""
    checkout, amount = current_fps().checkout, request.form.get("amount", "").strip()
    key, decision = request.form.get("key", "")[:64], _decision("no reason given")
    if not key:
        return _page_of(reference, 400, problem=say("Load this page again and repeat it."))
    if not amount:
        return _page_of(reference, 400, problem=say("Say how much is to go back."))
    return _tried(reference, lambda: checkout.refund(reference, amount, key, decision))


def hold(reference: str) -> ResponseReturnValue:
    """Take what is held, or give it up."""
    checkout, decision = current_fps().checkout, _decision("no reason given")
    way, amount = request.form.get("way", ""), request.form.get("amount", "").strip() or None
    if way == "settle":
        return _tried(reference, lambda: checkout.settle(reference, amount, decision))
    if way == "cancel":
        return _tried(reference, lambda: checkout.cancel(reference, decision))
    return _page_of(reference, 400, problem=say("Choose what is to be done."))


def resolve(reference: str) -> ResponseReturnValue:
    """Decide about what is parked."""
    checkout, way, given = current_fps().checkout, request.form.get("way", ""), request.form.get("reason", "").strip()
    if way == "paid":
        transaction = request.form.get("transaction", "").strip()
        if not transaction:
            return _page_of(reference, 400, problem=say("Name the transaction that paid it."))
        decision = _decision("the provider confirms the transaction")
        return _tried(reference, lambda: checkout.found_paid(reference, transaction, decision))
    if way == "unpaid":
        decision = _decision("the provider knows nothing of it")
        return _tried(reference, lambda: checkout.found_unpaid(reference, decision))
    if way == "deliver":
        decision = _decision("what kept it from being delivered is mended")
        return _tried(reference, lambda: checkout.redeliver(reference, decision, parked=True, wait=False))
    way, _, number = way.partition(" ")
    if way != "dismiss":
        return _page_of(reference, 400, problem=say("Choose what is to be done."))
    if not given:
        return _page_of(reference, 400, problem=say("Say why: what was done about it?"))
    return _tried(
        reference, lambda: checkout.dismiss(reference, _decision(""), int(number) if number.isdecimal() else None)
    )


def _tried(reference: str, act: Any) -> ResponseReturnValue:
    """Do it and show the payment as it is now; what the checkout refuses to do is said on its page."""
    try:
        act()
    except FPSError as error:
        text = str(error)
        key = error.key if isinstance(error, LedgerBusy) else None  # sent once more, it is the same refund
        return _page_of(reference, 409, problem=f"{text[:1].upper()}{text[1:]}.", refund_key=key)
    return redirect(url_for("fps_admin.payment", reference=reference), 303)


def _decision(default: str) -> Decision:
    return Decision(g.fps_operator, request.form.get("reason", "").strip()[:500] or default)


def _search() -> Search:
    gateways = current_fps().gateways
    return search_of(request.args, tuple(gateways), tuple({each.name for each in gateways.values()}))


def _asked() -> dict[str, str]:
    """The search as it stands in the address, for the form and for links."""
    return {name: request.args[name] for name in PARTS if request.args.get(name)}
