"""The signed URL that sends a buyer to the co-branded pages (CBUI, version 2009-01-09).

::

    cbui = CBUI(endpoints.CBUI_SANDBOX, access_key, secret_key)
    url = cbui.single_use(
        caller_reference="DigitalDownload1177495829105",
        return_url="https://shop.example/return",
        transaction_amount="0.10",
        payment_reason="Now and Forever - Richard Marx",
    )

FPS developer guide, *Generic Parameters* and *Single-Use Token Pipeline*.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import fields
from decimal import Decimal
from typing import ClassVar
from urllib.parse import urlsplit

from . import query
from . import signing
from . import values
from .outbound import PROTOCOL_NAMES

VERSION = "2009-01-09"
#: Account balance, bank account, credit card.
PAYMENT_METHODS = ("ABT", "ACH", "CC")
REFERENCE_LENGTH = 128

#: Wire names that are not the attribute's name in camel case.
_SPELLED = {"return_url": "returnURL"}

Price = Decimal | int | str


@dataclass(frozen=True, kw_only=True)
class SingleUse:
    """The wish for a token that pays once; ``None`` leaves a parameter out.

    ``transaction_amount`` is what the token may pay at most. The amount parts (``item_total`` to
    ``tax``) and the address are shown to the buyer and bind nobody.

    :raises ValueError: for a value that FPS would refuse only after the buyer has left the shop.
    """

    pipeline: ClassVar[str] = "SingleUse"

    caller_reference: str
    return_url: str
    transaction_amount: Price
    payment_reason: str | None = None
    #: Some of :data:`PAYMENT_METHODS`.
    payment_method: Iterable[str] | None = None
    currency_code: str | None = "USD"
    recipient_token: str | None = None
    is_recipient_cobranding: bool | None = None
    #: The token is for Reserve and Settle instead of Pay.
    reserve: bool | None = None
    item_total: Price | None = None
    shipping: Price | None = None
    handling: Price | None = None
    gift_wrapping: Price | None = None
    discount: Price | None = None
    tax: Price | None = None
    address_name: str | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    zip: str | None = None
    phone_number: str | None = None
    #: The buyer chooses an address, which comes back on the return URL.
    collect_shipping_address: bool | None = None
    #: ``logo`` or ``banner``.
    cobranding_style: str | None = None
    #: HTTPS address of a logo of at most 215 by 40 pixels.
    cobranding_url: str | None = None
    #: Shown in the link that leads back to the shop.
    website_description: str | None = None

    def __post_init__(self) -> None:
        if not self.caller_reference or len(self.caller_reference.encode()) > REFERENCE_LENGTH:
            raise ValueError(f"callerReference is a text of 1 to {REFERENCE_LENGTH} bytes")
        if not self.return_url.startswith(("https://", "http://")):
            raise ValueError(f"returnURL is an absolute http or https URL, not {self.return_url!r:.80}")
        taken = PROTOCOL_NAMES.intersection(name for name, _ in query.parse(urlsplit(self.return_url).query))
        if taken:
            raise ValueError(f"returnURL carries {min(taken)!r}, a parameter that FPS itself adds on the way back")
        if self.payment_method is not None:
            object.__setattr__(self, "payment_method", _methods(self.payment_method))
        for name in _PRICES:
            _check_price(name, getattr(self, name))

    def parameters(self) -> dict[str, str]:
        """The pipeline's parameters by their names on the wire."""
        return dict(self._texts())

    def _texts(self) -> Iterator[tuple[str, str]]:
        for attribute in (field.name for field in fields(self)):
            value = getattr(self, attribute)
            if value is not None:
                yield _wire_name(attribute), _text(attribute, value)


class CBUI:
    """Makes signed URLs for one caller.

    :param endpoint: where the co-branded pages are, without a query.
    :param signature_version: ``2``, or ``1`` for a service of 2009 that knows nothing else.
    :param algorithm: of version 2; version 1 is HMAC-SHA1 always.
    """

    def __init__(
        self,
        endpoint: str,
        access_key: str,
        secret_key: str,
        *,
        signature_version: str = "2",
        algorithm: str = signing.HMAC_SHA256,
    ) -> None:
        if signature_version not in ("1", "2"):
            raise ValueError(
                f"signature version {signature_version!r} does not exist: use '2', or '1' for old services"
            )
        self.endpoint = endpoint
        self.access_key = access_key
        self._secret_key = secret_key
        self._version = signature_version
        self._algorithm = algorithm

    def url(self, request: SingleUse) -> str:
        """The signed URL of this request: send the buyer's browser there."""
        params = {"callerKey": self.access_key, "pipelineName": request.pipeline, "version": VERSION}
        return query.append(self.endpoint, self._signed(params | request.parameters()))

    def single_use(
        self, *, caller_reference: str, return_url: str, transaction_amount: Price, **optional: object
    ) -> str:
        """The signed URL of a :class:`SingleUse` request with these parameters."""
        return self.url(
            SingleUse(
                caller_reference=caller_reference,
                return_url=return_url,
                transaction_amount=transaction_amount,
                **optional,  # type: ignore[arg-type]
            )
        )

    def _signed(self, params: dict[str, str]) -> dict[str, str]:
        if self._version == "1":
            return params | {"signature": signing.sign_v1(params, self._secret_key)}
        params = params | {"signatureVersion": "2", "signatureMethod": self._algorithm}
        return params | {"signature": signing.sign("GET", self.endpoint, params, self._secret_key, self._algorithm)}


_PRICES = ("transaction_amount", "item_total", "shipping", "handling", "gift_wrapping", "discount", "tax")


def _wire_name(attribute: str) -> str:
    return _SPELLED.get(attribute) or values.camel(attribute)


def _text(attribute: str, value: object) -> str:
    if attribute in _PRICES:
        return values.number(values.exact(value))  # type: ignore[arg-type]
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _methods(given: Iterable[str]) -> tuple[str, ...]:
    methods = tuple(given.split(",") if isinstance(given, str) else given)
    unknown = sorted(set(methods) - set(PAYMENT_METHODS))
    if unknown or not methods:
        raise ValueError(
            f"paymentMethod takes some of {', '.join(PAYMENT_METHODS)}, not {', '.join(unknown) or 'none'}"
        )
    return methods


def _check_price(attribute: str, price: Price | None) -> None:
    if price is None:
        return
    amount = values.exact(price)
    if amount < 0 or amount != round(amount, 2):
        raise ValueError(f"{_wire_name(attribute)} is {amount}: an amount is not negative and has at most two decimals")
