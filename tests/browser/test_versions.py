"""The story once more, as people live it, where the shop speaks the older versions of the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.people import Shop
from tests.browser.people import Visitor
from tests.browser.test_story import bought
from tests.browser.test_story import SONG

pytestmark = pytest.mark.browser


@pytest.fixture(params=["2008-09-17", "2007-01-08"])
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"FPS_API_VERSION": request.param}


@pytest.fixture
def ready(shop: Shop, settings: dict[str, Any]) -> Shop:
    """The first version wants tokens of the shop's own."""
    if settings["FPS_API_VERSION"] == "2007-01-08":
        assert shop.cli("tokens", "install").count("installed") == 2
    return shop


def test_john_pays_from_his_balance_and_downloads(
    ready: Shop, visitor: Visitor, ledger: Callable[[], list[dict[str, Any]]]
) -> None:
    visitor.want(SONG)
    visitor.sign_in_to_pay("john")
    visitor.choose("ABT")
    assert "$0.10" in visitor.text
    visitor.confirm()
    bought(visitor)
    (transaction,) = ledger()
    assert (transaction["status"], transaction["recipient"]) == ("Success", "seller@digitaldownload.example")
    (payment,) = json.loads(ready.cli("list", "--json"))
    assert (payment["state"], payment["transaction_id"]) == ("paid", transaction["transactionId"])


def test_jane_s_card_is_asked_about(ready: Shop, visitor: Visitor, fps_sandbox: Any) -> None:
    visitor.want(SONG)
    visitor.sign_in_to_pay("jane")
    visitor.confirm()
    assert visitor.at_shop()
    fps_sandbox.settle()
    ready.cli("reconcile", "--all")
    visitor.page.reload()
    bought(visitor)
