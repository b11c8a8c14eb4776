"""Values that programs have tripped over, as text and as bytes that are no text."""

from __future__ import annotations

from random import Random

#: As the value of anything.
NASTY = (
    "",
    " ",
    "0",
    "-1",
    "-0.01",
    "1e5",
    "NaN",
    "Infinity",
    "0x10",
    "0.001",
    "1.",
    ".5",
    "00000000000000000000000000000000000000000000001",
    "9" * 40,
    "123456789012345678901234567890.12",
    "१२३",
    "1,00",
    "1_000",
    "USD 1.00",
    "true",
    "None",
    "null",
    "[]",
    "{}",
    "{{7*7}}",
    "%s%n%d",
    "%00",
    "\x00",
    "a\x00b",
    "line\nbreak",
    "line\r\nX-Injected: yes",
    "\x0b\x0c\x1b[31m",
    "\ufffe\uffff",
    "\u202e\u200f",
    "\U0001f4a9" * 10,
    "é́́",
    "ﬀ",
    "<script>alert(1)</script>",
    "]]><!--",
    "&amp;&#0;&lt;",
    "\"'`\\",
    "'; DROP TABLE book; --",
    "../../../../etc/passwd",
    "http://",
    "http://[::1",
    "http://[::1]:99999/",
    "http://127.0.0.1:0/",
    "http://user:pass@127.0.0.1:80/#x",
    "javascript:alert(1)",
    "//evil.example",
    "http://evil.example\\@127.0.0.1/",
    "2026-02-30T25:61:61Z",
    "0000-00-00",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31",
    "2026-11-22T10:00:00.123456789Z",
    "x" * 129,
    "x" * 5000,
    "A" * 35,
    "A" * 64,
    "a" * 64,
    "A" * 63 + "\n",
    "Ａ" * 64,
)
#: Percent-encoded: what these decode to is no UTF-8.
NO_UTF8 = ("%FF", "%C3%28", "%ED%A0%80", "%F4%90%80%80", "%80", "%E2%82")
#: Not percent-encoding at all.
NO_ENCODING = ("%", "%G1", "%u0041", "%%", "=", "&", "&&", "?", "#", ";", "+", "\\")


def nasty(dice: Random) -> str:
    return dice.choice(NASTY)


def bent(dice: Random, text: str) -> str:
    """Nearly the same text."""
    place = dice.randint(0, len(text))
    return dice.choice(
        (
            text.lower(),
            text.upper(),
            text.swapcase(),
            text + " ",
            " " + text,
            text + "\x00",
            text + dice.choice("0.5%+"),
            text[:place],
            text[:place] + dice.choice("-. \t/é0") + text[place:],
            text * 2,
            text[::-1],
        )
    )


def damaged(dice: Random, data: bytes) -> bytes:
    """The bytes with something gone, doubled, added or changed."""
    where, other = sorted((dice.randint(0, len(data)), dice.randint(0, len(data))))
    how = dice.randrange(7)
    if how == 0:
        return data[:where]
    if how == 1:
        return data[:where] + data[other:]
    if how == 2:
        return data[:other] + data[where:]
    if how == 3:
        return data[:where] + bytes([dice.randrange(256)]) + data[where + 1 :]
    if how == 4:
        return data[:where] + bytes(dice.randrange(256) for _ in range(dice.randint(1, 9))) + data[where:]
    if how == 5:
        return data[:where] + dice.choice(NO_ENCODING + NO_UTF8).encode() + data[where:]
    return data[:where] + dice.choice((b"\r\n", b"\n", b"\x00", b" ", b": ", b"\r\n\r\n")) + data[where:]
