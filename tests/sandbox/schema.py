"""The schema that Amazon's own clients were generated from, and what they would stumble over in an answer.

C#'s ``XmlSerializer`` fails on a value that is not in an enumeration, Java's JAXB silently loses it; both lose a child
of another name or namespace. ``tests/data/schema/answers.txt`` has the facts, for 2008-09-17 and 2010-08-28.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from flask import Request
from flask import request
from flask import Response

NAMESPACE = re.compile(r'<\w+Response xmlns="http://fps\.amazonaws\.com/doc/(?:2008-09-17|2010-08-28)/">')
_FACTS = ConfigParser(delimiters=(":",), comment_prefixes=("#",), interpolation=None)
_FACTS.optionxform = str  # type: ignore[assignment,method-assign]
_FACTS.read(Path(__file__).parent.parent / "data" / "schema" / "answers.txt", "utf-8")
_SIMPLE: dict[str, Callable[[str], object]] = {
    "string": lambda text: True,
    "int": re.compile(r"-?\d+", re.ASCII).fullmatch,
    "dateTime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII).fullmatch,
}


class Child(NamedTuple):
    """One child of a type."""

    name: str
    kind: str
    #: A quantifier of regular expressions, or an empty text for exactly one.
    times: str


class Reader:
    """Reads every answer that a sandbox gives, as a client of Amazon's would."""

    def __init__(self) -> None:
        self._troubles: list[str] = []

    def look(self, response: Response) -> Response:
        """A hook for ``after_request``."""
        if _is_an_answer(request, response):
            self._troubles += troubles(response.get_data(as_text=True))
        return response

    def check(self) -> None:
        assert not self._troubles, "Amazon's clients cannot read this: " + "; ".join(self._troubles)


def troubles(answer: str) -> list[str]:
    """What a client that knows the schema alone would lose or refuse."""
    root = ElementTree.fromstring(answer)
    action = _split(root)[1].removesuffix("Response")
    metadata = Child("ResponseMetadata", "ResponseMetadata", "")
    if not _FACTS["results"][action]:
        return list(_within(root, [metadata], action))
    result = Child(f"{action}Result", action, "?")
    return list(_within(root, [result, metadata], action))


def _within(element: Element, children: list[Child], path: str) -> Iterator[str]:
    names = [_split(child)[1] for child in element]
    order = "".join(f"(?:{child.name} ){child.times}" for child in children)
    if not re.fullmatch(order, "".join(f"{name} " for name in names)):
        yield f"{path} has {names} for {[child.name + child.times for child in children]}"
    kinds = {child.name: child.kind for child in children}
    for child in element:
        namespace, name = _split(child)
        if namespace != _split(element)[0]:
            yield f"{path}/{name} is in {namespace!r}"
        if name in kinds:
            yield from _of(child, kinds[name], f"{path}/{name}")


def _of(element: Element, kind: str, path: str) -> Iterator[str]:
    text = element.text or ""
    if kind in _SIMPLE:
        if len(element) or not _SIMPLE[kind](text):
            yield f"{path} is {text!r}, which is no {kind}"
    elif kind in _FACTS["enumerations"]:
        if text not in _FACTS["enumerations"][kind].split():
            yield f"{path} is {text!r}, which is no {kind}"
    else:
        section = "types" if kind in _FACTS["types"] else "results"
        yield from _within(element, _children(_FACTS[section][kind]), path)


def _children(line: str) -> list[Child]:
    found = re.findall(r"(\w+):(\w+)([?*+]?)", line)
    return [Child(*one) for one in found]


def _split(element: Element) -> tuple[str, str]:
    namespace, _, name = element.tag.rpartition("}")
    return namespace.removeprefix("{"), name


def _is_an_answer(asked: Request, response: Response) -> bool:
    if asked.path != "/" or response.status_code != 200:
        return False
    return NAMESPACE.search(response.get_data(as_text=True)[:200]) is not None
