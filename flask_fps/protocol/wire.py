"""XML answers and errors of the FPS API, parsed and rendered: the only module that touches XML.

Parsing is strict, because an answer moves an order: the exact namespace, the exact path, each single
element once, no comment or CDATA that could split a value, no document type at all. Whatever is not
exactly an answer means that the outcome is unknown, never that it was a "no".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import NoneType
from typing import Any
from typing import Generic
from typing import NoReturn
from typing import TypeVar
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import ParseError
from xml.etree.ElementTree import TreeBuilder
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from ..errors import OutcomeUnknown
from ..errors import ServiceError
from . import codes
from . import schema
from .messages import Message

R = TypeVar("R")

DECLARATION = '<?xml version="1.0"?>\n'
#: Deeper than any answer of FPS.
DEEPEST = 12

_CODE = re.compile(r"[A-Za-z0-9_.:]{1,128}", re.ASCII)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Answer(Generic[R]):
    """A successful answer."""

    result: R
    request_id: str


def namespace(version: str) -> str:
    """The XML namespace of an API version."""
    return f"http://fps.amazonaws.com/doc/{version}/"


# ------------------------------------------------------------------------------------ parsing


def parse_answer(body: bytes, message: type[Message[R]], version: str) -> Answer[R]:
    """Read the answer to a request of this kind.

    :raises ServiceError: if it is an error document, whatever status it came with.
    :raises OutcomeUnknown: if it is anything but exactly such an answer.
    """
    with understood(message.action):
        root = document(body)
        if (error := error_of(root, 200)) is not None:
            raise error
        return _answer(root, message, namespace(version))


def parse_error(body: bytes, http_status: int) -> ServiceError | None:
    """Read an error document, in the form of the live service or in that of its WSDL; ``None`` if it is none."""
    try:
        return error_of(document(body), http_status)
    except Unreadable:
        return None


class Unreadable(Exception):
    """Not a document that FPS would send."""


@contextmanager
def understood(action: str) -> Iterator[None]:
    """Within, whatever is unreadable is an answer that tells nothing.

    :raises OutcomeUnknown: in place of :class:`Unreadable`.
    """
    try:
        yield
    except Unreadable as problem:
        raise OutcomeUnknown(f"unreadable answer to {action}: {problem}") from problem


class _Strict(TreeBuilder):
    """Builds a tree of plain elements and refuses all that could hide something from the reader."""

    depth = 0

    def start(self, tag: Any, attrs: Any) -> Element:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("it is nested too deep")
        if attrs:
            raise Unreadable("it has attributes")
        return super().start(tag, attrs)

    def end(self, tag: Any) -> Element:
        self.depth -= 1
        return super().end(tag)

    def comment(self, text: Any) -> NoReturn:
        raise Unreadable("it has a comment")

    def pi(self, target: Any, text: Any = None) -> NoReturn:
        raise Unreadable("it has a processing instruction")


def document(body: bytes) -> Element:
    """The root of a document that hides nothing.

    :raises Unreadable: for any other text.
    """
    if not body.startswith(b"<") or b"\0" in body:
        raise Unreadable("it is not XML in UTF-8")
    parser = DefusedXMLParser(target=_Strict(), encoding="utf-8", forbid_dtd=True)
    parser.parser.StartCdataSectionHandler = _refuse_cdata
    try:
        parser.feed(body)
        root = parser.close()
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Unreadable("it is not well-formed XML") from error
    assert isinstance(root, Element)
    return root


def _refuse_cdata() -> NoReturn:
    raise Unreadable("it has a CDATA section")


def _answer(root: Element, message: type[Message[R]], space: str) -> Answer[R]:
    ns = f"{{{space}}}"
    check_root(root, f"{ns}{message.action}Response")
    if any(element.tag.rpartition("}")[2] in ("Errors", "Error", "Fault") for element in root.iter()):
        raise Unreadable("it holds an error")
    request_id = text_of(only(only(root, f"{ns}ResponseMetadata"), f"{ns}RequestId"))
    result: Any = None
    if message.result is not NoneType:
        result = read(only(root, f"{ns}{message.action}Result"), message.result, lambda name: ns + name)
    return Answer(result, request_id)


def check_root(root: Element, tag: str) -> None:
    """:raises Unreadable: if the document is another one."""
    if root.tag != tag:
        raise Unreadable(f"its root is {root.tag:.80}")
    _no_text(root)


def read(element: Element, cls: type, spell: Callable[[str], str]) -> Any:
    """The declared dataclass that an element holds.

    :param spell: the tag of a field's wire name.
    :raises Unreadable: if it holds none.
    """
    _no_text(element)
    given = {}
    for part in schema.parts(cls):
        found = element.findall(spell(part.name))
        if part.many:
            given[part.attribute] = tuple(_value(each, part, spell) for each in found)
        elif found or part.required:
            given[part.attribute] = _value(only(element, spell(part.name)), part, spell)
    return cls(**given)


def _value(element: Element, part: schema.Part, spell: Callable[[str], str]) -> Any:
    if part.nested:
        return read(element, part.kind, spell)
    text = text_of(element)
    if part.required and not text:
        raise Unreadable(f"{part.name} is empty")
    try:
        return schema.LEAVES[part.kind].read(text)
    except ValueError as error:
        raise Unreadable(f"{part.name}: {error}") from error


def only(parent: Element, tag: str) -> Element:
    """The one child of this tag.

    :raises Unreadable: if there is none, or more.
    """
    found = parent.findall(tag)
    if len(found) != 1:
        raise Unreadable(f"{len(found)} elements {tag.rpartition('}')[2]} where one belongs")
    return found[0]


def text_of(element: Element) -> str:
    """What a leaf says.

    :raises Unreadable: if it is none.
    """
    if len(element):
        raise Unreadable(f"elements inside {element.tag.rpartition('}')[2]}")
    return element.text or ""


def _no_text(element: Element) -> None:
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        raise Unreadable(f"text between the elements of {element.tag.rpartition('}')[2]}")


def error_of(root: Element, http_status: int) -> ServiceError | None:
    """The error that a document tells, if it is an error document."""
    try:
        first, request_id = _error_parts(root)
        code = code_of(only(first, f"{_space(first)}Code"))
        message = text_of(only(first, f"{_space(first)}Message"))
    except Unreadable:
        return None
    return ServiceError(code, message, request_id=request_id, http_status=http_status, retryable=codes.retryable(code))


def code_of(element: Element) -> str:
    """An error's code.

    :raises Unreadable: if it is none.
    """
    code = text_of(element)
    if not _CODE.fullmatch(code):
        raise Unreadable("an error code is none")
    return code


def _error_parts(root: Element) -> tuple[Element, str | None]:
    """The first error and the request id: ``Response/Errors/Error`` live, ``ErrorResponse/Error`` by the WSDL."""
    if root.tag == "Response":
        errors, request_id = only(root, "Errors").find("Error"), root.findtext("RequestID")
    elif root.tag.rpartition("}")[2] == "ErrorResponse":
        errors, request_id = root.find(f"{_space(root)}Error"), root.findtext(f"{_space(root)}RequestId")
    else:
        errors, request_id = None, None
    if errors is None:
        raise Unreadable("it is no error document")
    return errors, request_id


def _space(element: Element) -> str:
    space, brace, _ = element.tag.rpartition("}")
    return space + brace


# ------------------------------------------------------------------------------------ rendering


def render_answer(action: str, result: object | None, version: str, request_id: str) -> bytes:
    """The answer as FPS sent it: one line, schema order, no blank between tags (old clients count on it)."""
    held = "" if result is None else tag(f"{action}Result", "".join(elements(result)))
    metadata = tag("ResponseMetadata", leaf("RequestId", request_id))
    document = f'<{action}Response xmlns="{namespace(version)}">{held}{metadata}</{action}Response>'
    return (DECLARATION + document).encode()


def render_error(code: str, message: str, request_id: str) -> bytes:
    """The error as FPS sent it: no namespace, compact (two official SDKs read it by regular expression).

    The message is one line, whatever value it quotes: those expressions end with the line.
    """
    error = tag("Error", leaf("Code", code) + leaf("Message", " ".join(message.splitlines())))
    document = tag("Response", tag("Errors", error) + leaf("RequestID", request_id))
    return (DECLARATION + document).encode()


def elements(result: object, spell: Callable[[str], str] = str) -> Iterator[str]:
    """The fields of a declared dataclass as XML, in the order of the schema; ``spell`` as in :func:`read`."""
    for part in schema.parts(type(result)):
        value = getattr(result, part.attribute)
        for each in value if part.many else (value,):
            if each is not None:
                yield (
                    tag(spell(part.name), "".join(elements(each, spell)))
                    if part.nested
                    else leaf(spell(part.name), schema.LEAVES[part.kind].element(each))
                )


def tag(name: str, content: str) -> str:
    """An element around what is XML already."""
    return f"<{name}>{content}</{name}>"


def leaf(name: str, text: str) -> str:
    """An element around text."""
    return tag(name, escape(_NOT_XML.sub("\ufffd", text), {"\r": "&#13;"}))
