from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy import inspect
from sqlalchemy import text
from sqlalchemy.orm import Session

from flask_fps.ledger import home_of


def test_a_database_of_our_own_makes_its_tables_itself(tmp_path: Path) -> None:
    home = home_of(None, f"sqlite:///{tmp_path / 'ledger.sqlite'}", nullcontext)
    assert not list(tmp_path.iterdir())  # nothing before it is needed

    assert inspect(home.engine()).has_table("fps_payments")
    assert home.engine() is home.engine()
    assert (home.own, home.session, home.has_open_write()) == (True, None, False)
    home.engine().dispose()


def test_behind_a_shops_engine_nothing_is_made_unasked(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.sqlite'}")
    home = home_of(engine, "", nullcontext)

    assert home.engine() is engine
    assert not inspect(engine).has_table("fps_payments")
    home.upgrade()
    assert inspect(engine).has_table("fps_payments")
    assert home.session is not None
    with home.session() as session:
        assert isinstance(session, Session)
        assert session.get_bind() is engine
    engine.dispose()


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")
@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?cache=shared&uri=true",
        "sqlite:///file:shop?mode=memory&cache=shared&uri=true",
    ],
)
def test_what_a_crash_would_lose_is_refused_with_the_fix(url: str) -> None:
    with pytest.raises(RuntimeError, match="in-memory SQLite database does not: use a file, for example"):
        home_of(create_engine(url), "", nullcontext).engine()
    with pytest.raises(RuntimeError, match="use a file"):
        home_of(None, url, nullcontext).engine()


def test_a_folder_that_cannot_be_made_is_named_with_the_key(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = r"the ledger's folder .*/file/deeper cannot be made \(Not a directory\): .*set FPS_DATABASE_URI to a place"
    with pytest.raises(RuntimeError, match=said):
        home_of(None, f"sqlite:///{tmp_path}/file/deeper/fps.sqlite", nullcontext).engine()


def test_a_db_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="takes the shop's Flask-SQLAlchemy object or a SQLAlchemy Engine, not str"):
        home_of("sqlite:///shop.sqlite", "", nullcontext)


def test_an_open_that_failed_is_tried_again(tmp_path: Path) -> None:
    home = home_of(None, f"sqlite:///{tmp_path / 'ledger.sqlite'}", nullcontext)
    (tmp_path / "ledger.sqlite").mkdir()
    with pytest.raises(Exception, match="unable to open"):
        home.engine()
    (tmp_path / "ledger.sqlite").rmdir()

    with home.engine().connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM fps_payments")).scalar() == 0
    home.engine().dispose()


class ShopDb:
    """What of a Flask-SQLAlchemy object counts."""

    def __init__(self, session: Any) -> None:
        self.engine = session.get_bind()
        self.session = lambda: session

    def init_app(self) -> None: ...


def test_an_open_write_of_the_shops_is_seen(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.sqlite'}")
    with Session(engine) as session:
        session.execute(text("CREATE TABLE things (id INTEGER)"))
        session.commit()
        home = home_of(ShopDb(session), "", nullcontext)

        assert not home.has_open_write()
        session.execute(text("SELECT * FROM things"))
        assert not home.has_open_write()
        session.execute(text("INSERT INTO things VALUES (1)"))
        assert home.has_open_write()
        session.commit()
        assert not home.has_open_write()
    engine.dispose()
