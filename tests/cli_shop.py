"""A shop for commands that are run as processes of their own: ``FLASK_APP=tests.cli_shop``."""

from __future__ import annotations

import os
from pathlib import Path

from tests.apps import Shop

app = Shop(Path(os.environ["SHOP_FOLDER"])).app
