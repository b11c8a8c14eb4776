"""Counts with the right plural."""

from __future__ import annotations


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 payment``, ``2 payments``; ``many`` where it is more than an ``s`` that is added."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
