"""The co-branded pages: where a buyer signs in, looks at a payment and approves or refuses it."""

from __future__ import annotations

from .views import blueprint as blueprint
