"""Every ``FPS_*`` key, read once into a frozen :class:`Config`.

The fields of :class:`Config` are the table of keys: each names its key, how the value is read, its default
and what it means. Rules that tie keys to each other stand below in ``_Reading``.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from dataclasses import fields
from datetime import timedelta
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from . import _settings as settings
from ._settings import Wrong
from .protocol import demo
from .protocol import endpoints

ENDED = (
    "Amazon ended FPS on 2015-06-01, and the hosts that 'sandbox' and 'production' meant are gone. "
    "Set FPS_API_URL and FPS_CBUI_URL to a server that speaks FPS, or FPS_ENVIRONMENT to 'local'"
)
#: Where FPS was. Some of these names still resolve.
HISTORIC_HOSTS = frozenset({*endpoints.API_HOSTS, *endpoints.CBUI_HOSTS})


def _key(name: str, read: Callable[[Any], Any], doc: str, *, default: Any = None, secret: bool = False) -> Any:
    return field(repr=not secret, metadata={"key": name, "read": read, "doc": doc, "default": default})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One app's settings. Made by :meth:`read`; never changes afterwards."""

    environment: str = _key(
        "FPS_ENVIRONMENT",
        settings.choice("local", "sandbox", "production"),
        "Where the money is: 'local' is the sandbox server of this package; the others need a server of their own.",
        default="local",
    )
    gateway: str = _key(
        "FPS_GATEWAY",
        settings.text(64),
        "Who moves the money: 'fps', or a name given to FPS(gateways={name: factory}).",
        default="fps",
    )
    currency: str = _key(
        "FPS_CURRENCY",
        settings.currency,
        "ISO 4217 code of every price that does not name its own. FPS knows USD.",
        default="USD",
    )
    access_keys: tuple[str, ...] = _key(
        "FPS_ACCESS_KEY",
        settings.keys,
        "The caller's access key, or a list of them, newest first: the first signs, all verify.",
        secret=True,
    )
    secret_keys: tuple[str, ...] = _key(
        "FPS_SECRET_KEY",
        settings.keys,
        "The secret key of each access key, in the same order.",
        secret=True,
    )
    recipient_email: str = _key(
        "FPS_RECIPIENT_EMAIL",
        settings.email,
        "Our own account as FPS reports it: a success counts only if the money went there.",
    )
    api_version: str = _key(
        "FPS_API_VERSION",
        settings.choice("2010-08-28", "2008-09-17"),
        "The dialect spoken with the API.",
        default="2010-08-28",
    )
    return_signature: str = _key(
        "FPS_RETURN_SIGNATURE",
        settings.choice("v2", "v1"),
        "How returns are signed: 'v2' by certificate; 'v1' by our secret key, with FPS_API_VERSION 2008-09-17 only.",
        default="v2",
    )
    api_url: str = _key(
        "FPS_API_URL", settings.endpoint, "The API's address. Not for 'local', where the sandbox has it."
    )
    cbui_url: str = _key("FPS_CBUI_URL", settings.endpoint, "Where buyers are sent to pay. Not for 'local' either.")
    sandbox_url: str = _key(
        "FPS_SANDBOX_URL",
        settings.origin,
        "The sandbox server's address, on this machine; everything 'local' needs derives from it.",
        default=demo.SANDBOX_URL,
    )
    certificates: tuple[bytes, ...] | None = _key(
        "FPS_CERTIFICATES",
        settings.certificates,
        "The certificate that signs returns and notifications: PEM text, a path, or a list of either. "
        "Without one, outside 'local', each message is checked by calling VerifySignature.",
        secret=True,
    )
    certificate_url: str = _key(
        "FPS_CERTIFICATE_URL",
        settings.endpoint,
        "The certificateUrl that messages must name. It is compared and never fetched.",
    )
    database_uri: str | None = _key(
        "FPS_DATABASE_URI",
        settings.database_uri,
        "The ledger's database as SQLAlchemy writes it. Default: a SQLite file in the instance folder.",
        secret=True,
    )
    external_url: str | None = _key(
        "FPS_EXTERNAL_URL",
        settings.base_url,
        "The shop's address as buyers see it: returns and notifications come here.",
    )
    url_prefix: str = _key("FPS_URL_PREFIX", settings.url_prefix, "Where the extension's pages stand.", default="/fps")
    payment_methods: tuple[str, ...] = _key(
        "FPS_PAYMENT_METHODS",
        settings.payment_methods,
        "What buyers may pay with: ABT (their balance), ACH (bank account), CC (card).",
        default=("ABT", "ACH", "CC"),
    )
    payee: str | None = _key("FPS_PAYEE", settings.text(100), "The shop's name as buyers read it.")
    timeout: float = _key(
        "FPS_TIMEOUT",
        settings.seconds(longest=60),
        "Seconds that one whole exchange with the provider may take.",
        default=10.0,
    )
    attempt_lifetime: timedelta = _key(
        "FPS_ATTEMPT_LIFETIME",
        settings.duration,
        "How long a payment stays open for its buyer: seconds, or a timedelta.",
        default=timedelta(hours=24),
    )
    handler_timeout: timedelta = _key(
        "FPS_HANDLER_TIMEOUT",
        settings.duration,
        "How long a fulfillment handler may work: seconds, or a timedelta.",
        default=timedelta(minutes=10),
    )
    expect_handlers: tuple[str, ...] = _key(
        "FPS_EXPECT_HANDLERS",
        settings.names,
        "Names of the handlers without which a process must not deliver.",
        default=(),
    )
    order_max_age: timedelta = _key(
        "FPS_ORDER_MAX_AGE",
        settings.duration,
        "How long a start link is good: seconds, or a timedelta.",
        default=timedelta(days=1),
    )

    @classmethod
    def read(
        cls,
        mapping: Mapping[str, object],
        *,
        gateways: Collection[str] = ("fps",),
        currencies: Collection[str] | None = ("USD",),
    ) -> Config:
        """Read a Flask config. ``None`` counts as not set.

        :param gateways: the names that ``FPS_GATEWAY`` may have.
        :param currencies: what the chosen gateway takes; ``None`` leaves that to the gateway.
        :raises RuntimeError: one for all keys that are wrong, missing or unknown, each with its fix. No value
            of a key that may hold a secret is ever part of it.
        """
        return _Reading(mapping, gateways, currencies).config()

    @property
    def is_local(self) -> bool:
        """True where the sandbox moves the money, which is none."""
        return self.environment == "local"

    @property
    def access_key(self) -> str:
        """The key that signs."""
        return self.access_keys[0]

    @property
    def secret_key(self) -> str:
        """The secret of :attr:`access_key`."""
        return self.secret_keys[0]


#: Every key and what it means, in the order of the documentation.
KEYS: Mapping[str, str] = {each.metadata["key"]: each.metadata["doc"] for each in fields(Config)}


class _Reading:
    """One pass over a mapping: collects what is wrong instead of stopping at the first."""

    def __init__(
        self, mapping: Mapping[str, object], gateways: Collection[str], currencies: Collection[str] | None
    ) -> None:
        self.given = {key: mapping[key] for key in mapping if key.startswith("FPS_") and mapping[key] is not None}
        self.gateways = gateways
        self.currencies = currencies
        self.problems: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def config(self) -> Config:
        for each in fields(Config):
            self._read(each.name, each.metadata)
        for key in self.given.keys() - KEYS.keys():
            self._unknown(key)
        self._any_environment()
        if "FPS_ENVIRONMENT" not in self.problems:
            self._local() if self.values["environment"] == "local" else self._elsewhere()
        if self.problems:
            raise RuntimeError(_report(self.problems))
        return Config(**self.values)

    def wrong(self, key: str, sentence: str) -> None:
        """The first thing said about a key is kept: what follows from it would only confuse."""
        self.problems.setdefault(key, sentence)

    def _read(self, name: str, key: Mapping[str, Any]) -> None:
        self.values[name] = key["default"]
        if key["key"] in self.given:
            try:
                self.values[name] = key["read"](self.given[key["key"]])
            except Wrong as problem:
                self.wrong(key["key"], str(problem))

    def _unknown(self, key: str) -> None:
        close = get_close_matches(key, KEYS, n=1)
        self.wrong(
            key,
            f"is not a key of Flask-FPS; did you mean {close[0]}?" if close else "is not a key of Flask-FPS: remove it",
        )

    def _any_environment(self) -> None:
        values = self.values
        if values["gateway"] not in self.gateways:
            self.wrong(
                "FPS_GATEWAY", f"is {values['gateway']!r}, and the gateways of this app are {', '.join(self.gateways)}"
            )
        if self.currencies is not None and values["currency"] not in self.currencies:
            self.wrong(
                "FPS_CURRENCY", f"is {values['currency']!r}, and this gateway takes {', '.join(self.currencies)}"
            )
        self._pairs(values["access_keys"] or (), values["secret_keys"] or ())
        if values["return_signature"] == "v1" and values["api_version"] != "2008-09-17":
            self.wrong(
                "FPS_RETURN_SIGNATURE", "'v1' needs FPS_API_VERSION = '2008-09-17': later versions sign by certificate"
            )

    def _pairs(self, access: tuple[str, ...], secret: tuple[str, ...]) -> None:
        if access and not secret:
            self.wrong("FPS_SECRET_KEY", "is missing: set the secret of your FPS_ACCESS_KEY")
        elif secret and not access:
            self.wrong("FPS_ACCESS_KEY", "is missing: set the access key that your FPS_SECRET_KEY belongs to")
        elif len(access) != len(secret):
            self.wrong("FPS_SECRET_KEY", "must hold exactly one secret for each FPS_ACCESS_KEY, in the same order")

    def _local(self) -> None:
        values = self.values
        for key in ("FPS_API_URL", "FPS_CBUI_URL"):
            if key in self.given:
                self.wrong(key, "is for a server elsewhere: set FPS_ENVIRONMENT too, or use FPS_SANDBOX_URL instead")
        for key, name in (("FPS_SANDBOX_URL", "sandbox_url"), ("FPS_EXTERNAL_URL", "external_url")):
            if values[name] is not None and not settings.is_loopback(values[name]):
                self.wrong(
                    key, "must be on this machine (localhost, 127.0.0.1 or [::1]) while FPS_ENVIRONMENT is 'local'"
                )
        if values["access_keys"] and not values["recipient_email"] and values["access_keys"] != (demo.ACCESS_KEY,):
            self.wrong(
                "FPS_RECIPIENT_EMAIL", "is missing: name the sandbox account that your FPS_ACCESS_KEY belongs to"
            )
        sandbox = values["sandbox_url"]
        values["api_url"], values["cbui_url"] = f"{sandbox}/", f"{sandbox}{endpoints.CBUI_PATH}"
        values["access_keys"] = values["access_keys"] or (demo.ACCESS_KEY,)
        values["secret_keys"] = values["secret_keys"] or (demo.SECRET_KEY,)
        values["recipient_email"] = values["recipient_email"] or demo.SELLER_EMAIL
        values["certificates"] = values["certificates"] or (settings.pem(demo.CERTIFICATE_PEM),)
        values["certificate_url"] = values["certificate_url"] or f"{sandbox}{demo.CERTIFICATE_PATH}"

    def _elsewhere(self) -> None:
        self._https("FPS_EXTERNAL_URL", "external_url")
        if self.values["external_url"] is None:
            self.wrong("FPS_EXTERNAL_URL", "is missing: set the https address under which buyers see the shop")
        if self.values["gateway"] == "fps":
            self._fps_elsewhere()

    def _fps_elsewhere(self) -> None:
        values = self.values
        if not {"FPS_API_URL", "FPS_CBUI_URL"} <= self.given.keys():
            self.wrong("FPS_ENVIRONMENT", ENDED)
        for key, name in (("FPS_ACCESS_KEY", "access_keys"), ("FPS_SECRET_KEY", "secret_keys")):
            if not values[name]:
                self.wrong(key, "is missing: set the key that your FPS server gave you")
        if not values["recipient_email"]:
            self.wrong("FPS_RECIPIENT_EMAIL", "is missing: set the e-mail address of the account that is paid")
        self._refuse_demo()
        for key, name in (
            ("FPS_API_URL", "api_url"),
            ("FPS_CBUI_URL", "cbui_url"),
            ("FPS_CERTIFICATE_URL", "certificate_url"),
        ):
            self._https(key, name)
        if values["certificate_url"] is None and values["api_url"] is not None:
            values["certificate_url"] = f"https://{urlsplit(values['api_url']).netloc}{demo.CERTIFICATE_PATH}"

    def _https(self, key: str, name: str) -> None:
        address = self.values[name]
        if address is None:
            return
        if urlsplit(address).scheme != "https":
            self.wrong(key, "must be an https address while FPS_ENVIRONMENT is not 'local'")
        if name != "certificate_url" and urlsplit(address).hostname in HISTORIC_HOSTS:
            self.wrong(key, ENDED)

    def _refuse_demo(self) -> None:
        values = self.values
        if demo.ACCESS_KEY in (values["access_keys"] or ()):
            self.wrong("FPS_ACCESS_KEY", "is the sandbox's public demo key: everybody knows its secret")
        if demo.SECRET_KEY in (values["secret_keys"] or ()):
            self.wrong("FPS_SECRET_KEY", "is the sandbox's public demo secret: everybody knows it")
        if any(settings.same_certificate(each, demo.CERTIFICATE_PEM) for each in values["certificates"] or ()):
            self.wrong("FPS_CERTIFICATES", "is the sandbox's public demo certificate: everybody can sign with its key")


def _report(problems: Mapping[str, str]) -> str:
    order = [*KEYS, *sorted(problems.keys() - KEYS.keys())]
    lines = [f"  {key} {problems[key]}{_see(key)}" for key in order if key in problems]
    return "\n".join([f"Flask-FPS cannot start, {len(lines)} of its settings must change:", *lines])


def _see(key: str) -> str:
    if key not in KEYS:
        return ""
    return f" (docs/configuration.rst#{key.lower().replace('_', '-')})"
