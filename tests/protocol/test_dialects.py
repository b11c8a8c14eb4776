from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_fps.protocol import dialects
from flask_fps.protocol import signing
from flask_fps.protocol.messages import Pay

V2008 = dialects.dialect("2008-09-17")
V2010 = dialects.dialect("2010-08-28")


def test_each_date_is_served_in_the_newest_version_that_is_not_later() -> None:
    wanted = {"2010-08-28": V2010, "2011-09-20": V2010, "2009-01-09": V2008, "2008-09-17": V2008}
    assert {date: dialects.served(date) for date in wanted} == wanted
    assert dialects.served("2006-12-31") is None


def test_a_version_that_never_was_is_told_with_those_that_were() -> None:
    with pytest.raises(ValueError, match="2008-09-17, 2010-08-28"):
        dialects.dialect("2009-01-09")


def test_clients_sign_by_the_newest_signature_of_their_version() -> None:
    sent = V2008.signed("POST", "http://127.0.0.1/", {"Action": "Pay"}, "secret")
    assert (sent["SignatureVersion"], sent["SignatureMethod"]) == ("2", "HmacSHA256")
    unsigned = {name: value for name, value in sent.items() if name != "Signature"}
    assert sent["Signature"] == signing.sign("POST", "http://127.0.0.1/", unsigned, "secret")


def test_the_parameters_of_a_version() -> None:
    assert V2010.accepts(Pay, "OverrideIPNURL")
    assert not V2008.accepts(Pay, "OverrideIPNURL")
    assert V2008.accepts(Pay, "SenderTokenId")


def _compared(tree: ast.AST) -> Iterator[str]:
    """Every name and text that something is compared with."""
    for node in ast.walk(tree):
        for side in (node.left, *node.comparators) if isinstance(node, ast.Compare) else ():
            yield from (str(each.value) for each in ast.walk(side) if isinstance(each, ast.Constant))
            yield from (each.id for each in ast.walk(side) if isinstance(each, ast.Name))
            yield from (each.attr for each in ast.walk(side) if isinstance(each, ast.Attribute))


def test_nobody_but_the_dialects_compares_versions() -> None:
    package = Path(dialects.__file__).parents[2]
    versions = {*dialects.DIALECTS, *(f"V{version.replace('-', '_')}" for version in dialects.DIALECTS), "api_version"}
    asking = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if versions & set(_compared(ast.parse(path.read_text("utf-8"))))
    }
    assert {path for path in asking if not path.startswith("protocol/dialects/")} == set()
