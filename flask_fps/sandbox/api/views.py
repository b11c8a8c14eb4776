"""The Query API at ``/``, by GET and by POST: the edge between HTTP and the desk."""

from __future__ import annotations

import logging

from flask import Blueprint
from flask import redirect
from flask import request
from flask import Response
from flask import url_for
from werkzeug.wrappers import Response as BaseResponse

from ...protocol import endpoints
from ..current import sandbox
from ..http import CUT
from . import soap
from .desk import Desk
from .door import Received
from .reply import internal_failure
from .reply import Reply

log = logging.getLogger(__name__)
blueprint = Blueprint("api", __name__)


@blueprint.route("/", methods=["GET", "POST"])
def api() -> BaseResponse:
    """One request of a caller. A person who came by lands in the account manager."""
    if request.method == "HEAD":
        return Response(status=405, headers={"Allow": "GET, POST"})
    if _is_a_person():
        return redirect(url_for("account.overview"), 303)
    received = _received()
    if soap.is_soap(request.headers.get("SOAPAction"), received.body):
        return _response(soap.fault())
    return _response(Desk(sandbox()).answer(received))


@blueprint.errorhandler(Exception)
def failed(error: Exception) -> Response:
    """Our own mistake: the caller gets what FPS would have sent, the log gets the rest."""
    log.error("a request failed", exc_info=error)
    return _response(internal_failure())


def _is_a_person() -> bool:
    asks_for_pages = "text/html" in request.headers.get("Accept", "")
    return request.method == "GET" and not request.query_string and asks_for_pages


def _received() -> Received:
    return Received(
        method=request.method,
        path=request.path,
        hosts=sandbox().settings.signed_hosts(request.headers.get("Host", ""), endpoints.API_HOSTS),
        query=request.query_string,
        body=request.get_data() if request.method == "POST" else b"",
    )


def _response(reply: Reply) -> Response:
    request.environ[CUT] = reply.cut
    return Response(reply.body, reply.status, content_type=reply.content_type)
