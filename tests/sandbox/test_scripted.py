"""Error codes that only the fault script gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from flask_fps.protocol.codes import CODES
from flask_fps.protocol.codes import FIRST
from flask_fps.sandbox.kinds import SCRIPTED
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.caller import Caller

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("code", sorted(CODES))
def test_any_code_can_be_scripted(server: SandboxServer, caller: Caller, code: str) -> None:
    server.faults.add("GetAccountBalance", "decline", code=code)
    answer = caller.call("GetAccountBalance")
    assert answer.error == code
    assert answer.status == {"InternalError": 500, "InternalServerError": 500, "ServiceUnavailable": 503}.get(
        code, 403 if code in ("AuthFailure", "InvalidClientTokenId", "SignatureDoesNotMatch") else 400
    )


def test_those_that_nothing_else_gives_are_listed() -> None:
    page = (ROOT / "docs" / "sandbox.rst").read_text()
    listed = page.partition("are given by the fault ``decline`` alone:")[2].partition(".\n")[0]
    assert {word.strip("`") for word in listed.replace(",", " ").replace(" and ", " ").split()} == SCRIPTED
    assert set(CODES) > SCRIPTED


def test_all_others_are_somebody_s_refusal() -> None:
    """By its whole name, or by its stem where the role is filled in; what 2007-01-08 alone had is not asked for."""
    source = "".join(path.read_text() for path in (ROOT / "flask_fps" / "sandbox").rglob("*.py"))
    stems = {code: code.partition("_")[0] + "_" for code in CODES if "_" in code}
    silent = {
        code
        for code in set(CODES) - set(FIRST) - SCRIPTED
        if f'"{code}"' not in source and not (code in stems and f'"{stems[code]}' in source)
    }
    assert silent == set()
