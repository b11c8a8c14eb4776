"""``flask fps …``: a file per family of commands."""

from __future__ import annotations

from flask.cli import AppGroup

from .database import db
from .payments import list_payments
from .payments import show
from .sandbox import sandbox
from .work import reconcile
from .work import work

fps = AppGroup("fps", help="Payments by Flask-FPS: look at them, drive them, and the sandbox to try them with.")
fps.add_command(sandbox)
fps.add_command(list_payments)
fps.add_command(show)
fps.add_command(work)
fps.add_command(reconcile)
fps.add_command(db)
