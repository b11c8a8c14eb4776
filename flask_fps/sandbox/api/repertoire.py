"""What is done for a request of each API version: by whom, under which rules, and what is remembered."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from ...protocol.dialects import V2007_01_08
from ...protocol.dialects import V2008_09_17
from ...protocol.dialects import V2010_08_28
from . import actions
from . import first
from . import forms
from .actions import Asker
from .first.rules import RULES as FIRST_RULES


@dataclass(frozen=True)
class Repertoire:
    """All that one version can do here."""

    #: By action; each takes the message of its own action.
    perform: Mapping[str, Callable[[Asker, Any], object]]
    #: Actions whose CallerReference, where there is one, makes a request sent again the same request.
    remembered: frozenset[str]
    #: Of these, a second request with the same reference is refused even if it is the same.
    once: frozenset[str]
    rules: Mapping[str, forms.Rule]


_MODERN = Repertoire(actions.PERFORM, actions.REMEMBERED, frozenset(), forms.RULES)

#: By version.
REPERTOIRES: Mapping[str, Repertoire] = {
    V2007_01_08.version: Repertoire(first.PERFORM, first.REMEMBERED, first.ONCE, FIRST_RULES),
    V2008_09_17.version: replace(_MODERN, perform=actions.PERFORM_2008),
    V2010_08_28.version: _MODERN,
}
