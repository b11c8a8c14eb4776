"""Chapter two: the buyer is back."""

from __future__ import annotations

from ..gateways import Authorization
from ..gateways import Standing
from ..ledger import Arrival
from ..ledger import Proof
from ..logs import log
from ..logs import naming
from ..records import Payment
from . import pay
from .desk import Desk
from .desk import NoGateway


def finish(desk: Desk, payment: Payment, raw_query: str) -> Standing:
    """Judge a return and act on it. An invalid one changes nothing and is kept nowhere.

    One that nobody here can judge waits until this process has the payment's account again.
    """
    try:
        authorization = desk.gateway(payment).finish(raw_query, payment)
    except NoGateway as error:
        log.error("%s", error, extra=naming(payment.reference))
        authorization = Authorization(Standing.COULD_NOT_TELL, detail="its account is not here")
    if authorization.standing is Standing.INVALID:
        said = payment.reference, authorization.detail
        log.warning("refused a return for payment %s: %s", *said, extra=naming(payment.reference))
        return authorization.standing
    arrival = Arrival(
        source="return",
        url=payment.return_url,
        body=raw_query.encode(),
        account=payment.account,
        gateway=payment.gateway,
        payment=payment.reference,
    )
    act_on(desk, payment, authorization, arrival, None)
    return authorization.standing


def act_on(desk: Desk, payment: Payment, authorization: Authorization, arrival: Arrival, inbox_id: int | None) -> None:
    """Do what a judged return asks for; ``inbox_id`` is where it waited, if it did."""
    standing = authorization.standing
    if standing is Standing.AUTHORIZED:
        pay.accept(desk, payment, proof_of(authorization, arrival, inbox_id))
    elif standing in (Standing.ABANDONED, Standing.REFUSED):
        desk.ledger.turned_away(payment.reference, arrival, inbox_id, standing.value, authorization.detail)
    elif inbox_id is None:
        desk.ledger.arrivals.keep_return(arrival, standing.value)


def proof_of(authorization: Authorization, arrival: Arrival | None = None, inbox_id: int | None = None) -> Proof:
    """The authorization as the ledger keeps it."""
    assert authorization.id is not None, "an authorization without an id proves nothing"
    return Proof(
        id=authorization.id,
        method=authorization.method,
        payer=authorization.payer,
        given_at=authorization.given_at,
        money=authorization.money,
        arrival=arrival,
        inbox_id=inbox_id,
    )
