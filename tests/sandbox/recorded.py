"""API requests as foreign clients sent them, byte for byte, with the key and the moment they were signed with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "data" / "vectors"


@dataclass(frozen=True)
class Recorded:
    """One request."""

    name: str
    request: bytes
    access_key: str
    secret_key: str
    moment: datetime

    def __str__(self) -> str:
        return self.name


def recorded(*clients: str) -> list[Recorded]:
    return [one for client in clients for one in _read(client)]


def validations(*clients: str) -> list[bytes]:
    """What the validators of returns and notifications asked; nobody signed it."""
    return [_request(entry) for client in clients for entry in _document(client)["validations"]]


def _read(client: str) -> list[Recorded]:
    document = _document(client)
    vectors = {vector["case"]: vector for vector in document["vectors"] if vector["kind"] == "api"}
    return [_recorded(client, entry, vectors[entry["case"]]) for entry in document["api_requests"]]


def _document(client: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DATA / f"{client}.json").read_text("utf-8"))
    return document


def _request(entry: dict[str, Any]) -> bytes:
    headers = "".join(f"{name}: {value}\r\n" for name, value in entry["headers"])
    head = f"{entry['method']} {entry['target']} {entry['http']}\r\n{headers}\r\n"
    return head.encode() + str(entry.get("body", "")).encode()


def _recorded(client: str, entry: dict[str, Any], vector: dict[str, Any]) -> Recorded:
    return Recorded(
        name=f"{client}: {entry['case']}",
        request=_request(entry),
        access_key=vector["params"]["AWSAccessKeyId"],
        secret_key=vector["secret_key"],
        moment=datetime.fromisoformat(vector["params"]["Timestamp"].replace("Z", "+00:00")),
    )
