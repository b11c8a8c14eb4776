"""The signed URL that sends a buyer to the co-branded pages (CBUI, version 2009-01-09).

::

    cbui = CBUI(endpoints.CBUI_SANDBOX, access_key, secret_key)
    url = cbui.single_use(
        caller_reference="DigitalDownload1177495829105",
        return_url="https://shop.example/return",
        transaction_amount="0.10",
        payment_reason="Now and Forever - Richard Marx",
    )

The other pipelines take their own request: ``cbui.url(MultiUse(global_amount_limit="50.00", …))``.

FPS developer guide, *Generic Parameters*.
"""

from __future__ import annotations

from . import query
from . import signing
from .outbound import AWS_SIGNATURE
from .pipelines import EditToken as EditToken
from .pipelines import MultiUse as MultiUse
from .pipelines import PAYMENT_METHODS as PAYMENT_METHODS
from .pipelines import Price
from .pipelines import Recipient as Recipient
from .pipelines import Recurring as Recurring
from .pipelines import Request
from .pipelines import SetupPostpaid as SetupPostpaid
from .pipelines import SetupPrepaid as SetupPrepaid
from .pipelines import SingleUse as SingleUse

VERSION = "2009-01-09"


class CBUI:
    """Makes signed URLs for one caller.

    :param endpoint: where the co-branded pages are, without a query.
    :param signature_version: ``2``, or ``1`` for a service of 2009 that knows nothing else, or ``awsSignature`` for
        one of 2007, which knows no version of these pages either.
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
        if signature_version not in ("1", "2", AWS_SIGNATURE):
            raise ValueError(
                f"signature version {signature_version!r} does not exist: use '2', or '1' or 'awsSignature' for old "
                "services"
            )
        self.endpoint = endpoint
        self.access_key = access_key
        self._secret_key = secret_key
        self._version = signature_version
        self._algorithm = algorithm

    def url(self, request: Request) -> str:
        """The signed URL of this request: send the buyer's browser there."""
        params = {"callerKey": self.access_key, "pipelineName": request.pipeline} | self._pages() | request.parameters()
        return query.append(self.endpoint, self._signed(params))

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

    def _pages(self) -> dict[str, str]:
        """The version of the pages, which is what tells them from those of 2007."""
        return {} if self._version == AWS_SIGNATURE else {"version": VERSION}

    def _signed(self, params: dict[str, str]) -> dict[str, str]:
        if self._version == AWS_SIGNATURE:
            return params | {AWS_SIGNATURE: signing.sign_url_form(self.endpoint, params, self._secret_key)}
        if self._version == "1":
            return params | {"signature": signing.sign_v1(params, self._secret_key)}
        params = params | {"signatureVersion": "2", "signatureMethod": self._algorithm}
        return params | {"signature": signing.sign("GET", self.endpoint, params, self._secret_key, self._algorithm)}
