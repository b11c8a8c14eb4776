"""Addresses on the web that the sandbox is given: to send a buyer back to, and to post to."""

from __future__ import annotations

from urllib.parse import urlsplit


def is_web_address(url: str, *schemes: str) -> bool:
    """Is this an absolute URL of one of these schemes (none given: http and https) that can be asked for?"""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in (schemes or ("http", "https"))
            and bool(parts.hostname)
            and parts.port != 0
            and url.isprintable()
        )
    except ValueError:
        return False
