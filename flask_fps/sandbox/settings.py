"""How one sandbox runs: its address, its keys, how it signs and posts. The bank's numbers are its rules."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from urllib.parse import urlsplit

from ..protocol import demo
from ..protocol import endpoints


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that may be set; the defaults are the sandbox of the environment ``local``."""

    #: What callers and browsers reach it under; no slash at the end.
    base_url: str = demo.SANDBOX_URL
    #: The port it listens on itself, where that differs from :attr:`base_url`'s.
    port: int | None = None
    private_key_pem: bytes = field(default=demo.PRIVATE_KEY_PEM, repr=False)
    certificate_pem: bytes = demo.CERTIFICATE_PEM
    certificate_path: str = demo.CERTIFICATE_PATH
    #: What returns and notifications name as their certificate, if not ours at :attr:`base_url`.
    certificate_address: str | None = None
    #: Signatures go out in lines of this length, as the live ones did; ``None`` for one line.
    wrap: int | None = 76
    #: Add ``?requestId=`` to the certificate's address, another one each time, as FPS did.
    request_id_in_certificate_url: bool = True
    #: Post notifications. Otherwise they wait to be fetched from :class:`~.ipn.Outbox`.
    post_notifications: bool = True
    #: Seconds a listener has to acknowledge one.
    notification_timeout: float = 10.0
    #: Post to addresses with a port only: a shop without one is a test client's, and nobody listens for it.
    only_to_ports: bool = False

    @property
    def certificate_url(self) -> str:
        """The certificate's address without a query: checkers compare this."""
        return self.certificate_address or self.base_url + self.certificate_path

    def signed_hosts(self, host_header: str, aliases: tuple[str, ...]) -> tuple[str, ...]:
        """Every host a client may have signed: ours by any name, and Amazon's for this service.

        :param aliases: :data:`~flask_fps.protocol.endpoints.API_HOSTS` or ``CBUI_HOSTS``.
        """
        with_port = tuple(f"{alias}:{port}" for alias in aliases for port in self._ports(host_header))
        public = urlsplit(self.base_url).netloc
        return endpoints.hosts_to_try(host_header, public, port=self.port, aliases=aliases + with_port)

    def _ports(self, host_header: str) -> list[str]:
        named = host_header.rpartition(":")[2]
        ports = {named if named.isdecimal() else None, str(self.port) if self.port else None}
        return sorted(port for port in ports if port)
