"""The versions of the FPS API: whatever depends on a version is asked of its dialect.

==================  ==============================================================================
``base``            what a dialect is asked for
``speaking``        any version in the words of the newest
``modern``          the form of requests and answers since 2008-09-17
``v2007_01_08``     the first version, in which nearly everything had another form
``v2008_09_17``     the actions and signatures of that version
``v2010_08_28``     likewise
==================  ==============================================================================

An action that only some versions have is declared in ``messages`` and named in the ``ACTIONS`` of the
versions that have it; a parameter that came later says so itself (``since``).
"""

from __future__ import annotations

from collections.abc import Mapping

from .base import Dialect as Dialect
from .speaking import RoleTokens as RoleTokens
from .speaking import Speaker as Speaker
from .speaking import TEMPORARY_DECLINE as TEMPORARY_DECLINE
from .v2007_01_08 import V2007_01_08 as V2007_01_08
from .v2008_09_17 import V2008_09_17 as V2008_09_17
from .v2010_08_28 import V2010_08_28 as V2010_08_28

#: By version, oldest first.
DIALECTS: Mapping[str, Dialect] = {each.version: each for each in (V2007_01_08, V2008_09_17, V2010_08_28)}
NEWEST = V2010_08_28


def dialect(version: str) -> Dialect:
    """The dialect of exactly this version.

    :raises ValueError: for a version that FPS never had.
    """
    try:
        return DIALECTS[version]
    except KeyError:
        raise ValueError(f"API version {version!r} is none of {', '.join(DIALECTS)}") from None


def served(date: str) -> Dialect | None:
    """What FPS answered a request of this date in: its newest version that is not later. ``None``: there was none."""
    older = [each for version, each in DIALECTS.items() if version <= date]
    return older[-1] if older else None
