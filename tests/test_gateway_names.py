"""Every row of the ledger says by a gateway's name who moved the money: so it has one that can be kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_fps import FPS
from flask_fps.errors import SetupError
from tests.apps import Shop


@pytest.mark.parametrize("name", ["n" * 65, "", "two\nlines", None])
def test_a_name_that_cannot_be_kept_is_refused(tmp_path: Path, name: Any) -> None:
    def rename(shop: Shop) -> None:
        shop.gateway.name = name

    with pytest.raises(SetupError, match=r"FPS_GATEWAY 'scripted'.*a text of 1 to 64 printable characters"):
        Shop(tmp_path, before=rename)


def test_the_longest_is_kept(tmp_path: Path) -> None:
    def rename(shop: Shop) -> None:
        shop.gateway.name = "n" * 64

    shop = Shop(tmp_path, before=rename)
    assert shop.buy(shop.client()).gateway == "n" * 64
    shop.close()


@pytest.mark.parametrize("made", [None, "a gateway", object()])
def test_a_factory_that_makes_no_gateway_is_named(tmp_path: Path, made: Any) -> None:
    app = Flask("shop", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="tests", FPS_GATEWAY="mine")

    with pytest.raises(SetupError, match="the factory that FPS_GATEWAY 'mine' names returned .*, which is no gateway"):
        FPS(app, gateways={"mine": lambda *_: made})
