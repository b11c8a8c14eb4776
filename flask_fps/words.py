"""What people read, in their own language where the shop has Flask-Babel.

The English text is the key. A shop translates it in a catalog ``flask_fps.mo`` beside its own, or in its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app
from flask import has_app_context

from .money import Money

#: The name of a shop's catalog for our texts.
DOMAIN = "flask_fps"
#: What every gateway calls these methods, and what people do. Others are shown as the provider names them.
METHODS = {"balance": "Account balance", "bank": "Bank account", "card": "Card"}


def say(text: str, **values: object) -> str:
    """This text, translated by the shop's Flask-Babel if there is one; values stand as ``%(name)s``."""
    if _babel():
        from flask_babel import gettext

        said: str = _our_domain().gettext(text)
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


def method(name: str) -> str:
    """A payment method in words."""
    return say(METHODS[name]) if name in METHODS else name


def day(moment: Any) -> str:
    """A day as this visitor writes it, else ``1 March 2026``."""
    if _babel():
        from flask_babel import format_date

        written: str = format_date(moment)
        return written
    return f"{moment.day} {moment:%B %Y}"


def moment(at: datetime) -> str:
    """A time as this visitor writes it and in their own zone, which is named, else ``1 March 2026, 12:00 UTC``."""
    if _babel():
        from flask_babel import format_datetime

        written: str = format_datetime(at, "long")
        return written
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def in_utc(at: datetime, style: str = "medium") -> str:
    """A time for those who compare it with others: written their way, never moved to their zone.

    :param style: Babel's name of how long it is: ``medium`` has the seconds, ``short`` has not.
    """
    if _babel():
        from flask_babel import format_datetime

        written: str = format_datetime(at, style, rebase=False)
        return written
    return f"{at:%Y-%m-%d %H:%M}" if style == "short" else f"{at.day} {at:%b %Y, %H:%M:%S}"


def short_day(at: datetime) -> str:
    """A day of this year as this reader writes it, else ``1 Mar``."""
    if _babel():
        from babel.dates import format_skeleton
        from flask_babel import get_locale

        return str(format_skeleton("MMMd", at, locale=get_locale()))
    return f"{at.day} {at:%b}"


def language() -> str:
    """The language of what this visitor reads, as HTML names it: English, where there is no catalog of his."""
    if not _babel():
        return "en"
    from flask_babel import get_domain
    from flask_babel import get_locale

    found = any(domain.get_translations().files for domain in (_our_domain(), get_domain()))
    return str(get_locale() or "en").replace("_", "-") if found else "en"


def _our_domain() -> Any:
    from flask_babel import Domain

    return current_app.extensions.setdefault("fps_words", Domain(domain=DOMAIN))


def _babel() -> bool:
    return has_app_context() and "babel" in current_app.extensions
