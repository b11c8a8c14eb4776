"""The body of an HTTP request, by its length or in chunks (RFC 9112, sections 6 and 7)."""

from __future__ import annotations

import re
from email.message import Message
from io import BufferedIOBase

#: A chunk's size, or a trailer, is one line of at most so many bytes.
_LINE_BYTES = 8192
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;[^\r\n]*)?\r?\n")
_LINE_ENDS = (b"\r\n", b"\n")


class Unreadable(Exception):
    """A body that cannot be read here; ``status`` is the answer's status line."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


def read(stream: BufferedIOBase, headers: Message, most: int) -> bytes | None:
    """The whole body; ``None`` where the client hung up in the middle of it.

    :param most: so many bytes, and no more.
    :raises Unreadable: for a length or an encoding that says nothing, or not the same thing twice.
    """
    lengths, encodings = headers.get_all("Content-Length", []), headers.get_all("Transfer-Encoding", [])
    if len({*lengths, *encodings}) > 1:
        raise Unreadable("400 Bad Request")  # two readers could see two requests here
    if not encodings:
        return _of_length(stream, lengths[0] if lengths else "0", most)
    if encodings[0].strip().lower() != "chunked":
        raise Unreadable("501 Not Implemented")
    return _of_chunks(stream, most)


def _of_length(stream: BufferedIOBase, text: str, most: int) -> bytes | None:
    if not (text.isascii() and text.isdecimal()):
        raise Unreadable("400 Bad Request")
    length = int(text) if len(text) < 20 else most + 1
    if length > most:
        raise Unreadable("413 Content Too Large")
    return _exactly(stream, length)


def _of_chunks(stream: BufferedIOBase, most: int) -> bytes | None:
    body = b""
    while size := _size(stream):
        if len(body) + size > most:
            raise Unreadable("413 Content Too Large")
        chunk = _exactly(stream, size)
        if chunk is None:
            return None
        body += chunk
        if _line(stream) not in _LINE_ENDS:
            raise Unreadable("400 Bad Request")
    if size is None:
        return None
    while (trailer := _line(stream)) not in _LINE_ENDS:
        if not trailer:
            return None
    return body


def _size(stream: BufferedIOBase) -> int | None:
    line = _line(stream)
    if not line:
        return None
    match = _SIZE.fullmatch(line)
    if match is None:
        raise Unreadable("400 Bad Request")
    return int(match[1], 16)


def _line(stream: BufferedIOBase) -> bytes:
    """A line with its end, or nothing where the client hung up."""
    line = stream.readline(_LINE_BYTES)
    if line and not line.endswith(b"\n") and len(line) == _LINE_BYTES:
        raise Unreadable("400 Bad Request")
    return line if line.endswith(b"\n") else b""


def _exactly(stream: BufferedIOBase, length: int) -> bytes | None:
    data = stream.read(length)
    return data if len(data) == length else None
