"""Every ``FPS_*`` key, read once into a frozen :class:`Config`.

The fields of :class:`Config` are the table of keys: each names its key, how the value is read, its default
and what it means. The rules that tie keys to each other are :mod:`flask_fps._rules`.
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

from . import _settings as settings
from ._rules import Rules
from ._settings import Wrong
from .errors import see
from .errors import SetupError
from .protocol import demo
from .protocol import eras


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
        "What to do where a buyer authorized and did not come back: 'pay', if the goods can arrive, or 'cancel'.",
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
    guest_cookie: str = _key(
        "FPS_GUEST_COOKIE",
        settings.cookie_name,
        "The name of the cookie that knows a guest. Two shops on one host need two.",
        default="fps_guest",
    )
    send_receipt: Callable[..., object] | None = _key(
        "FPS_SEND_RECEIPT",
        settings.function,
        "A function, or its name as 'package.module:function': writes to a buyer and gives the claim link.",
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
        given = {key: mapping[key] for key in mapping if key.startswith("FPS_") and mapping[key] is not None}
        values, problems = _read_each(given)
        Rules(given, values, problems).apply(gateways, currencies)
        if problems:
            raise SetupError(settings.report(problems, KEYS))
        return cls(**{each.name: values[each.metadata["key"]] for each in fields(cls)})

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


def _read_each(given: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, str]]:
    """The value of every key, and what is wrong with those that were given."""
    values: dict[str, Any] = {}
    problems = {key: _unknown(key) for key in given.keys() - KEYS.keys()}
    for each in fields(Config):
        key = each.metadata["key"]
        values[key] = each.metadata["default"]
        if key in given:
            try:
                values[key] = each.metadata["read"](given[key])
            except Wrong as problem:
                problems[key] = str(problem)
    return values, problems


def _unknown(key: str) -> str:
    close = get_close_matches(key, KEYS, n=1)
    return f"is not a key of Flask-FPS{f'; did you mean {close[0]}?' if close else ': remove it'}"
