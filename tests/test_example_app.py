"""DigitalDownload, tested as any shop may test itself: with the fixtures of ``flask_fps.testing``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from example_app import create_app
from example_app import TRACKS
from example_app.catalogue import secret_key
from example_app.catalogue import TRACKS as TRACKS_FOR_SALE
from example_app.compose import TUNES
from example_app.models import db
from example_app.models import Sale
from example_app.models import Track

pytestmark = pytest.mark.story

SONG = "Now and Forever - Richard Marx"


@pytest.fixture
def app(fps_sandbox: Any, tmp_path: Path) -> Iterator[Flask]:
    database = f"sqlite:///{tmp_path / 'shop.sqlite'}"
    app = create_app({**fps_sandbox.config, "SECRET_KEY": "tests", "SQLALCHEMY_DATABASE_URI": database})
    app.config["WTF_CSRF_ENABLED"] = False
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def sales(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        return [(sale.title, sale.amount) for sale in db.session.scalars(db.select(Sale))]


def downloads(client: FlaskClient) -> bool:
    """Does this visitor get the song? If not, he is sent to pay."""
    with client.get("/download/1") as answer:
        assert answer.status_code in {200, 303}
        return answer.status_code == 200


def test_home_lists_every_track_with_its_download_link(app: Flask, client: FlaskClient) -> None:
    text = client.get("/").get_data(as_text=True)
    with app.app_context():
        tracks = db.session.scalars(db.select(Track)).all()
    assert len(tracks) == 5
    for track in tracks:
        assert track.title in text
        assert f'href="/download/{track.id}"' in text


def test_a_guest_buys_and_downloads(app: Flask, client: FlaskClient, fps_buyer: Any) -> None:
    page = fps_buyer.pay(client, client.get("/download/1"))
    assert page.status_code == 303
    with client.get("/download/1") as file:
        assert file.status_code == 200
        assert file.data == (TRACKS / "now-and-forever.mp3").read_bytes()
        assert SONG in file.headers["Content-Disposition"]
    assert sales(app) == [(SONG, "$0.10")]
    assert SONG in client.get("/purchases").get_data(as_text=True)


def test_all_the_music_at_once_and_then_only_the_rest(
    app: Flask, client: FlaskClient, fps_buyer: Any, fps_sandbox: Any
) -> None:
    def offer(client: FlaskClient) -> str:
        found = re.search(r'href="(/fps/start[^"]+)"[^>]*>(Buy [^<]+)<', client.get("/").get_data(as_text=True))
        assert found
        link, words[0] = found[1], found[2]
        return link

    words = [""]
    everything = offer(client)
    assert words == ["Buy all 4 for $2.83"]
    fps_buyer.pay(client, client.get("/download/2"))
    fps_buyer.pay(client, client.get(everything))
    assert [each["amount"] for each in fps_sandbox.ledger()["transactions"]] == ["0.25", "2.58"]
    assert len(sales(app)) == 4
    assert client.get("/").get_data(as_text=True).count(">Yours<") == 4
    text = client.get("/purchases").get_data(as_text=True)
    assert all(price in text for price in ("$0.10", "$0.25", "$0.99", "$1.49"))
    other = app.test_client()
    fps_buyer.pay(other, other.get("/download/1"))
    offer(other)
    assert words == ["Buy the other 3 for $2.73"]


def test_no_choice_of_tracks_adds_up_to_what_declines_a_card() -> None:
    prices = [cents for _, cents, _ in TRACKS_FOR_SALE if cents]
    sums = {sum(chosen) for number in range(1, len(prices) + 1) for chosen in combinations(prices, number)}
    assert not [cents for cents in sums if 60 <= cents % 100 <= 69]


def test_the_operators_pages_tell_others_who_may_see_them(client: FlaskClient) -> None:
    answer = client.get("/fps-admin/")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 403
    assert "ola@shop.example" in text
    assert 'href="/sign-in"' in text


def test_a_broken_download_goes_on_where_it_stopped(client: FlaskClient, fps_buyer: Any) -> None:
    fps_buyer.pay(client, client.get("/download/1"))
    with client.get("/download/1", headers={"Range": "bytes=1000-"}) as rest:
        assert rest.status_code == 206
        assert rest.data == (TRACKS / "now-and-forever.mp3").read_bytes()[1000:]


def test_another_visitor_has_bought_nothing(app: Flask, client: FlaskClient, fps_buyer: Any) -> None:
    fps_buyer.pay(client, client.get("/download/1"))
    other = app.test_client()
    assert not downloads(other)
    assert SONG not in other.get("/purchases").get_data(as_text=True)


def test_what_a_guest_bought_is_his_when_he_signs_in(app: Flask, client: FlaskClient, fps_buyer: Any) -> None:
    fps_buyer.pay(client, client.get("/download/1"))
    client.post("/sign-in", data={"email": "Ada@shop.example", "password": "ada"})
    assert SONG in client.get("/purchases").get_data(as_text=True)
    elsewhere = app.test_client()
    elsewhere.post("/sign-in", data={"email": "ada@shop.example", "password": "ada"})
    assert downloads(elsewhere)


def test_a_card_payment_that_pends_delivers_nothing_yet(
    app: Flask, client: FlaskClient, fps_sandbox: Any, fps_buyer: Any
) -> None:
    fps_buyer.pay(client, client.get("/download/1"), method="CC")
    assert not downloads(client)
    assert sales(app) == []
    fps_sandbox.settle()
    fps_buyer.notify(client)
    assert downloads(client)
    assert sales(app) == [(SONG, "$0.10")]


def test_a_slow_machine_settles_nothing(client: FlaskClient, fps_sandbox: Any, fps_buyer: Any) -> None:
    fps_buyer.pay(client, client.get("/download/1"), method="CC")
    with time_machine.travel(datetime.now(timezone.utc) + timedelta(minutes=5)):
        assert [each["status"] for each in fps_sandbox.ledger()["transactions"]] == ["Pending"]


def test_the_price_is_asked_when_the_link_is_opened(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        db.session.get_one(Track, 1).cents = 20
        db.session.commit()
    assert "Buy for $0.20" in client.get("/tracks/1").get_data(as_text=True)


def test_an_unknown_track_is_not_found(client: FlaskClient) -> None:
    for path in ("/download/99", "/tracks/99"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "no such page" in answer.get_data(as_text=True)


def test_a_wrong_password_says_so(client: FlaskClient) -> None:
    answer = client.post("/sign-in", data={"email": "ada@shop.example", "password": "eve"})
    assert "do not fit" in answer.get_data(as_text=True)
    assert "Sign out" not in client.get("/").get_data(as_text=True)


def test_signing_in_needs_the_form_of_this_shop(app: Flask, client: FlaskClient) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    client.post("/sign-in", data={"email": "ada@shop.example", "password": "ada"})
    assert "Sign out" not in client.get("/").get_data(as_text=True)


def test_a_second_factory_call_finds_the_shop_open(app: Flask, client: FlaskClient, fps_buyer: Any) -> None:
    again = create_app(
        {key: app.config[key] for key in app.config if key.startswith(("FPS_", "SECRET", "SQLALCHEMY_D"))}
    )
    fps_buyer.pay(client, client.get("/download/1"))
    assert sales(again) == [(SONG, "$0.10")]
    with again.app_context():
        db.engine.dispose()


def test_the_secret_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    app = Flask(__name__, instance_path=str(tmp_path / "instance"))
    first = secret_key(app)
    assert len(first) == 64 and secret_key(app) == first
    assert (tmp_path / "instance" / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", TUNES)
def test_every_track_is_a_playable_file_of_ten_seconds_or_so(name: str) -> None:
    data = (TRACKS / f"{name}.mp3").read_bytes()
    frames = 0
    position = 0
    while position < len(data):
        assert data[position] == 0xFF and data[position + 1] & 0xFE == 0xF2, "an MPEG 2 layer III frame starts here"
        padding = data[position + 2] >> 1 & 1
        assert data[position + 2] >> 4 == 4, "32 kbit/s"
        position += 72 * 32_000 // 22_050 + padding
        frames += 1
    assert position == len(data)
    assert 7 < frames * 576 / 22_050 < 20
