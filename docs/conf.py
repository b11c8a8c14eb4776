"""Sphinx: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

project = "Flask-FPS"
copyright = "2026, the Flask-FPS maintainers"
version = release = "0.1.0"

extensions = ["sphinx.ext.autodoc", "docs.directives"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = "Flask-FPS"
html_static_path = ["_static"]
exclude_patterns = ["_build"]
