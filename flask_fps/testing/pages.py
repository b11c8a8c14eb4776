"""An HTML page as a robot needs it: its forms, its links and what it says. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from html.parser import HTMLParser
from urllib.parse import urljoin

Attributes = list[tuple[str, str | None]]
#: What stands in these is not read by people.
UNREAD = ("head", "script", "style")


@dataclass
class Form:
    """A form and what a browser would send for it as it stands."""

    action: str
    method: str
    #: Name and value of every input that is sent, in order; radios only where one is checked.
    fields: list[tuple[str, str]] = field(default_factory=list)
    #: What each group of radios offers.
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """Of every input and button."""
        return {name for name, _ in self.fields + self.buttons} | self.choices.keys()

    def value(self, name: str) -> str | None:
        """What would be sent under this name as the form stands."""
        return dict(self.fields).get(name)

    def filled(self, values: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """What is sent once these are filled in or clicked."""
        given = {name for name, _ in values}
        return [pair for pair in self.fields if pair[0] not in given] + list(values)


class Page(HTMLParser):
    """One page, read."""

    def __init__(self, url: str, status: int, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url = url
        self.status = status
        self.forms: list[Form] = []
        #: Text and absolute address of every link.
        self.links: list[tuple[str, str]] = []
        self.heading = ""
        #: What the page complains about.
        self.alert = ""
        self._reading: list[str] | None = None
        self._open: list[tuple[str, bool]] = []
        self._href: str | None = None
        self.feed(html)
        self.close()

    def form(self, name: str) -> Form | None:
        """The form that has an input or button of this name."""
        return next((form for form in self.forms if name in form.names), None)

    def link(self, start: str) -> str | None:
        """Where the link goes whose text begins like this."""
        return next((href for text, href in self.links if text.startswith(start)), None)

    def __str__(self) -> str:
        return f"{self.heading or 'a page without a heading'!r} (status {self.status}) {self.alert}".strip()

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(urljoin(self.url, given.get("action", "")), given.get("method", "get").lower()))
        elif tag in ("input", "button") and self.forms:
            _add_control(self.forms[-1], tag, given)
        elif tag == "a" and "href" in given:
            self._href, self._reading = urljoin(self.url, given["href"]), []
        elif tag == "h1" or given.get("role") == "alert":
            self._reading = []

    def handle_data(self, data: str) -> None:
        if self._reading is not None:
            self._reading.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._reading is None or tag not in ("a", "h1", "p", "div"):
            return
        text, self._reading = " ".join("".join(self._reading).split()), None
        if tag == "a" and self._href is not None:
            self.links.append((text, self._href))
            self._href = None
        elif tag == "h1":
            self.heading = text
        else:
            self.alert = text


class _Words(HTMLParser):
    """What a page says, a line for each piece, without what nobody reads."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self._unread += tag in UNREAD

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in UNREAD and self._unread > 0

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._unread:
            self.said.append(" ".join(data.split()))


def words_of(html: str) -> str:
    """The text of a page, or of what is none."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    return "\n".join(reader.said)


def _add_control(form: Form, tag: str, given: dict[str, str]) -> None:
    name, value, kind = (
        given.get("name", ""),
        given.get("value", ""),
        given.get("type", "submit" if tag == "button" else "text"),
    )
    if not name:
        return
    if kind == "submit":
        form.buttons.append((name, value))
    elif kind == "radio":
        form.choices.setdefault(name, []).append(value)
        if "checked" in given:
            form.fields.append((name, value))
    elif kind != "checkbox" or "checked" in given:
        form.fields.append((name, value))
