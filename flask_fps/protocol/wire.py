"""XML answers and errors of the FPS API, parsed and rendered: the only module that touches XML.

Parsing is strict, because an answer moves an order: the exact namespace, the exact path, each single
element once, no comment or CDATA that could split a value, no document type at all. Whatever is not
exactly an answer means that the outcome is unknown, never that it was a "no".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
    try:
        root = _root(body)
        if (error := _error(root, 200)) is not None:
            raise error
        return _answer(root, message, namespace(version))
    except _Unreadable as problem:
        raise OutcomeUnknown(f"unreadable answer to {message.action}: {problem}") from problem


def parse_error(body: bytes, http_status: int) -> ServiceError | None:
    """Read an error document, in the form of the live service or in that of its WSDL; ``None`` if it is none."""
    try:
        return _error(_root(body), http_status)
    except _Unreadable:
        return None


class _Unreadable(Exception):
    """Not a document that FPS would send."""


class _Strict(TreeBuilder):
    """Builds a tree of plain elements and refuses all that could hide something from the reader."""

    depth = 0

    def start(self, tag: Any, attrs: Any) -> Element:
        self.depth += 1
        if self.depth > DEEPEST:
            raise _Unreadable("it is nested too deep")
        if attrs:
            raise _Unreadable("it has attributes")
        return super().start(tag, attrs)

    def end(self, tag: Any) -> Element:
        self.depth -= 1
        return super().end(tag)

    def comment(self, text: Any) -> NoReturn:
        raise _Unreadable("it has a comment")

    def pi(self, target: Any, text: Any = None) -> NoReturn:
        raise _Unreadable("it has a processing instruction")


def _root(body: bytes) -> Element:
    if not body.startswith(b"<") or b"\0" in body:
        raise _Unreadable("it is not XML in UTF-8")
    parser = DefusedXMLParser(target=_Strict(), encoding="utf-8", forbid_dtd=True)
    parser.parser.StartCdataSectionHandler = _refuse_cdata
    try:
        parser.feed(body)
        root = parser.close()
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise _Unreadable("it is not well-formed XML") from error
    assert isinstance(root, Element)
    return root


def _refuse_cdata() -> NoReturn:
    raise _Unreadable("it has a CDATA section")


def _answer(root: Element, message: type[Message[R]], space: str) -> Answer[R]:
    ns = f"{{{space}}}"
    if root.tag != f"{ns}{message.action}Response":
        raise _Unreadable(f"its root is {root.tag:.80}")
    _no_text(root)
    if any(element.tag.rpartition("}")[2] in ("Errors", "Error", "Fault") for element in root.iter()):
        raise _Unreadable("it holds an error")
    request_id = _text(_only(_only(root, f"{ns}ResponseMetadata"), f"{ns}RequestId"))
    result: Any = None
    if message.result is not NoneType:
        result = _object(_only(root, f"{ns}{message.action}Result"), message.result, ns)
    return Answer(result, request_id)


def _object(element: Element, cls: type, ns: str) -> Any:
    _no_text(element)
    given = {}
    for part in schema.parts(cls):
        found = element.findall(ns + part.name)
        if part.many:
            given[part.attribute] = tuple(_value(each, part, ns) for each in found)
        elif found or part.required:
            given[part.attribute] = _value(_only(element, ns + part.name), part, ns)
    return cls(**given)


def _value(element: Element, part: schema.Part, ns: str) -> Any:
    if part.nested:
        return _object(element, part.kind, ns)
    text = _text(element)
    if part.required and not text:
        raise _Unreadable(f"{part.name} is empty")
    try:
        return schema.LEAVES[part.kind].read(text)
    except ValueError as error:
        raise _Unreadable(f"{part.name}: {error}") from error


def _only(parent: Element, tag: str) -> Element:
    found = parent.findall(tag)
    if len(found) != 1:
        raise _Unreadable(f"{len(found)} elements {tag.rpartition('}')[2]} where one belongs")
    return found[0]


def _text(element: Element) -> str:
    if len(element):
        raise _Unreadable(f"elements inside {element.tag.rpartition('}')[2]}")
    return element.text or ""


def _no_text(element: Element) -> None:
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        raise _Unreadable(f"text between the elements of {element.tag.rpartition('}')[2]}")


def _error(root: Element, http_status: int) -> ServiceError | None:
    try:
        first, request_id = _error_parts(root)
        code = _text(_only(first, f"{_space(first)}Code"))
        message = _text(_only(first, f"{_space(first)}Message"))
    except _Unreadable:
        return None
    if not _CODE.fullmatch(code):
        return None
    return ServiceError(code, message, request_id=request_id, http_status=http_status, retryable=codes.retryable(code))


def _error_parts(root: Element) -> tuple[Element, str | None]:
    """The first error and the request id: ``Response/Errors/Error`` live, ``ErrorResponse/Error`` by the WSDL."""
    if root.tag == "Response":
        errors, request_id = _only(root, "Errors").find("Error"), root.findtext("RequestID")
    elif root.tag.rpartition("}")[2] == "ErrorResponse":
        errors, request_id = root.find(f"{_space(root)}Error"), root.findtext(f"{_space(root)}RequestId")
    else:
        errors, request_id = None, None
    if errors is None:
        raise _Unreadable("it is no error document")
    return errors, request_id


def _space(element: Element) -> str:
    space, brace, _ = element.tag.rpartition("}")
    return space + brace


# ------------------------------------------------------------------------------------ rendering


def render_answer(action: str, result: object | None, version: str, request_id: str) -> bytes:
    """The answer as FPS sent it: one line, schema order, no blank between tags (old clients count on it)."""
    held = "" if result is None else _tag(f"{action}Result", _children(result))
    metadata = _tag("ResponseMetadata", _leaf("RequestId", request_id))
    document = f'<{action}Response xmlns="{namespace(version)}">{held}{metadata}</{action}Response>'
    return (DECLARATION + document).encode()


def render_error(code: str, message: str, request_id: str) -> bytes:
    """The error as FPS sent it: no namespace, compact (two official SDKs read it by regular expression)."""
    error = _tag("Error", _leaf("Code", code) + _leaf("Message", message))
    document = _tag("Response", _tag("Errors", error) + _leaf("RequestID", request_id))
    return (DECLARATION + document).encode()


def _children(result: object) -> str:
    return "".join(_elements(result))


def _elements(result: object) -> Iterator[str]:
    for part in schema.parts(type(result)):
        value = getattr(result, part.attribute)
        for each in value if part.many else (value,):
            if each is not None:
                yield (
                    _tag(part.name, _children(each))
                    if part.nested
                    else _leaf(part.name, schema.LEAVES[part.kind].element(each))
                )


def _tag(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"


def _leaf(name: str, text: str) -> str:
    return _tag(name, escape(_NOT_XML.sub("\ufffd", text), {"\r": "&#13;"}))
