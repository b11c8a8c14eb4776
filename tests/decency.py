"""What every page owes to every reader: a title, labels, one heading, nothing that moves or comes from elsewhere."""

from __future__ import annotations

from html.parser import HTMLParser

Attributes = list[tuple[str, str | None]]
_REFERENCES = ("aria-labelledby", "aria-describedby")


def complaints(html: str) -> list[str]:
    """What is wrong with a page, each in words; an empty list for a decent one."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.verdict(html)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: dict[str, int] = {}
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.unlabelled: list[str] = []
        self.referenced: set[str] = set()
        self.found: list[str] = []
        self.lang = ""
        self._texts: dict[str, str] = {}
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.lang = given.get("lang", "") if tag == "html" else self.lang
        self.ids += [given["id"]] if "id" in given else []
        self.labels |= {given["for"]} if tag == "label" and "for" in given else set()
        self.referenced |= {name for key in _REFERENCES for name in given.get(key, "").split()}
        self.found += [f"<{tag}> has {name}" for name in given if name.startswith("on") or name == "style"]
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self._check_control(given)
        if tag in ("button", "a", "title", "h1", "label"):
            self._within.append(tag)
            self._texts[tag] = given.get("aria-label", "")
        source = given.get("src") or (given.get("href", "") if tag == "link" else "")
        if source.startswith(("http:", "https:", "//")) and not source.startswith("http://127.0.0.1"):
            self.found.append(f"<{tag}> comes from {source}")

    def handle_data(self, data: str) -> None:
        for tag in self._within:
            self._texts[tag] += data

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()
            if not self._texts[tag].strip():
                self.found.append(f"a <{tag}> without words")

    def verdict(self, html: str) -> list[str]:
        wanted = {"main": 1, "h1": 1, "title": 1, "script": 0}
        counts = [f"{self.tags.get(tag, 0)} <{tag}>" for tag, n in wanted.items() if self.tags.get(tag, 0) != n]
        doubled = [f"id {name} is there twice" for name in self.ids if self.ids.count(name) > 1]
        lost = [f"nothing has the id {name}" for name in self.referenced - set(self.ids)]
        bare = [f"no label for {name}" for name in self.unlabelled if name not in self.labels]
        head = (
            [] if html.lstrip().lower().startswith("<!doctype html>") and self.lang else ["no doctype or no language"]
        )
        if 'name="viewport"' not in html:
            head.append("no viewport")
        return self.found + counts + doubled + lost + bare + head

    def _check_control(self, given: dict[str, str]) -> None:
        if "label" not in self._within and "aria-label" not in given:
            self.unlabelled.append(given.get("id", given.get("name", "?")))
