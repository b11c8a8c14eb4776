"""What a caller may ask of the co-branded pages: a request for each of the seven pipelines.

``None`` leaves a parameter out. What FPS would refuse only after the buyer has left the shop is a
:class:`ValueError` here, and it names the parameter as the wire spells it.

FPS developer guide, *Generic Parameters* and the page of each pipeline; where a page was lost, what clients of the
time sent. Unless it is said otherwise an attribute's name in camel case is the parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import Field
from dataclasses import field
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from typing import ClassVar
from urllib.parse import urlsplit

from . import query
from . import values
from .outbound import PROTOCOL_NAMES

#: Account balance, bank account, credit card.
PAYMENT_METHODS = ("ABT", "ACH", "CC")
#: How ``transactionAmount`` binds a multi-use token: each payment is just so much, at least or at most so much.
AMOUNT_TYPES = ("Exact", "Minimum", "Maximum")
#: What a usage limit counts.
LIMIT_TYPES = ("Amount", "Count")
REFERENCE_LENGTH = 128
#: ``1 Month``, ``7 Days``: a whole number and a unit.
PERIOD = re.compile(r"(?P<number>[1-9][0-9]{0,3}) ?(?P<unit>hour|day|month|year)s?", re.ASCII | re.IGNORECASE)

Price = Decimal | int | str
#: A moment, or the seconds since 1970 that the wire carries.
Moment = datetime | int


def _asks(check: Callable[[str, Any], Any], default: Any = None, wire: str | None = None) -> Any:
    """A parameter whose value this function checks and writes; without a default it is required."""
    about = {"check": check, "wire": wire}
    return field(metadata=about) if default is ... else field(default=default, metadata=about)


def _reference(name: str, value: str) -> str:
    if not value or len(value.encode()) > REFERENCE_LENGTH:
        raise ValueError(f"{name} is a text of 1 to {REFERENCE_LENGTH} bytes")
    return value


def _address(name: str, value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError(f"{name} is an absolute http or https URL, not {value!r:.80}")
    taken = PROTOCOL_NAMES.intersection(own for own, _ in query.parse(urlsplit(value).query))
    if taken:
        raise ValueError(f"{name} carries {min(taken)!r}, a parameter that FPS itself adds on the way back")
    return value


def _price(name: str, value: Price) -> str:
    amount = values.exact(value)
    if amount < 0 or amount != round(amount, 2):
        raise ValueError(f"{name} is {amount}: an amount is not negative and has at most two decimals")
    return values.number(amount)


def _percentage(name: str, value: Price) -> str:
    share = values.exact(value)
    if not 0 <= share <= 100:
        raise ValueError(f"{name} is {share}: a percentage is from 0 to 100")
    return values.number(share, 0)


def _methods(name: str, value: Iterable[str]) -> str:
    methods = tuple(value.split(",") if isinstance(value, str) else value)
    unknown = sorted(set(methods) - set(PAYMENT_METHODS))
    if unknown or not methods:
        raise ValueError(f"{name} takes some of {', '.join(PAYMENT_METHODS)}, not {', '.join(unknown) or 'none'}")
    return ",".join(methods)


def _tokens(name: str, value: Iterable[str]) -> str:
    tokens = tuple(value.split(",") if isinstance(value, str) else value)
    if not tokens or not all(tokens):
        raise ValueError(f"{name} takes one recipient token or more, none of them empty")
    return ",".join(tokens)


def _one_of(*allowed: str) -> Callable[[str, str], str]:
    def check(name: str, value: str) -> str:
        if value not in allowed:
            raise ValueError(f"{name} is {' or '.join(allowed)}, not {value!r:.40}")
        return value

    return check


def _period(name: str, value: str) -> str:
    if not PERIOD.fullmatch(value):
        raise ValueError(f"{name} is a whole number and a unit, such as '1 Month' or '7 Days', not {value!r:.40}")
    return value


def _moment(name: str, value: Moment) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{name} needs a time zone: say which moment it is")
        return str(int(value.timestamp()))
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is an aware datetime or whole seconds since 1970, not {value!r:.40}")
    return str(value)


def _flag(name: str, value: bool) -> str:
    if not isinstance(value, bool):
        raise TypeError(f"{name} is True or False, not {value!r:.40}")
    return str(value)


def _text(name: str, value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} is a text, not {value!r:.40}")
    return value


@dataclass(frozen=True, kw_only=True)
class Request:
    """What all pipelines take.

    :raises ValueError: for a value that FPS would refuse.
    """

    #: ``pipelineName``.
    pipeline: ClassVar[str]

    #: Where the browser comes back to; it may have a query of its own.
    return_url: str = _asks(_address, ..., "returnURL")
    #: ``logo`` or ``banner``.
    cobranding_style: str | None = _asks(_one_of("logo", "banner"))
    #: HTTPS address of a logo of at most 215 by 40 pixels.
    cobranding_url: str | None = _asks(_text)
    #: Shown in the link that leads back to the shop.
    website_description: str | None = _asks(_text)

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, Iterable) and not isinstance(value, str):
                object.__setattr__(self, one.name, tuple(value))
        self.parameters()

    def parameters(self) -> dict[str, str]:
        """The pipeline's parameters by their names on the wire."""
        return dict(self._written())

    @classmethod
    def names(cls) -> frozenset[str]:
        """All parameters of the pipeline by their names on the wire."""
        return frozenset(_wire(one) for one in fields(cls))

    def _written(self) -> Iterator[tuple[str, str]]:
        for one in fields(self):
            value, name = getattr(self, one.name), _wire(one)
            if value is not None:
                yield name, one.metadata["check"](name, value)


def _wire(one: Field[Any]) -> str:
    name: str = one.metadata["wire"] or values.camel(one.name)
    return name


@dataclass(frozen=True, kw_only=True)
class _Referring(Request):
    #: Names the token that is made, once and for all.
    caller_reference: str = _asks(_reference, ...)


@dataclass(frozen=True, kw_only=True)
class _Paying(Request):
    payment_reason: str | None = _asks(_text)
    #: Some of :data:`PAYMENT_METHODS`; FPS takes none for the balance alone.
    payment_method: Iterable[str] | None = _asks(_methods)
    currency_code: str | None = _asks(_one_of("USD"), "USD")


@dataclass(frozen=True, kw_only=True)
class _Shipping(Request):
    """Shown to the buyer; it binds nobody."""

    address_name: str | None = _asks(_text)
    address_line1: str | None = _asks(_text)
    address_line2: str | None = _asks(_text)
    city: str | None = _asks(_text)
    state: str | None = _asks(_text)
    country: str | None = _asks(_text)
    zip: str | None = _asks(_text)
    phone_number: str | None = _asks(_text)
    #: The buyer chooses an address instead, which comes back on the return URL.
    collect_shipping_address: bool | None = _asks(_flag)


@dataclass(frozen=True, kw_only=True)
class _Lasting(Request):
    #: Not in the past and at most a year ahead; now, if it is left out.
    validity_start: Moment | None = _asks(_moment)
    validity_expiry: Moment | None = _asks(_moment)


@dataclass(frozen=True, kw_only=True)
class _Limited(Request):
    """Two limits on a token's use beside the one over all: by convention the first of amounts, the second of counts."""

    #: One of :data:`LIMIT_TYPES`.
    usage_limit_type1: str | None = _asks(_one_of(*LIMIT_TYPES))
    usage_limit_value1: Price | None = _asks(_price)
    #: The limit starts anew after each such stretch; without one it is for good.
    usage_limit_period1: str | None = _asks(_period)
    usage_limit_type2: str | None = _asks(_one_of(*LIMIT_TYPES))
    usage_limit_value2: Price | None = _asks(_price)
    usage_limit_period2: str | None = _asks(_period)

    def _written(self) -> Iterator[tuple[str, str]]:
        for number in "12":
            kind, value = (getattr(self, f"usage_limit_{part}{number}") for part in ("type", "value"))
            if (kind is None) != (value is None):
                raise ValueError(f"usageLimitType{number} and usageLimitValue{number} come together")
        written = dict(super()._written())
        yield from (written | self._counts()).items()

    def _counts(self) -> dict[str, str]:
        """A count is a whole number, and written as one."""
        counts = {
            n: getattr(self, f"usage_limit_value{n}") for n in "12" if getattr(self, f"usage_limit_type{n}") == "Count"
        }
        return {f"usageLimitValue{n}": _count(f"usageLimitValue{n}", value) for n, value in counts.items()}


def _count(name: str, value: Price) -> str:
    count = values.exact(value)
    if count != int(count) or count < 1:
        raise ValueError(f"{name} is {count}: a count is a whole number from 1 on")
    return str(int(count))


@dataclass(frozen=True, kw_only=True)
class SingleUse(_Shipping, _Paying, _Referring):
    """The wish for a token that pays once, within three hours (*Single-Use Pipeline*)."""

    pipeline: ClassVar[str] = "SingleUse"

    #: What the token may pay at most.
    transaction_amount: Price = _asks(_price, ...)
    #: Another's account is paid: its token from :class:`Recipient`.
    recipient_token: str | None = _asks(_text)
    is_recipient_cobranding: bool | None = _asks(_flag)
    #: The token is for Reserve and Settle instead of Pay.
    reserve: bool | None = _asks(_flag)
    #: The parts of the amount, down to ``tax``, are shown and bind nobody.
    item_total: Price | None = _asks(_price)
    shipping: Price | None = _asks(_price)
    handling: Price | None = _asks(_price)
    gift_wrapping: Price | None = _asks(_price)
    discount: Price | None = _asks(_price)
    tax: Price | None = _asks(_price)
    #: Neither this nor the next was ever documented; live shops sent them.
    collect_email_address: bool | None = _asks(_flag)
    disable_guest: bool | None = _asks(_flag)


@dataclass(frozen=True, kw_only=True)
class MultiUse(_Limited, _Lasting, _Shipping, _Paying, _Referring):
    """The wish for a token that pays again and again up to a sum (*Multi-Use Pipeline*)."""

    pipeline: ClassVar[str] = "MultiUse"

    #: What all payments together may come to.
    global_amount_limit: Price = _asks(_price, ...)
    #: Of each payment; how it binds says ``amount_type``.
    transaction_amount: Price | None = _asks(_price)
    #: One of :data:`AMOUNT_TYPES`; FPS takes none for ``Exact``.
    amount_type: str | None = _asks(_one_of(*AMOUNT_TYPES))
    #: The accounts that may be paid: their tokens from :class:`Recipient`.
    recipient_token_list: Iterable[str] | None = _asks(_tokens)
    #: Takes a ``recipient_token_list``.
    is_recipient_cobranding: bool | None = _asks(_flag)

    def _written(self) -> Iterator[tuple[str, str]]:
        if self.is_recipient_cobranding and self.recipient_token_list is None:
            raise ValueError("isRecipientCobranding needs a recipientTokenList: whose brand is to be shown?")
        yield from super()._written()


@dataclass(frozen=True, kw_only=True)
class Recurring(_Lasting, _Shipping, _Paying, _Referring):
    """The wish for a token that pays the same amount once in each period (*Recurring-Use Pipeline*)."""

    pipeline: ClassVar[str] = "Recurring"

    transaction_amount: Price = _asks(_price, ...)
    #: ``1 Month``, ``7 Days``.
    recurring_period: str = _asks(_period, ...)
    recipient_token: str | None = _asks(_text)
    is_recipient_cobranding: bool | None = _asks(_flag)


@dataclass(frozen=True, kw_only=True)
class Recipient(_Lasting, _Referring):
    """The wish that another's account may be paid through the caller, on terms (*Recipient Pipeline*)."""

    pipeline: ClassVar[str] = "Recipient"

    #: Who bears FPS's fee: the recipient, or the caller.
    recipient_pays_fee: bool = _asks(_flag, ...)
    #: The most that the caller keeps of each payment, in dollars and as a percentage.
    max_fixed_fee: Price = _asks(_price, ...)
    max_variable_fee: Price = _asks(_percentage, ...)
    payment_method: Iterable[str] | None = _asks(_methods)
    #: Of the refund token; of 2007 only.
    caller_reference_refund: str | None = _asks(_reference)


@dataclass(frozen=True, kw_only=True)
class SetupPrepaid(_Lasting, _Shipping, _Paying):
    """The wish for an instrument that is filled first and spent later (*Prepaid Pipeline*)."""

    pipeline: ClassVar[str] = "SetupPrepaid"

    #: Names the token that spends.
    caller_reference_sender: str = _asks(_reference, ...)
    #: Names the token that fills.
    caller_reference_funding: str = _asks(_reference, ...)
    #: What the instrument may hold at most.
    funding_amount: Price = _asks(_price, ...)


@dataclass(frozen=True, kw_only=True)
class SetupPostpaid(_Limited, _Lasting, _Shipping, _Paying):
    """The wish for an instrument that is spent first and settled later (*Postpaid Pipeline*)."""

    pipeline: ClassVar[str] = "SetupPostpaid"

    #: Names the token that spends.
    caller_reference_sender: str = _asks(_reference, ...)
    #: Names the token that settles the debt.
    caller_reference_settlement: str = _asks(_reference, ...)
    #: The most that may be owed at a time.
    credit_limit: Price = _asks(_price, ...)
    #: The most that may be spent, and settled, in all.
    global_amount_limit: Price = _asks(_price, ...)


@dataclass(frozen=True, kw_only=True)
class EditToken(_Referring):
    """The wish that a buyer pays by another method from now on, by the token he gave (*Edit Token Pipeline*)."""

    pipeline: ClassVar[str] = "EditToken"

    #: Of a multi-use or recurring token. As the guide spells it; Amazon's own samples wrote ``tokenId``.
    token_id: str = _asks(_reference, ..., "tokenID")
    payment_method: Iterable[str] | None = _asks(_methods)


#: Every pipeline's request by ``pipelineName``.
PIPELINES: dict[str, type[Request]] = {
    request.pipeline: request
    for request in (SingleUse, MultiUse, Recurring, Recipient, SetupPrepaid, SetupPostpaid, EditToken)
}
#: Read of every request, whatever its pipeline.
_EVERYWHERE = frozenset({"pipelineName", "version", "signature"})


def taken(pipeline: str, params: Mapping[str, str]) -> dict[str, str]:
    """Of a request's parameters those that its pipeline has, in either spelling; FPS ignored all others."""
    names = PIPELINES[pipeline].names() | _EVERYWHERE | ({"tokenId"} if pipeline == EditToken.pipeline else set())
    return {name: value for name, value in params.items() if name in names}
