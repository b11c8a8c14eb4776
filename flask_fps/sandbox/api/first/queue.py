"""The queue of results, and the subscription that stands in its place (API version 2007-01-08)."""

from __future__ import annotations

from ....protocol.dialects.v2007_01_08 import messages
from ....protocol.dialects.v2007_01_08 import results
from ...bank.errors import invalid_params
from ...bank.results import MOST
from ...bank.web import is_web_address
from ..actions import Asker


def get_results(asker: Asker, message: messages.GetResults) -> results.GetResultsResult:
    """Those that are wanted, and how many there are to discard, wanted or not."""
    waiting = asker.bank.results.waiting(asker.account.email)
    wanted = [one for one in waiting if message.operation in (None, one.operation)]
    return results.GetResultsResult(
        transaction_results=tuple(
            results.TransactionResult(
                transaction_id=one.transaction_id,
                operation=one.operation,
                caller_reference=one.caller_reference,
                status=one.status,
            )
            for one in wanted[: message.max_results_count or MOST]
        ),
        number_pending=len(waiting),
    )


def discard_results(asker: Asker, message: messages.DiscardResults) -> results.DiscardResultsResult:
    return results.DiscardResultsResult(asker.bank.results.discard(asker.account.email, message.transaction_ids))


def subscribe(asker: Asker, message: messages.SubscribeForCallerNotification) -> None:
    url = message.web_service_api_url
    if not is_web_address(url, "https"):
        raise invalid_params(f"webServiceAPIURL has to be an https URL. Specified value: {url:.1024}")
    asker.bank.results.subscribe(asker.account.email, message.notification_operation_name, url)


def unsubscribe(asker: Asker, message: messages.UnSubscribeForCallerNotification) -> None:
    asker.bank.results.unsubscribe(asker.account.email, message.notification_operation_name)
