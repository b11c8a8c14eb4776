"""What buyers read, in their own language where the shop has Flask-Babel.

The English text is the key: a shop translates it in its own catalog, as it does its own texts.
"""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask import has_app_context

from .money import Money


def say(text: str, **values: object) -> str:
    """This text, translated by the shop's Flask-Babel if there is one; values stand as ``%(name)s``."""
    if _babel():
        from flask_babel import gettext

        said: str = gettext(text, **values)
        return said
    return text % values if values else text


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
