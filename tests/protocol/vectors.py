"""The recorded and published signature vectors, and the requests they came from, as bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True)
class Vector:
    """One signature that a foreign client made."""

    name: str
    method: str
    #: The host that was signed.
    host: str
    path: str
    params: dict[str, str]
    secret: str
    algorithm: str
    signature: str
    signature_param: str
    string_to_sign: str
    #: ``v2``, ``v1`` or ``raw``.
    rule: str
    #: What a server receives: ``GET /path?query HTTP/1.1``, the Host header, the body.
    request: bytes

    def __str__(self) -> str:
        return self.name


def vectors(*files: str) -> list[Vector]:
    return [vector for file in files for vector in _read(file)]


def request_bytes(method: str, target: str, host: str, body: str = "") -> bytes:
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n{body}".encode()


def _read(file: str) -> list[Vector]:
    document = json.loads((DATA / "vectors" / f"{file}.json").read_text("utf-8"))
    requests = {each["case"]: each for each in document.get("api_requests", ())}
    return [_vector(file, entry, requests) for entry in document["vectors"]]


def _vector(file: str, entry: dict[str, Any], requests: dict[str, Any]) -> Vector:
    host = entry.get("url_host") or entry.get("host") or ""
    rule = {"SV1": "v1", "raw": "raw"}.get(entry["rule"], "v2")
    label = entry.get("case") or entry["name"]
    return Vector(
        name=f"{file}: {label}",
        method=entry["method"] or "",
        host=host.partition(":")[0] if entry["rule"] == "SV2 host only" else host,
        path=entry["path"] or "",
        params=entry["params"] or {},
        secret=entry["secret_key"],
        algorithm=entry["algorithm"],
        signature=entry["signature"],
        signature_param=entry["signature_param"] or "",
        string_to_sign=entry["string_to_sign"],
        rule=rule,
        request=_request(entry, requests.get(label), host),
    )


def _request(entry: dict[str, Any], recorded: dict[str, Any] | None, host: str) -> bytes:
    if recorded is not None:
        headers = dict(recorded["headers"])
        return request_bytes(recorded["method"], recorded["target"], headers["Host"], recorded["body"])
    if "url" in entry:
        target = entry["url"].partition("://")[2].partition("/")[2]
        return request_bytes("GET", f"/{target}", entry["host_header"])
    return b""
