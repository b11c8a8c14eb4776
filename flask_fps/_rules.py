"""Rules that tie the keys to each other, once each was read by itself: :class:`flask_fps.config.Config`."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from . import _settings as settings
from .protocol import demo
from .protocol import endpoints
from .protocol import eras

ENDED = (
    "Amazon ended FPS on 2015-06-01, and the hosts that 'sandbox' and 'production' meant are gone. "
    "Set FPS_API_URL and FPS_CBUI_URL to a server that speaks FPS, or FPS_ENVIRONMENT to 'local'"
)


class Rules:
    """One pass over what was read: collects what is wrong, and fills in what follows from other keys.

    :param given: what stood in the mapping.
    :param values: the value of every key, given or not.
    :param problems: a sentence for each key that is wrong.
    """

    def __init__(self, given: Mapping[str, object], values: dict[str, Any], problems: dict[str, str]) -> None:
        self.given = given
        self.values = values
        self.problems = problems

    def apply(self, gateways: Collection[str], currencies: Collection[str] | None) -> None:
        """:param currencies: what the chosen gateway takes; ``None`` leaves that to the gateway."""
        self._any_environment(gateways, currencies)
        if "FPS_ENVIRONMENT" not in self.problems:
            self._local() if self.values["FPS_ENVIRONMENT"] == "local" else self._elsewhere()

    def wrong(self, key: str, sentence: str) -> None:
        """The first thing said about a key is kept: what follows from it would only confuse."""
        self.problems.setdefault(key, sentence)

    def _any_environment(self, gateways: Collection[str], currencies: Collection[str] | None) -> None:
        named = "the gateways of this app are {}: name one, or add yours by FPS(gateways={{name: factory}})"
        self._one_of("FPS_GATEWAY", gateways, named)
        if currencies is not None:
            self._one_of("FPS_CURRENCY", currencies, "this gateway takes {}")
        self._pairs(self.values["FPS_ACCESS_KEY"], self.values["FPS_SECRET_KEY"])
        self._of_version(self.values["FPS_API_VERSION"])

    def _of_version(self, version: str) -> None:
        """What goes with one API version and not with another."""
        values, known = self.values, eras.RETURN_SIGNATURES[version]
        given = values["FPS_RETURN_SIGNATURE"] = values["FPS_RETURN_SIGNATURE"] or known[0]
        if given not in known:
            fitting = [each for each, signatures in eras.RETURN_SIGNATURES.items() if given in signatures]
            self.wrong("FPS_RETURN_SIGNATURE", f"is {given!r}, which needs FPS_API_VERSION {' or '.join(fitting)}")
        if values["FPS_CALLER_TOKEN"] and version not in eras.WITH_CALLER_TOKEN:
            self.wrong("FPS_CALLER_TOKEN", f"is for FPS_API_VERSION 2007-01-08: remove it, {version} has none")

    def _one_of(self, key: str, allowed: Collection[str], phrase: str) -> None:
        if self.values[key] not in allowed:
            self.wrong(key, f"is {self.values[key]!r}, and {phrase.format(', '.join(allowed))}")

    def _pairs(self, access: tuple[str, ...], secret: tuple[str, ...]) -> None:
        if access and not secret:
            self.wrong("FPS_SECRET_KEY", "is missing: set the secret of your FPS_ACCESS_KEY")
        elif secret and not access:
            self.wrong("FPS_ACCESS_KEY", "is missing: set the access key that your FPS_SECRET_KEY belongs to")
        elif len(access) != len(secret):
            self.wrong("FPS_SECRET_KEY", "must hold exactly one secret for each FPS_ACCESS_KEY, in the same order")

    def _local(self) -> None:
        for key in ("FPS_API_URL", "FPS_CBUI_URL"):
            if key in self.given:
                self.wrong(key, "is for a server elsewhere: set FPS_ENVIRONMENT too, or use FPS_SANDBOX_URL instead")
        for key in ("FPS_SANDBOX_URL", "FPS_EXTERNAL_URL"):
            if self.values[key] and not settings.is_loopback(self.values[key]):
                self.wrong(key, "must be localhost, 127.0.0.1 or [::1] while FPS_ENVIRONMENT is 'local'")
        self._demo_account()
        for key, derived in demo.settings(self.values["FPS_SANDBOX_URL"]).items():
            self.values[key] = self.values[key] or derived

    def _demo_account(self) -> None:
        own = self.values["FPS_ACCESS_KEY"] not in ((), (demo.ACCESS_KEY,))
        if own and not self.values["FPS_RECIPIENT_EMAIL"]:
            self.wrong("FPS_RECIPIENT_EMAIL", "is missing: name the sandbox account your FPS_ACCESS_KEY belongs to")

    def _elsewhere(self) -> None:
        self._https("FPS_EXTERNAL_URL")
        self._required("FPS_EXTERNAL_URL", "the https address under which buyers see the shop")
        if self.values["FPS_GATEWAY"] == "fps":
            self._fps_elsewhere()

    def _fps_elsewhere(self) -> None:
        if not {"FPS_API_URL", "FPS_CBUI_URL"} <= self.given.keys():
            self.wrong("FPS_ENVIRONMENT", f"names servers that are gone. {ENDED}")
        self._required("FPS_ACCESS_KEY", "the access key that your FPS server gave you")
        self._required("FPS_SECRET_KEY", "the secret of your FPS_ACCESS_KEY")
        self._required("FPS_RECIPIENT_EMAIL", "the e-mail address of the account that is paid")
        self._refuse_demo()
        for key in ("FPS_API_URL", "FPS_CBUI_URL", "FPS_CERTIFICATE_URL"):
            self._https(key)
        self._refuse_amazon()
        if self.values["FPS_API_URL"] and not self.values["FPS_CERTIFICATE_URL"]:
            server = urlsplit(self.values["FPS_API_URL"]).netloc
            self.values["FPS_CERTIFICATE_URL"] = f"https://{server}{demo.CERTIFICATE_PATH}"

    def _required(self, key: str, what: str) -> None:
        if not self.values[key]:
            self.wrong(key, f"is missing: set {what}")

    def _https(self, key: str) -> None:
        if self.values[key] and urlsplit(self.values[key]).scheme != "https":
            self.wrong(key, "must be an https address while FPS_ENVIRONMENT is not 'local'")

    def _refuse_amazon(self) -> None:
        for key in ("FPS_API_URL", "FPS_CBUI_URL"):
            if self.values[key] and urlsplit(self.values[key]).hostname in endpoints.HISTORIC_HOSTS:
                self.wrong(key, f"names a server that is gone. {ENDED}")

    def _refuse_demo(self) -> None:
        values = self.values
        if demo.ACCESS_KEY in values["FPS_ACCESS_KEY"]:
            self.wrong("FPS_ACCESS_KEY", "is the sandbox's public demo key: everybody knows its secret")
        if demo.SECRET_KEY in values["FPS_SECRET_KEY"]:
            self.wrong("FPS_SECRET_KEY", "is the sandbox's public demo secret: everybody knows it")
        if any(settings.same_certificate(each, demo.CERTIFICATE_PEM) for each in values["FPS_CERTIFICATES"] or ()):
            self.wrong("FPS_CERTIFICATES", "is the sandbox's public demo certificate: everybody can sign with its key")
