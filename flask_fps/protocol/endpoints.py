"""Where FPS lived until 2015-06-01. Nothing of FPS answers there any more.

The names still matter: old clients sign them whatever host they are pointed at, so a server that takes
FPS's place has to try them when it checks a signature.
"""

from __future__ import annotations

from collections.abc import Iterable

CBUI_PATH = "/cobranded-ui/actions/start"

API_HOSTS = ("fps.amazonaws.com", "fps.sandbox.amazonaws.com")
CBUI_HOSTS = ("authorize.payments.amazon.com", "authorize.payments-sandbox.amazon.com")
#: Some of these names still resolve.
HISTORIC_HOSTS = frozenset({*API_HOSTS, *CBUI_HOSTS})

API_PRODUCTION, API_SANDBOX = (f"https://{host}/" for host in API_HOSTS)
CBUI_PRODUCTION, CBUI_SANDBOX = (f"https://{host}{CBUI_PATH}" for host in CBUI_HOSTS)

#: The certificates that FPS named last; each message added a ``requestId`` of its own.
CERTIFICATE_PRODUCTION, CERTIFICATE_SANDBOX = (f"https://{host}/certs/090911/PKICert.pem" for host in API_HOSTS)


def hosts_to_try(*received: str, port: int | None = None, aliases: Iterable[str] = ()) -> tuple[str, ...]:
    """Every host that an honest client may have signed when it sent this request.

    :param received: the Host header, and the server's public host where one is configured.
    :param port: the port the server listens on.
    :param aliases: Amazon's names of the service, :data:`API_HOSTS` or :data:`CBUI_HOSTS`.

    Some clients sign the host with its port, some without, and some send a Host header that is neither.
    """
    tried: dict[str, None] = {}
    for host in received:
        bare = _without_port(host)
        tried.update(dict.fromkeys((host, bare) if port is None else (host, bare, f"{bare}:{port}")))
    tried.update(dict.fromkeys(aliases))
    return tuple(tried)


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
