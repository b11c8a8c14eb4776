"""What is wrong with a process's set-up and does not stop its start: it may be mended after ``init_app``."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from functools import partial

from . import certificates
from .errors import see
from .errors import SetupError
from .links import secret_keys
from .logs import log
from .state import AppState
from .state import current_fps


def findings(state: AppState) -> Iterator[str]:
    """Each thing that is wrong, as a sentence that names the key and the fix."""
    yield from _said(lambda: secret_keys(state.app.config))
    missing = state.missing_handlers()
    if missing:
        yield (
            f"FPS_EXPECT_HANDLERS names {', '.join(missing)}, which this process has not registered, so it delivers "
            f"nothing: import the module that does{see('FPS_EXPECT_HANDLERS')}"
        )
    for carried in state.unheard():
        yield (
            f"an FPS object that was never given to an app carries {carried}, and nothing of it is called: call its "
            "init_app instead of making another FPS, or register with the one that the app was given to"
        )
    for config in {each.certificates: each for each in state.configs.values()}.values():
        yield from _said(partial(certificates.in_force, config))


def _said(check: Callable[[], object]) -> Iterator[str]:
    try:
        check()
    except SetupError as error:
        yield str(error)


def at_first_request() -> Callable[[], None]:
    """Tells the log once what is wrong: by the first request everything is registered that will be."""
    told = False

    def tell() -> None:
        nonlocal told
        if not told:
            told = True
            for finding in findings(current_fps()):
                log.error("%s", finding)

    return tell
