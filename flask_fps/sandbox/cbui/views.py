"""The pages of a co-branded run: sign in, choose how to pay, say where to ship to, confirm; cancel at every step.

FPS developer guide, *One-Time Payment*: the choice of a method is left out where the buyer has a default
that the request allows. A page that comes too late (Back, a second click, another tab) never makes a
second token: a run has one end, and whoever made it gets the same answer again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import abort
from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import url_for
from werkzeug.wrappers import Response

from ...protocol.endpoints import CBUI_HOSTS
from .. import visitors
from ..bank.errors import BankError
from ..bank.errors import CallerInputError
from ..bank.errors import RunEnded
from ..bank.pipelines import Refusal
from ..bank.records import Account
from ..bank.records import Method
from ..bank.records import Run
from ..current import bank
from ..current import sandbox
from ..current import settings
from . import details
from . import pages
from . import shipping
from . import steps
from .answers import Answers
from .verification import verified

blueprint = Blueprint(
    "cbui",
    __name__,
    url_prefix="/cobranded-ui",
    template_folder="../templates",
    static_folder="../../static",
    static_url_path="/static",
)
visitors.furnish(blueprint)
Page = str | tuple[str, int] | Response
#: By an account's own preference, whichever way its request was signed.
_PREFERRED = {"2": "v2", "1": "v1"}


@blueprint.get("/actions/start")
def start() -> Page:
    """Take a caller's signed request and open its run, or go on with it."""
    hosts = settings().signed_hosts(request.headers.get("Host", ""), CBUI_HOSTS)
    signed = verified(request.query_string, hosts, bank().account_by_key)
    era = _PREFERRED.get(signed.caller.return_signature, signed.era)
    opened = bank().pipelines.open(signed.caller, signed.params, era=era)
    if isinstance(opened, Refusal):
        return redirect(_answers().refusal(opened, signed.params["returnURL"], era, signed.caller.email))
    return redirect(url_for(".sign_in", run_id=opened.run_id))


@blueprint.post("/actions/start")
def posted_start() -> Page:
    """The signature covers a GET, and every client of the time sent one."""
    page = _error("Invalid Request", "A payment request is opened by a link, never by a posted form.", 405)
    page.headers["Allow"] = "GET, HEAD"
    return page


@blueprint.errorhandler(CallerInputError)
def invalid_request(error: CallerInputError) -> Page:
    """No redirect: nothing in a request that its caller did not sign can be trusted, its return URL least."""
    text = "The shop that sent you here made a request that cannot be carried out. No payment was made."
    return _error("Invalid Request", text, 400, str(error))


@blueprint.errorhandler(404)
def no_such_page(_: Exception) -> Page:
    text = "The link is not one of ours, or it was cut off. Go back to the shop to see how your order stands."
    return _error("We do not know this payment", text, 404)


def step(view: Callable[[Run], Page]) -> Callable[[str], Page]:
    """A page of a run that goes on. Its Cancel button ends the run; a run that has ended answers by its end."""

    @wraps(view)
    def page(run_id: str) -> Page:
        run = bank().pipelines.run(run_id) or abort(404)
        try:
            if run.ended is None and _cancels():
                return redirect(_answers().outcome(bank().pipelines.abandon(run_id)))
            return view(run) if run.ended is None else _ended(run)
        except RunEnded:
            return _ended(bank().pipelines.run(run_id) or run)

    return page


@blueprint.route("/runs/<run_id>/sign-in", methods=["GET", "POST"])
@step
def sign_in(run: Run) -> Page:
    """Step 1; whoever is signed in already passes it by, unless he says that this is not him."""
    if request.method == "POST":
        return _signing_in(run)
    buyer = visitors.signed_in()
    if buyer is None or "again" in request.args:
        return pages.sign_in(run)
    objection = bank().pipelines.objection(run.run_id, buyer.email)
    return pages.sign_in(run, pages.explained(objection, buyer, run)) if objection else redirect(_next_step(run, buyer))


@blueprint.route("/runs/<run_id>/payment-method", methods=["GET", "POST"])
@step
def payment_method(run: Run) -> Page:
    """For buyers without a fitting default, and for those who want to change it."""
    buyer = _payer(run)
    if buyer is None:
        return redirect(url_for(".sign_in", run_id=run.run_id))
    if steps.METHOD not in steps.of(run):
        return redirect(url_for(".confirm", run_id=run.run_id))
    if request.method == "GET":
        return pages.payment_method(run, buyer)
    problem = visitors.form_problem()
    method = _allowed(run, buyer, request.form.get("paymentMethod", ""))
    if problem is None and method is not None:
        return redirect(url_for(steps.after_method(run), run_id=run.run_id, paymentMethod=method.kind), 303)
    return pages.payment_method(run, buyer, problem or "Please choose how to pay."), 400


@blueprint.route("/runs/<run_id>/address", methods=["GET", "POST"])
@step
def address(run: Run) -> Page:
    """Where to ship to: one of the account's addresses, or a new one."""
    buyer = _payer(run)
    if buyer is None:
        return redirect(url_for(".sign_in", run_id=run.run_id))
    if steps.ADDRESS not in steps.of(run):
        return redirect(url_for(".confirm", run_id=run.run_id))
    if request.method == "GET":
        return pages.address(run, buyer, _kept())
    problem = visitors.form_problem()
    try:
        chosen = shipping.chosen(buyer, request.form)
    except shipping.BadAddress as error:
        return pages.address(run, buyer, _kept(), problem or str(error)), 400
    if problem is not None:
        return pages.address(run, buyer, _kept(), problem), 400
    bank().pipelines.ship_to(run.run_id, buyer.email, chosen)
    return redirect(url_for(".confirm", run_id=run.run_id, **_kept()), 303)


@blueprint.route("/runs/<run_id>/confirm", methods=["GET", "POST"])
@step
def confirm(run: Run) -> Page:
    """The last step: what the buyer saw is what he approves, and the token says so."""
    buyer = _payer(run)
    if buyer is None:
        return redirect(url_for(".sign_in", run_id=run.run_id))
    method = _chosen(run, buyer)
    if method is None and steps.METHOD in steps.of(run):
        return redirect(url_for(".payment_method", run_id=run.run_id))
    if steps.ADDRESS in steps.of(run) and run.address not in buyer.addresses:
        return redirect(url_for(".address", run_id=run.run_id, **_kept()))
    if request.method == "GET":
        return pages.confirm(run, buyer, method)
    return _confirming(run, buyer, method)


def _signing_in(run: Run) -> Page:
    email = request.form.get("email", "").strip()
    problem = visitors.form_problem()
    if problem is None:
        buyer = visitors.sign_in(email, request.form.get("password", ""))
        if buyer is not None:
            return redirect(_after_sign_in(run, buyer), 303)
    return pages.sign_in(run, problem or visitors.WRONG_SIGN_IN, email), 400


def _after_sign_in(run: Run, buyer: Account) -> str:
    objection = bank().pipelines.objection(run.run_id, buyer.email)
    if objection is not None:
        return _answers().refusal(objection, run.return_url, run.era, run.caller)
    return _next_step(run, buyer)


def _next_step(run: Run, buyer: Account) -> str:
    has_default = bank().pipelines.default_method(run.run_id, buyer.email) is not None
    return url_for(steps.after_sign_in(run, has_default=has_default), run_id=run.run_id)


def _confirming(run: Run, buyer: Account, method: Method | None) -> Page:
    problem = visitors.form_problem()
    if problem is None and request.form.get("payer", buyer.email) != buyer.email:
        problem = f"You are now signed in as {buyer.email}. Please look again before you confirm."
    if problem is not None:
        return pages.confirm(run, buyer, method, problem), 409
    if sandbox().faults.take("page", run.pipeline, run.caller_reference):
        return redirect(_answers().outcome(bank().pipelines.break_down(run.run_id)))
    try:
        bank().pipelines.authorize(run.run_id, buyer.email, method.kind if method else "")
    except BankError as error:
        return pages.sign_in(run, error.message), 409
    return redirect(_answers().outcome(bank().pipelines.run(run.run_id) or run))


def _payer(run: Run) -> Account | None:
    """The signed-in buyer, if he can pay in this run."""
    buyer = visitors.signed_in()
    return None if buyer is None or bank().pipelines.objection(run.run_id, buyer.email) else buyer


def _chosen(run: Run, buyer: Account) -> Method | None:
    """The method he named, or his default; whoever edits a token is always asked, and who is paid never."""
    if steps.METHOD not in steps.of(run):
        return None
    kind = request.values.get("paymentMethod")
    if kind is not None:
        return _allowed(run, buyer, kind)
    return bank().pipelines.default_method(run.run_id, buyer.email) if run.edits is None else None


def _kept() -> dict[str, Any]:
    """What an earlier step decided and a later one needs."""
    kind = request.args.get("paymentMethod")
    return {} if kind is None else {"paymentMethod": kind}


def _allowed(run: Run, buyer: Account, kind: str) -> Method | None:
    return next((method for method in bank().pipelines.methods(run.run_id, buyer.email) if method.kind == kind), None)


def _cancels() -> bool:
    return request.method == "POST" and "cancel" in request.form and visitors.form_problem() is None


def _ended(run: Run) -> Page:
    """The same answer again for whoever ended the run; for anybody else a page without a link."""
    back = _answers().outcome(run) if _ended_here(run) else None
    if back is not None and request.method == "POST" and visitors.form_problem() is None:
        return redirect(back)
    standing = "approved" if run.token_id else "failed" if run.ended == "SE" else "cancelled"
    page = render_template("sandbox/cbui/ended.html", standing=standing, back=back, **details.described(bank(), run))
    return page, 410


def _ended_here(run: Run) -> bool:
    if run.token_id is None:
        return True
    buyer = visitors.signed_in()
    return buyer is not None and bank().tokens.get(run.token_id).sender == buyer.email


def _answers() -> Answers:
    return Answers(bank(), settings(), sandbox().faults)


def _error(title: str, text: str, status: int, said: str | None = None) -> Response:
    on = {"url": url_for("account.overview"), "label": "Your account"}
    page = render_template("sandbox/error.html", title=title, text=text, said=said, **on)
    return Response(page, status, mimetype="text/html")
