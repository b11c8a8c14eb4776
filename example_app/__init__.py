"""DigitalDownload, the example shop: everything a shop has to do with payments is in this file.

    flask --app example_app run

The price of a track is known in one place, :func:`track_item`. The download view asks for payment by one
decorator. What is paid is written into the order history by one receiver, in the transaction that marks it
as delivered. Signing in (``accounts.py``) and the tables (``models.py``) are like those of any Flask shop.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import abort
from flask import Blueprint
from flask import Flask
from flask import render_template
from flask import Response
from flask import url_for
from sqlalchemy.orm import Session

from flask_fps import FPS
from flask_fps import Item
from flask_fps import Payment
from flask_fps import payment_completed

from .accounts import accounts
from .accounts import buyer_id
from .accounts import login
from .accounts import operator
from .catalogue import open_shop
from .catalogue import secret_key
from .models import db
from .models import Sale
from .models import Track

TRACKS = Path(__file__).parent / "tracks"

fps = FPS(db=db)
fps.buyer_loader(buyer_id)
shop = Blueprint("shop", __name__)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///shop.sqlite"
    app.config["FPS_PAYEE"] = "DigitalDownload"
    app.config.from_prefixed_env()  # FLASK_FPS_SANDBOX_URL=http://127.0.0.1:9042 and the like
    app.config.update(config or {})
    app.secret_key = app.secret_key or secret_key(app)
    db.init_app(app)
    login.init_app(app)
    fps.init_app(app)
    fps.register_admin(app, allow=operator)
    app.register_blueprint(shop)
    app.register_blueprint(accounts)
    app.register_error_handler(403, forbidden)
    app.register_error_handler(404, not_found)
    payment_completed.connect_via(app)(record_sale)
    with app.app_context():
        open_shop(fps)
    return app


def track_item(track_id: int) -> Item | None:
    """What this track costs, now; ``None`` where there is nothing to pay."""
    return item_of(db.session.get(Track, track_id) or abort(404))


def item_of(track: Track) -> Item | None:
    return Item(f"track-{track.id}", track.price, track.title) if track.price else None


@shop.get("/")
def home() -> str:
    tracks = db.session.scalars(db.select(Track).order_by(Track.id)).all()
    items = [item for item in map(item_of, tracks) if item]
    owned = fps.owned(*items)
    missing = [item for item in items if item.sku not in owned]
    buy_all = fps.start_url(*missing, next_url=url_for("shop.purchases")) if len(missing) > 1 else None
    return render_template("home.html", tracks=tracks, owned=owned, missing=missing, buy_all=buy_all)


@shop.get("/tracks/<int:track_id>")
def track(track_id: int) -> str:
    item = track_item(track_id)
    yours = item is None or fps.is_paid(item)
    next_url = url_for("shop.download", track_id=track_id)
    buy_url = fps.start_url(item, next_url=next_url) if item and not yours else None
    return render_template("track.html", track=db.session.get(Track, track_id), yours=yours, buy_url=buy_url)


@shop.get("/download/<int:track_id>")
@fps.payment_required(track_item)
def download(track_id: int) -> Response:
    track = db.session.get(Track, track_id) or abort(404)
    return fps.send_from_directory(TRACKS, track.file, as_attachment=True, download_name=f"{track.title}.mp3")


@shop.get("/purchases")
def purchases() -> str:
    return render_template("purchases.html", payments=fps.purchases())


def record_sale(app: Flask, *, payment: Payment, session: Session, **extra: object) -> None:
    """Runs once a payment is paid; what it adds commits together with the mark "delivered"."""
    for line in payment.items:
        session.add(Sale(reference=payment.reference, title=line.reason, amount=str(payment.line_money(line))))


def forbidden(error: Exception) -> tuple[str, int]:
    return render_template("forbidden.html"), 403


def not_found(error: Exception) -> tuple[str, int]:
    return render_template("not_found.html"), 404
