"""Every token this shop signs for itself, one salt each, over :mod:`itsdangerous`.

========= ==================================== ===========================
token     where                                age
========= ==================================== ===========================
``order`` the start link                       ``FPS_ORDER_MAX_AGE``
``ref``   the return URL of one payment        none: the payment's own
                                               deadlines decide
``guest`` the cookie ``fps_guest``             none
``file``  a download without a cookie          ``FPS_DOWNLOAD_LINK_AGE``
``claim`` a purchase for another browser       ``FPS_CLAIM_AGE``
========= ==================================== ===========================

A token is signed, not encrypted: whoever holds it can read it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from itsdangerous import BadData
from itsdangerous import TimestampSigner
from itsdangerous import URLSafeSerializer
from itsdangerous import URLSafeTimedSerializer

from .errors import Expired
from .errors import Forged
from .errors import SetupError

#: Longer than any token of ours; what is longer is not looked at.
LONGEST = 8192

Keys = Callable[[], list[str]]


def secret_keys(config: Mapping[str, Any]) -> list[str]:
    """The app's signing keys, oldest first: ``SECRET_KEY_FALLBACKS``, then ``SECRET_KEY``, which signs.

    :raises RuntimeError: where the app has no ``SECRET_KEY``, or its fallbacks are not a list.
    """
    if not config.get("SECRET_KEY"):
        raise SetupError(
            "SECRET_KEY is not set, and Flask-FPS signs its links with it: "
            "set app.config['SECRET_KEY'] to the output of `python -c 'import secrets; print(secrets.token_hex())'`"
        )
    kind = type(config["SECRET_KEY"])
    if not issubclass(kind, (str, bytes)):
        raise SetupError(
            f"SECRET_KEY is of type {kind.__name__}, and a key is text: from the environment only "
            """what is quoted stays text, such as FLASK_SECRET_KEY='"12345"'"""
        )
    fallbacks = config.get("SECRET_KEY_FALLBACKS") or ()
    if isinstance(fallbacks, (str, bytes)):  # else every letter of it would be a key
        raise SetupError("SECRET_KEY_FALLBACKS must be a list of keys: put this one into [ ]")
    return [*fallbacks, config["SECRET_KEY"]]


class Links:
    """Writes and reads the tokens of one app.

    :param keys: called at every use, so that a rotated key counts at once; oldest first, the last one signs.
    :param order_max_age: how long an order token is good.
    :param file_age: how long a download token is good.
    :param claim_age: how long a claim token is good.
    :param clock: seconds since 1970.
    """

    def __init__(
        self,
        keys: Keys,
        *,
        order_max_age: timedelta = timedelta(days=1),
        file_age: timedelta = timedelta(days=1),
        claim_age: timedelta = timedelta(days=30),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._ages = {"order": order_max_age, "file": file_age, "claim": claim_age}
        self._clock = clock

    def write_order(self, payload: dict[str, Any]) -> str:
        """A token for an order, stamped with now. The payload is plain JSON and readable by the buyer."""
        return self._stamp("order", payload)

    def read_order(self, token: str) -> dict[str, Any]:
        """The order this shop wrote.

        :raises Expired: for a genuine order past its age; it carries the payload.
        :raises Forged: for anything this shop did not sign.
        """
        return self._in_time("order", token)

    def write_file(self, reference: str, path: str) -> str:
        """A token for what one payment bought, good for one path only."""
        return self._stamp("file", {"p": reference, "u": path})

    def read_file(self, token: str, path: str) -> str:
        """The reference of the payment that pays for this path.

        :raises Expired: for a genuine token past its age.
        :raises Forged: for anything this shop did not sign, or signed for another path.
        """
        payload = self._in_time("file", token)
        if payload["u"] != path:
            raise Forged("this link was made for something else")
        return str(payload["p"])

    def write_claim(self, reference: str) -> str:
        """A token that carries a purchase to whoever has it."""
        return self._stamp("claim", {"p": reference})

    def read_claim(self, token: str) -> str:
        """The reference of the payment that is claimed.

        :raises Expired: for a genuine token past its age.
        :raises Forged: for anything this shop did not sign.
        """
        return str(self._in_time("claim", token)["p"])

    def write_ref(self, reference: str) -> str:
        """A token that names a payment, for its return URL."""
        return self._write("ref", reference)

    def read_ref(self, token: str) -> str:
        """The reference of the payment a return belongs to.

        :raises Forged: for anything this shop did not sign.
        """
        return self._load("ref", token)

    def write_guest(self, guest: str) -> str:
        """The value of a guest's cookie."""
        return self._write("guest", guest)

    def read_guest(self, token: str) -> str:
        """The guest id in a cookie.

        :raises Forged: for anything this shop did not sign.
        """
        return self._load("guest", token)

    def _stamp(self, kind: str, payload: dict[str, Any]) -> str:
        return _text(self._stamped(kind).dumps(payload))

    def _in_time(self, kind: str, token: str) -> dict[str, Any]:
        payload, signed_at = _read(lambda: self._stamped(kind).loads(_short(token), return_timestamp=True))
        if self._clock() - signed_at.timestamp() > self._ages[kind].total_seconds():
            raise Expired("this link is too old", payload)
        return dict(payload)

    def _stamped(self, kind: str) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self._keys(),
            salt=_salt(kind),
            signer=_StampedSigner,
            signer_kwargs={**_SIGNER, "clock": self._clock},
        )

    def _plain(self, kind: str) -> URLSafeSerializer:
        return URLSafeSerializer(self._keys(), salt=_salt(kind), signer_kwargs=_SIGNER)

    def _write(self, kind: str, value: str) -> str:
        return _text(self._plain(kind).dumps(value))

    def _load(self, kind: str, token: str) -> str:
        return str(_read(lambda: self._plain(kind).loads(_short(token))))


class _StampedSigner(TimestampSigner):
    """Stamps with the clock it was given."""

    def __init__(self, *args: Any, clock: Callable[[], float], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clock = clock

    def get_timestamp(self) -> int:
        return int(self._clock())


#: The default of itsdangerous is SHA-1.
_SIGNER: dict[str, Any] = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}


def _salt(kind: str) -> str:
    return f"flask-fps {kind}"


def _short(token: str) -> str:
    if not token.isascii() or len(token) > LONGEST:
        raise BadData("not a token of this shop")
    return token


def _read(load: Callable[[], Any]) -> Any:
    try:
        return load()
    except BadData as error:
        raise Forged("this link was not made by this shop, or it was changed") from error


def _text(token: str | bytes) -> str:
    return token if isinstance(token, str) else token.decode("ascii")
