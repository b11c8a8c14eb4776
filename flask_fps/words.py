"""What buyers read, in their own language where the shop has Flask-Babel.

The English text is the key. A shop translates it in a catalog ``flask_fps.mo`` beside its own, or in its own.
"""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask import has_app_context

from .money import Money

#: The name of a shop's catalog for our texts.
DOMAIN = "flask_fps"


def say(text: str, **values: object) -> str:
    """This text, translated by the shop's Flask-Babel if there is one; values stand as ``%(name)s``."""
    if _babel():
        from flask_babel import Domain
        from flask_babel import gettext

        ours: Any = current_app.extensions.setdefault("fps_words", Domain(domain=DOMAIN))
        said: str = ours.gettext(text)
        said = gettext(text) if said == text else said
    else:
        said = text
    return said % values if values else said


def money(amount: Money) -> str:
    """An amount as this visitor writes it: by Babel where the shop has Flask-Babel, else ``$0.10``."""
    if _babel():
        from flask_babel import format_currency

        written: str = format_currency(amount.decimal, amount.currency)
        return written
    return str(amount)


def day(moment: Any) -> str:
    """A day as this visitor writes it, else ``1 March 2026``."""
    if _babel():
        from flask_babel import format_date

        written: str = format_date(moment)
        return written
    return f"{moment.day} {moment:%B %Y}"


def language() -> str:
    """The language of what this visitor reads, as HTML names it."""
    if _babel():
        from flask_babel import get_locale

        return str(get_locale() or "en").replace("_", "-")
    return "en"


def _babel() -> bool:
    return has_app_context() and "babel" in current_app.extensions
