"""What the shop sells and who shops there, put into an empty database when it first opens."""

from __future__ import annotations

import secrets
from pathlib import Path

from flask import Flask
from sqlalchemy import inspect
from werkzeug.security import generate_password_hash

from flask_fps import FPS

from .models import db
from .models import Track
from .models import User

TRACKS = [
    ("Now and Forever - Richard Marx", 10, "now-and-forever.mp3"),
    ("Harbor Lights at Five - The Ferrymen", 25, "harbor-lights-at-five.mp3"),
    ("Paper Lanterns - Ines Kova", 99, "paper-lanterns.mp3"),
    ("Night Train to the Coast - Halden Four", 149, "night-train-to-the-coast.mp3"),
    ("Sound Check (free)", 0, "sound-check.mp3"),
]
USERS = [("ada@shop.example", "ada"), ("ben@shop.example", "ben"), ("ola@shop.example", "ola")]


def open_shop(fps: FPS) -> None:
    """Make the tables, the shop's and the payments', and fill them; nothing where they stand already."""
    if inspect(db.engine).has_table(Track.__tablename__):
        return
    db.create_all()
    fps.upgrade()  # what `flask fps db upgrade` does
    db.session.add_all(Track(title=title, cents=cents, file=file) for title, cents, file in TRACKS)
    db.session.add_all(User(email=email, password_hash=generate_password_hash(word)) for email, word in USERS)
    db.session.commit()


def secret_key(app: Flask) -> str:
    """This shop's own SECRET_KEY, made once and kept in the instance folder."""
    file = Path(app.instance_path) / "secret_key"
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(32))
    return file.read_text()
