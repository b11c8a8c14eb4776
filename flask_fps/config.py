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
from .errors import see
from .errors import SetupError
from .protocol import demo
from .protocol import endpoints
from .protocol import eras

ENDED = (
    "Amazon ended FPS on 2015-06-01, and the hosts that 'sandbox' and 'production' meant are gone. "
    "Set FPS_API_URL and FPS_CBUI_URL to a server that speaks FPS, or FPS_ENVIRONMENT to 'local'"
)


def _key(name: str, read: Callable[[Any], Any], doc: str, *, default: Any = None, secret: bool = False) -> Any:
    return field(repr=not secret, metadata={"key": name, "read": read, "doc": doc, "default": default})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One app's settings. Made by :meth:`read`; never changes afterwards.

    Under the gateway ``fps`` every key that FPS needs is there. Another gateway has needs of its own: then keys
    that were not set are empty.
    """

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
        default=(),
        secret=True,
    )
    secret_keys: tuple[str, ...] = _key(
        "FPS_SECRET_KEY",
        settings.keys,
        "The secret key of each access key, in the same order.",
        default=(),
        secret=True,
    )
    recipient_email: str = _key(
        "FPS_RECIPIENT_EMAIL",
        settings.email,
        "Our own account as FPS reports it: a success counts only if the money went there.",
        default="",
    )
    api_version: str = _key(
        "FPS_API_VERSION",
        settings.choice(*eras.VERSIONS),
        "The dialect spoken with the API.",
        default=eras.VERSIONS[0],
    )
    return_signature: str = _key(
        "FPS_RETURN_SIGNATURE",
        settings.choice("v2", "v1", "awsSignature"),
        "How returns are signed: 'v2' by certificate; with our secret key 'v1', under FPS_API_VERSION 2008-09-17 only, "
        "and 'awsSignature' under 2007-01-08, which knows nothing else.",
        default="",
    )
    caller_token: str | None = _key(
        "FPS_CALLER_TOKEN",
        settings.token,
        "Our token as caller, for FPS_API_VERSION 2007-01-08. Default: what `flask fps tokens install` has stored.",
    )
    recipient_token: str | None = _key(
        "FPS_RECIPIENT_TOKEN",
        settings.token,
        "The token of whoever is paid. Default: ourselves, under 2007-01-08 by the stored token.",
    )
    api_url: str = _key(
        "FPS_API_URL", settings.endpoint, "The API's address. Not for 'local', where the sandbox has it.", default=""
    )
    cbui_url: str = _key(
        "FPS_CBUI_URL", settings.endpoint, "Where buyers are sent to pay. Not for 'local' either.", default=""
    )
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
        default="",
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
    recover: str = _key(
        "FPS_RECOVER",
        settings.choice("pay", "cancel"),
        "What to do where a buyer authorized and did not come back: 'pay', if his goods can reach him, or 'cancel'.",
        default="pay",
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
    download_limit: int | None = _key(
        "FPS_DOWNLOAD_LIMIT", settings.count, "How often each purchase may be downloaded. Default: without limit."
    )
    download_days: int | None = _key(
        "FPS_DOWNLOAD_DAYS", settings.count, "For how many days it may be downloaded. Default: for ever."
    )
    download_window: timedelta = _key(
        "FPS_DOWNLOAD_WINDOW", settings.duration, "How long one counted download lasts.", default=timedelta(hours=1)
    )
    download_link_age: timedelta = _key(
        "FPS_DOWNLOAD_LINK_AGE", settings.duration, "How long a download link is good.", default=timedelta(days=1)
    )
    claim_age: timedelta = _key(
        "FPS_CLAIM_AGE", settings.duration, "How long a claim link is good.", default=timedelta(days=30)
    )
    claim_limit: int = _key(
        "FPS_CLAIM_LIMIT", settings.number, "In how many other browsers a purchase may be claimed.", default=10
    )
    accounts: Mapping[str, Mapping[str, Any]] = _key(
        "FPS_ACCOUNTS",
        settings.accounts,
        "More accounts by name, each a dict of its own keys.",
        default={},
        secret=True,
    )
    send_receipt: Callable[..., object] | None = _key(
        "FPS_SEND_RECEIPT",
        settings.function,
        "A function, or its name as 'package.module:function': writes to a buyer and gives him his claim link.",
    )
    accel: Mapping[str, str] = _key(
        "FPS_ACCEL",
        settings.locations,
        "Folders that the web server sends itself, each with its internal address: X-Accel-Redirect.",
        default={},
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
        """The key that signs.

        :raises SetupError: none is set, and the gateway has asked for it.
        """
        return _first(self.access_keys, "FPS_ACCESS_KEY")

    @property
    def secret_key(self) -> str:
        """The secret of :attr:`access_key`.

        :raises SetupError: none is set, and the gateway has asked for it.
        """
        return _first(self.secret_keys, "FPS_SECRET_KEY")


def _first(keys: tuple[str, ...], name: str) -> str:
    if not keys:
        raise SetupError(f"{name} is missing, and this gateway needs it: set what the provider gave you{see(name)}")
    return keys[0]


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
        self.values: dict[str, Any] = {}
        self.problems: dict[str, str] = {}

    def config(self) -> Config:
        for each in fields(Config):
            self._read(each.metadata)
        for key in self.given.keys() - KEYS.keys():
            self._unknown(key)
        self._any_environment()
        if "FPS_ENVIRONMENT" not in self.problems:
            self._local() if self.values["FPS_ENVIRONMENT"] == "local" else self._elsewhere()
        if self.problems:
            raise SetupError(settings.report(self.problems, KEYS))
        return Config(**{each.name: self.values[each.metadata["key"]] for each in fields(Config)})

    def wrong(self, key: str, sentence: str) -> None:
        """The first thing said about a key is kept: what follows from it would only confuse."""
        self.problems.setdefault(key, sentence)

    def _read(self, meta: Mapping[str, Any]) -> None:
        key = meta["key"]
        self.values[key] = meta["default"]
        if key in self.given:
            try:
                self.values[key] = meta["read"](self.given[key])
            except Wrong as problem:
                self.wrong(key, str(problem))

    def _unknown(self, key: str) -> None:
        close = get_close_matches(key, KEYS, n=1)
        self.wrong(key, f"is not a key of Flask-FPS{f'; did you mean {close[0]}?' if close else ': remove it'}")

    def _any_environment(self) -> None:
        named = "the gateways of this app are {}: name one, or add yours by FPS(gateways={{name: factory}})"
        self._one_of("FPS_GATEWAY", self.gateways, named)
        if self.currencies is not None:
            self._one_of("FPS_CURRENCY", self.currencies, "this gateway takes {}")
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
