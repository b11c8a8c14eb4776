"""Signing in to the shop, by Flask-Login. It knows nothing of payments."""

from __future__ import annotations

from flask import Blueprint
from flask import flash
from flask import redirect
from flask import render_template
from flask import url_for
from flask_login import current_user
from flask_login import login_user
from flask_login import LoginManager
from flask_login import logout_user
from flask_wtf import FlaskForm
from werkzeug import Response
from wtforms import EmailField
from wtforms import PasswordField
from wtforms.validators import InputRequired

from .models import db
from .models import User

OPERATORS = {"ola@shop.example"}
accounts = Blueprint("accounts", __name__)
login = LoginManager()


class SignIn(FlaskForm):
    email = EmailField("E-mail", [InputRequired()], render_kw={"autocomplete": "username"})
    password = PasswordField("Password", [InputRequired()], render_kw={"autocomplete": "current-password"})


class SignOut(FlaskForm):
    """A button, with the token that keeps others from pressing it."""


@login.user_loader
def load_user(user_id: str) -> User | None:
    return db.session.get(User, int(user_id))


def buyer_id() -> str | None:
    """Who buys: a stable id, or None for a guest."""
    return f"user-{current_user.id}" if current_user.is_authenticated else None


def operator() -> str | None:
    """Who may look after the payments: a name, or None."""
    return current_user.email if current_user.is_authenticated and current_user.email in OPERATORS else None


@accounts.app_context_processor
def for_every_page() -> dict[str, object]:
    return {"SignOut": SignOut, "operator": operator}


@accounts.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> str | Response:
    form = SignIn()
    if form.validate_on_submit():
        user = db.session.scalar(db.select(User).filter_by(email=form.email.data.strip().lower()))
        if user is not None and user.knows(form.password.data):
            login_user(user)
            flash(f"You are signed in as {user.email}.")
            return redirect(url_for("shop.home"))
        form.form_errors.append("This e-mail address and password do not fit.")
    return render_template("sign_in.html", form=form)


@accounts.post("/sign-out")
def sign_out() -> Response:
    if SignOut().validate_on_submit():
        logout_user()
        flash("You are signed out.")
    return redirect(url_for("shop.home"))
