"""Every text that buyers and operators read: ``python -m tests.words`` writes them into ``flask_fps/messages.pot``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.messages.pofile import write_po

import flask_fps
from flask_fps.admin import STALE
from flask_fps.admin.words import DECIDED
from flask_fps.admin.words import NAMES
from flask_fps.words import METHODS

PACKAGE = Path(flask_fps.__file__).parent
POT = PACKAGE / "messages.pot"
#: What is called with texts, and which of its arguments are.
CALLS = {"say": slice(0, 1), "message_page": slice(0, 2), "Text": slice(1, 3), "Unreachable": slice(0, 1)}
#: Texts that are looked up by what they are about.
TABLES = {*METHODS.values(), *DECIDED.values(), *NAMES, STALE}


def spoken() -> set[str]:
    """Every text in the code and the templates of the extension."""
    modules = [each for folder in ("", "admin", "gateways") for each in (PACKAGE / folder).glob("*.py")]
    templates = (PACKAGE / "templates" / "flask_fps").rglob("*.html")
    in_code = {text for each in modules for text in _in_code(each)}
    return TABLES | in_code | {text for each in templates for text in in_template(each)}


def in_template(template: Path) -> Iterator[str]:
    """The texts of one template that are looked up, each where it stands."""
    return (found[1] for found in re.finditer(r'"([^"{}]+)"\|fps_say', template.read_text("utf-8")))


def _in_code(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if isinstance(node, ast.Call) and name in CALLS:
            texts = [*node.args[CALLS[name]], *(each.value for each in node.keywords if each.arg == "action_label")]
            yield from (text.value for text in texts if isinstance(text, ast.Constant) and isinstance(text.value, str))


def listed() -> set[str]:
    """Every text in the file that shops translate."""
    with POT.open("rb") as file:
        return {str(message.id) for message in read_po(file) if message.id}


def write() -> None:
    catalog = Catalog(project="Flask-FPS", charset="utf-8")
    for text in sorted(spoken()):
        catalog.add(text, flags=["python-format"] if "%(" in text else [])
    with POT.open("wb") as file:
        write_po(file, catalog, width=120, omit_header=True, sort_output=True)


if __name__ == "__main__":
    write()
