"""One request to the FPS API, one answer: the only module of the protocol that touches the network, by its transport.

What matters most here is to know what a failure means. :class:`~flask_fps.errors.NotSent` is raised only
if name lookup, connection, proxy or TLS handshake failed before the first byte of the request; whatever
else goes wrong is :class:`~flask_fps.errors.OutcomeUnknown`, because FPS may have done what it was asked.
Nothing is retried, no redirect is followed, and one deadline covers the whole exchange, however slowly
the bytes drip.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import requests
from requests.utils import get_environ_proxies
from urllib3 import Timeout
from urllib3.exceptions import ConnectTimeoutError

from ..errors import NotSent
from ..errors import OutcomeUnknown
from . import dialects
from . import query
from .messages import Message
from .transport import pooled_session

R = TypeVar("R")

#: No answer of FPS is larger than this many bytes.
LARGEST_ANSWER = 2**20
#: How long :meth:`Client.reachable` waits, in seconds.
REACHABLE_WITHIN = 2.0

_HEADERS = {
    "User-Agent": "Flask-FPS",
    "Accept": "text/xml",
    "Accept-Encoding": "identity",
    "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
}


class Client:
    """Sends messages to one FPS endpoint under one pair of keys; safe to share between threads.

    :param endpoint: absolute http or https URL of the API.
    :param version: API version of requests and answers.
    :param timeout: seconds for the whole exchange, from the first lookup to the last byte.
    :param ca: file with the certificates to trust instead of the usual ones. TLS is always verified.
    :param clock: seconds since 1970, for the request's Timestamp.
    :param transport: a session to use instead of our own pooled one; it is used as it is.
    """

    def __init__(
        self,
        endpoint: str,
        access_key: str,
        secret_key: str,
        *,
        version: str = dialects.NEWEST.version,
        timeout: float = 10.0,
        ca: str | None = None,
        clock: Callable[[], float] = time.time,
        transport: requests.Session | None = None,
    ) -> None:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"the API endpoint is an absolute http or https URL, not {endpoint!r}")
        self.endpoint = endpoint
        self.dialect = dialects.dialect(version)
        self.timeout = timeout
        self._access_key = access_key
        self._secret_key = secret_key
        self._ca = ca
        self._clock = clock
        self._transport = transport
        self._own: tuple[int, requests.Session] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.endpoint} {self.version}>"

    @property
    def version(self) -> str:
        """The API version of requests and answers."""
        return self.dialect.version

    def send(self, message: Message[R]) -> R:
        """Send a message once and return what its answer holds.

        :raises ServiceError: FPS understood it and said no.
        :raises NotSent: nothing left this machine.
        :raises OutcomeUnknown: it was sent, or may have been, and no readable answer came.
        :raises ValueError: a parameter that this API version does not have.
        """
        if self.dialect.actions.get(message.action) is not type(message):
            raise ValueError(
                f"{type(message).__module__}.{message.action} is no message of API version {self.version}: "
                "take one of client.dialect.actions"
            )
        parameters = message.parameters()
        unknown = sorted(name for name in parameters if not self.dialect.accepts(type(message), name))
        if unknown:
            raise ValueError(
                f"{message.action} has no {', '.join(unknown)} in API version {self.version}: leave it out"
            )
        return self.send_parameters(type(message), parameters)

    def send_parameters(self, message_type: type[Message[R]], parameters: Mapping[str, str]) -> R:
        """Send parameters exactly as they were stored; only time, key and signature are fresh. Raises as :meth:`send`.

        Sent twice, such a request is the same request to FPS.
        """
        status, body = self._exchange(self._form(message_type.action, parameters))
        if status == 200:
            return self.dialect.parse_answer(body, message_type).result
        error = self.dialect.parse_error(body, status)
        if error is not None and 400 <= status < 500:
            raise error
        raise OutcomeUnknown(f"{message_type.action} was answered by HTTP {status} ({error or 'no error document'})")

    def reachable(self) -> bool:
        """Does the endpoint (or the proxy before it) take a connection within about two seconds?

        A transport that was passed in is taken at its word.
        """
        if self._transport is not None:
            return True
        parts = urlsplit(next(iter(self._proxies().values()), self.endpoint))
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((parts.hostname or "", port), REACHABLE_WITHIN).close()
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Close the pooled connections; the client may still be used and opens new ones."""
        if self._own is not None:
            self._own[1].close()
            self._own = None

    def _form(self, action: str, parameters: Mapping[str, str]) -> bytes:
        """The signed body of a request."""
        params = {
            **parameters,
            "Action": action,
            "AWSAccessKeyId": self._access_key,
            "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._clock())),
            "Version": self.version,
        }
        return query.join(self.dialect.signed("POST", self.endpoint, params, self._secret_key)).encode("ascii")

    def _exchange(self, form: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to this one request."""
        try:
            with self._session().post(
                self.endpoint,
                data=form,
                headers=_HEADERS,
                timeout=Timeout(total=self.timeout),  # type: ignore[arg-type]
                allow_redirects=False,
                stream=True,
            ) as response:
                return response.status_code, _body(response)
        except OutcomeUnknown:
            raise
        except Exception as error:  # whatever it is: only a proven "not connected" may be called not sent
            if _never_connected(error):
                by_http = ": it answers, but not by https: write http://" if _is_no_tls(error) else ""
                raise NotSent(f"could not connect to {self.endpoint}{by_http}") from error
            raise OutcomeUnknown(f"no readable answer from {self.endpoint}: {type(error).__name__}") from error

    def _session(self) -> requests.Session:
        """The pooled session of this process: a connection must not be shared with a forked child."""
        if self._transport is not None:
            return self._transport
        own = self._own
        if own is None or own[0] != os.getpid():
            own = self._own = (os.getpid(), pooled_session(self._ca, self._proxies()))
        return own[1]

    def _proxies(self) -> dict[str, str]:
        """The environment's proxy for the endpoint; never one for this machine itself."""
        parts = urlsplit(self.endpoint)
        if parts.hostname in ("localhost", "127.0.0.1", "::1"):
            return {}
        found = get_environ_proxies(self.endpoint)
        proxy = found.get(parts.scheme, found.get("all"))
        return {parts.scheme: proxy} if proxy else {}


def _body(response: requests.Response) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise OutcomeUnknown("the answer is compressed, though we asked for none")
    body = bytearray()
    for chunk in response.iter_content(2**16):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise OutcomeUnknown(f"the answer is over {LARGEST_ANSWER} bytes")
    return bytes(body)


def _is_no_tls(error: Exception) -> bool:
    """Did something that speaks no TLS answer the handshake? OpenSSL 3.2 and later calls it a record layer failure."""
    said = str(error).lower().replace(" ", "_")
    return "wrong_version_number" in said or "record_layer_failure" in said


def _never_connected(error: Exception) -> bool:
    """Did the connection fail before the first byte of the request? requests wraps urllib3's reason twice."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    reason = getattr(reason, "original_error", reason)
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, ConnectTimeoutError)
