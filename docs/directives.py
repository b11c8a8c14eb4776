"""Directives of our own: what is generated from the code whenever the documentation is built."""

from __future__ import annotations

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx

from docs import commands
from docs import drawing
from flask_fps.cli import fps
from flask_fps.ledger.moves import MOVES


class Drawing(Directive):
    """``.. drawing:: states`` or ``dance``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        drawn = getattr(drawing, self.arguments[0])()
        _made_anew(self)
        return [nodes.raw("", f'<figure class="drawing">{drawn}</figure>', format="html")]


class Moves(Directive):
    """``.. moves::``, the move table in words."""

    def run(self) -> list[nodes.Node]:
        rule = f"{'=' * 14} {'=' * 100}"
        lines = [rule, "from           to", rule]
        for origin, targets in MOVES.items():
            to = ", ".join(f"``{target}``" for target in MOVES if target in targets) or "nowhere: it is final"
            lines.append(f"``{origin}``".ljust(15) + to)
        return _parsed(self, [*lines, rule])


class Commands(Directive):
    """``.. commands::``, every command with its options, as ``--help`` tells them."""

    def run(self) -> list[nodes.Node]:
        return _parsed(self, list(commands.described(fps, "flask fps")))


def _made_anew(directive: Directive) -> None:
    """What the code says may have changed although the page has not."""
    directive.state.document.settings.env.note_reread()


def _parsed(directive: Directive, lines: list[str]) -> list[nodes.Node]:
    _made_anew(directive)
    section = nodes.section()
    section.document = directive.state.document
    directive.state.nested_parse(StringList(lines, "generated"), 0, section, match_titles=True)
    return section.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive("drawing", Drawing)
    app.add_directive("moves", Moves)
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True}
