"""What is done for a request of each API version: by whom, under which rules, and what is remembered."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...protocol.dialects import V2007_01_08
from ...protocol.dialects import V2008_09_17
from ...protocol.dialects import V2010_08_28
from . import actions
from . import forms
from .actions import Asker
from .first import reading
from .first.rules import RULES as FIRST_RULES


@dataclass(frozen=True)
class Repertoire:
    """All that one version can do here."""

    #: By action; each takes the message of its own action.
    perform: Mapping[str, Callable[[Asker, Any], object]]
    #: Actions whose CallerReference makes a request sent again the same request.
    remembered: frozenset[str]
    #: Actions whose CallerReference must not come again, not even in the same request.
    once: frozenset[str]
    rules: Mapping[str, forms.Rule]


_MODERN = Repertoire(actions.PERFORM, actions.REMEMBERED, frozenset(), forms.RULES)
_FIRST = Repertoire(
    {
        "GetTransaction": reading.transaction,
        "GetAccountActivity": reading.account_activity,
        "GetAccountBalance": reading.account_balance,
        "GetTokenByCaller": reading.token_by_caller,
        "CancelToken": reading.cancel_token,
    },
    remembered=frozenset(),
    once=frozenset(),
    rules=FIRST_RULES,
)

#: By version.
REPERTOIRES: Mapping[str, Repertoire] = {
    V2007_01_08.version: _FIRST,
    V2008_09_17.version: _MODERN,
    V2010_08_28.version: _MODERN,
}
