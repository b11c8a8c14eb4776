"""The certificate that checks our signatures, where returns and notifications say it is."""

from __future__ import annotations

from flask import abort
from flask import Blueprint
from flask import Response

from .current import settings

blueprint = Blueprint("certs", __name__)


@blueprint.get("/certs/<path:name>")
def certificate(name: str) -> Response:
    """The PEM, at its one address."""
    if f"/certs/{name}" != settings().certificate_path:
        abort(404)
    return Response(settings().certificate_pem, mimetype="application/x-pem-file")
