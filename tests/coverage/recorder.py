"""A pytest plugin that watches the sandbox and writes down which test made it do what: ``-p tests.coverage.recorder``.

It looks at requests as they come and at answers as they go, so a test proves a row by what really went over the wire,
whatever it is called. The environment variable ``COVERAGE_SEEN`` names the JSON file it writes.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import pytest

from flask_fps.protocol import dialects
from flask_fps.sandbox.api.desk import Desk
from flask_fps.sandbox.api.door import Received
from flask_fps.sandbox.api.reply import Reply
from flask_fps.sandbox.bank.notices import Notices
from flask_fps.sandbox.bank.pipelines import Pipelines
from flask_fps.sandbox.bank.records import Run
from flask_fps.sandbox.cbui.answers import Answers

VARIABLE = "COVERAGE_SEEN"
_now = ""
#: The tests that made each row happen.
_seen: dict[str, set[str]] = {}


def pytest_configure() -> None:
    _watch(Desk, "answer", _api)
    _watch(Pipelines, "open", _opened)
    _watch(Answers, "outcome", _sent_back)
    _watch(Answers, "refusal", _sent_back)
    _watch(Notices, "_write", _told)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    global _now
    _now = item.nodeid.partition("[")[0]
    return (yield)


def pytest_sessionfinish() -> None:
    plain = {row: sorted(tests) for row, tests in sorted(_seen.items())}
    Path(os.environ[VARIABLE]).write_text(json.dumps(plain))


def _watch(owner: type, name: str, look: Callable[..., Iterator[str]]) -> None:
    original = getattr(owner, name)

    def watched(self: Any, *arguments: Any, **named: Any) -> Any:
        before = len(self._sandbox.faults.fired) if isinstance(self, Desk) else 0
        result = original(self, *arguments, **named)
        scripted = isinstance(self, Desk) and len(self._sandbox.faults.fired) > before
        for row in look(result, scripted, *arguments):
            _seen.setdefault(row, set()).add(_now)
        return result

    setattr(owner, name, watched)


def _api(reply: Reply, scripted: bool, received: Received) -> Iterator[str]:
    body = reply.body.decode(errors="replace")
    yield f"http {reply.status}"
    refused = re.findall("<(?:Code|ErrorCode)>([A-Za-z_]+)</", body)
    yield from (f"scripted {code}" if scripted else f"code {code}" for code in refused)
    yield from (f"status code {code}" for code in re.findall("<StatusCode>([A-Za-z]+)</", body))
    yield from (f"transaction {status}" for status in re.findall("<TransactionStatus>([A-Za-z]+)</", body))
    if not refused and reply.status == 200:
        yield from _performed(received.parameters(), body)


def _performed(params: Mapping[str, str], body: str) -> Iterator[str]:
    dialect = dialects.served(params["Version"])
    message = dialect.action(params.get("Action", "")) if dialect else None
    if dialect is None or message is None:
        return
    version = "2007-01-08" if dialect.version == "2007-01-08" else "2010-08-28"
    yield f"{version} {message.action}"
    if version == "2007-01-08":
        yield from (f"transaction {status}" for status in re.findall("<Status>([A-Za-z]+)</", body))
    for name in params:
        for spelled in {name, dialect.spelled(message, name) or name}:
            yield f"{version} {message.action} {re.sub('[.][0-9]+(?=[.]|$)', '.N', spelled)}"


def _opened(result: object, _: bool, _caller: object, params: Mapping[str, str]) -> Iterator[str]:
    if isinstance(result, Run):
        yield f"pipeline {result.pipeline}"
        yield from (f"pipeline {result.pipeline} {name}" for name, value in params.items() if value)


def _sent_back(url: str, _: bool, *_arguments: object) -> Iterator[str]:
    yield from (f"return {status}" for status in parse_qs(urlsplit(url).query).get("status", []))


def _told(
    _result: object, _: bool, _account: str, _cause: str, fields: Mapping[str, str | None], *_more: object
) -> Iterator[str]:
    yield f"notification {fields['notificationType']}"
    if fields.get("operation"):
        yield f"notification {fields['operation']}"
