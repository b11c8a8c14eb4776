"""Which of the certificates in the settings can check a message, and which can now."""

from __future__ import annotations

from .config import Config
from .errors import see
from .errors import SetupError
from .protocol import demo
from .protocol import rsa


def check(config: Config) -> None:
    """Refuse a certificate with which nothing can ever be checked.

    One that is out of date is let through: where it is replaced, the old and the new one stand side by side.

    :raises SetupError: naming the key and what is wrong.
    """
    for each in config.certificates or ():
        if each == demo.CERTIFICATE_PEM:  # ours is in order, and looking at it takes a while
            continue
        try:
            rsa.load_certificate(each)
        except rsa.OutOfDate:
            continue
        except RuntimeError as error:
            raise SetupError(f"FPS_CERTIFICATES: {error}{see('FPS_CERTIFICATES')}") from error


def in_force(config: Config) -> tuple[bytes, ...]:
    """Those that are valid now; none where none was set.

    :raises SetupError: some were set, and all of them are out of date.
    """
    found, over = [], None
    for each in config.certificates or ():
        try:
            rsa.load_certificate(each)
            found.append(each)
        except rsa.OutOfDate as error:
            over = error
    if over is not None and not found:
        raise SetupError(
            f"FPS_CERTIFICATES: {over}: set the one that FPS signs with now{see('FPS_CERTIFICATES')}"
        ) from over
    return tuple(found)
