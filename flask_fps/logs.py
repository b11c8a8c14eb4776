"""What this package logs, and how to read it by machine.

Everything goes to the logger ``flask_fps``. A line that is about a payment carries its reference, and whatever else is
known, as ``record.fps``: a mapping of plain values, never a key, a token or a signature.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime
from datetime import timezone
from typing import Any

log = logging.getLogger("flask_fps")


def naming(payment: str | None, **more: Any) -> dict[str, Any]:
    """What a line is about, for ``extra=``: a payment's reference, and plain values that belong to the line."""
    known = {"payment": payment, **more}
    return {"fps": {name: value for name, value in known.items() if value is not None}}


class JSONLines(logging.Formatter):
    """Each line as one JSON object: time, level, logger, message, and what it is about.

    ::

        handler = logging.StreamHandler()
        handler.setFormatter(JSONLines())
        logging.getLogger("flask_fps").addHandler(handler)
    """

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fps", {}),
        }
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return json.dumps(said, default=str)
