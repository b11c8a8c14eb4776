from __future__ import annotations

from datetime import timedelta

from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.api.authority import amount
from tests.sandbox.api.authority import balance
from tests.sandbox.api.authority import gift_card
from tests.sandbox.api.authority import merchant
from tests.sandbox.api.authority import multi
from tests.sandbox.api.authority import refund
from tests.sandbox.caller import Answer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER

DAY = 24 * 60 * 60


def test_a_balance_is_funded_once_and_spent_for_nothing(server: SandboxServer, caller: Caller) -> None:
    """The recipient has the money less the fee; the sender has the whole of it to spend."""
    card = gift_card(server)
    funded = _fund(caller, card.funding.token_id, card.instrument.instrument_id, "10.00")
    assert funded["TransactionStatus"] == "Success"
    assert (balance(server, JOHN), balance(server, SELLER)) == ("$990.00", "$9.84")
    assert _left(caller, card.instrument.instrument_id) == ("10.000000", "0.000000")
    paid = caller.pay(card.sender.token_id, "p-1", "4.00")
    assert paid["TransactionStatus"] == "Success"
    assert _left(caller, card.instrument.instrument_id) == ("6.000000", "0.000000")
    assert (balance(server, JOHN), balance(server, SELLER)) == ("$990.00", "$9.84")
    detail = caller.call("GetTransaction", TransactionId=paid["TransactionId"])
    assert (detail["PaymentMethod"], detail["PrepaidInstrumentId"]) == ("Prepaid", card.instrument.instrument_id)
    assert detail.every("Value")[:2] == ["4.000000", "0.000000"]
    assert caller.pay(card.sender.token_id, "p-2", "6.01").error == "InsufficientBalance"


def test_a_card_s_funding_is_on_its_way_first(server: SandboxServer, caller: Caller) -> None:
    card = gift_card(server, method="CC")
    funded = _fund(caller, card.funding.token_id, card.instrument.instrument_id, "10.00")
    assert funded["TransactionStatus"] == "Pending"
    assert _left(caller, card.instrument.instrument_id) == ("0.000000", "10.000000")
    assert _told(server) == [("FUND_PREPAID", "PENDING")]
    total = caller.call("GetTotalPrepaidLiability")
    assert total.every("Value") == ["0.000000", "10.000000"]
    server.advance(1)
    assert _left(caller, card.instrument.instrument_id) == ("10.000000", "0.000000")
    assert caller.call("GetTotalPrepaidLiability").every("Value") == ["10.000000", "0.000000"]


def test_a_funding_that_fails_brings_nothing(server: SandboxServer, caller: Caller) -> None:
    card = gift_card(server, method="CC")
    _fund(caller, card.funding.token_id, card.instrument.instrument_id, "10.60")
    server.advance(1)
    assert _left(caller, card.instrument.instrument_id) == ("0.000000", "0.000000")


def test_a_funding_cannot_be_cancelled(server: SandboxServer, caller: Caller) -> None:
    card = gift_card(server, method="CC")
    funded = _fund(caller, card.funding.token_id, card.instrument.instrument_id, "10.00")
    assert caller.call("Cancel", TransactionId=funded["TransactionId"]).error == "InvalidTransactionId"


def test_no_more_than_the_recharge_limit(server: SandboxServer, caller: Caller) -> None:
    card = gift_card(server, limit=2000, method="CC")
    ids = card.funding.token_id, card.instrument.instrument_id
    assert _fund(caller, *ids, "15.00").status == 200
    assert _fund(caller, *ids, "5.01", "f-2").error == "PrepaidFundingLimitExceeded"
    server.advance(1)
    assert _fund(caller, *ids, "5.01", "f-3").error == "PrepaidFundingLimitExceeded"
    caller.pay(card.sender.token_id, "p-1", "10.00")
    assert _fund(caller, *ids, "5.01", "f-4").status == 200


def test_the_same_funding_is_done_once(server: SandboxServer, caller: Caller) -> None:
    card = gift_card(server)
    ids = card.funding.token_id, card.instrument.instrument_id
    assert _fund(caller, *ids, "1.00").text == _fund(caller, *ids, "1.00").text
    assert _fund(caller, *ids, "2.00").error == "DuplicateRequest"
    assert _left(caller, card.instrument.instrument_id)[0] == "1.000000"


def test_an_instrument_expires(server: SandboxServer, caller: Caller) -> None:
    card = gift_card(server, expires_at=server.bank.clock.now() + timedelta(days=1))
    ids = card.funding.token_id, card.instrument.instrument_id
    _fund(caller, *ids, "1.00")
    server.advance(DAY)
    assert _fund(caller, *ids, "1.00", "f-2").error == "InstrumentExpired"
    assert caller.pay(card.sender.token_id).error == "IncompatibleTokens"


def test_an_instrument_is_its_recipient_s(server: SandboxServer, caller: Caller) -> None:
    other, card = merchant(server), gift_card(server)
    asked = {"PrepaidInstrumentId": card.instrument.instrument_id}
    assert other.call("GetPrepaidBalance", **asked).error == "InstrumentAccessDenied"
    assert _fund(other, card.funding.token_id, card.instrument.instrument_id, "1.00").error == "InstrumentAccessDenied"
    unknown = caller.call("GetPrepaidBalance", PrepaidInstrumentId="NONE")
    assert (unknown.error, unknown["Message"]) == ("InvalidParams", "PrepaidInstrumentId : NONE is invalid")
    assert caller.call("GetDebtBalance", CreditInstrumentId=card.instrument.instrument_id).error == "InvalidParams"


def test_only_its_own_funding_token_funds_it(server: SandboxServer, caller: Caller) -> None:
    card, other = gift_card(server), gift_card(server)
    instrument = card.instrument.instrument_id
    assert _fund(caller, other.funding.token_id, instrument, "1.00").error == "IncompatibleTokens"
    assert _fund(caller, card.sender.token_id, instrument, "1.00").error == "InvalidSenderRoleForAccountType"
    assert _fund(caller, multi(server), instrument, "1.00").error == "InvalidSenderRoleForAccountType"
    assert _fund(caller, "Z" * 64, instrument, "1.00").error == "InvalidTokenId_Sender"


def test_a_balance_too_small_funds_nothing(server: SandboxServer, caller: Caller) -> None:
    card = gift_card(server, limit=200_000)
    ids = card.funding.token_id, card.instrument.instrument_id
    assert _fund(caller, *ids, "1000.01").error == "InsufficientBalance"
    assert _fund(caller, *ids, "0.00", "f-2").error == "AmountOutOfRange"


def test_a_refund_goes_back_onto_the_instrument(server: SandboxServer, caller: Caller) -> None:
    card = gift_card(server)
    funded = _fund(caller, card.funding.token_id, card.instrument.instrument_id, "10.00")
    paid = caller.pay(card.sender.token_id, "p-1", "4.00")
    assert refund(caller, funded).error == "TransactionTypeNotRefundable"
    refund(caller, paid, "refund-2", "1.00")
    assert _left(caller, card.instrument.instrument_id) == ("6.000000", "1.000000")
    server.advance(1)
    assert _left(caller, card.instrument.instrument_id) == ("7.000000", "0.000000")
    assert balance(server, SELLER) == "$9.84"


def test_an_instrument_can_hold_nothing_for_anybody(server: SandboxServer, caller: Caller) -> None:
    card = gift_card(server)
    _fund(caller, card.funding.token_id, card.instrument.instrument_id, "10.00")
    held = caller.call(
        "Reserve", SenderTokenId=card.sender.token_id, CallerReference="r", **amount("TransactionAmount", "1.00")
    )
    assert held.error == "PaymentInstrumentNotCC"


def test_a_payment_that_pends_is_spent_already(server: SandboxServer, caller: Caller) -> None:
    card = gift_card(server)
    _fund(caller, card.funding.token_id, card.instrument.instrument_id, "10.00")
    server.faults.add("Pay", "pend", settles=60, ends="TransactionDenied")
    caller.pay(card.sender.token_id, "p-1", "10.00")
    assert caller.pay(card.sender.token_id, "p-2", "0.01").error == "InsufficientBalance"
    server.advance(60)
    assert _left(caller, card.instrument.instrument_id) == ("10.000000", "0.000000")


def _fund(caller: Caller, funding: str, instrument: str, value: str, reference: str = "f-1") -> Answer:
    about = {"SenderTokenId": funding, "PrepaidInstrumentId": instrument, "CallerReference": reference}
    return caller.call("FundPrepaid", **about, **amount("FundingAmount", value))


def _left(caller: Caller, instrument: str) -> tuple[str, ...]:
    return tuple(caller.call("GetPrepaidBalance", PrepaidInstrumentId=instrument).every("Value"))


def _told(server: SandboxServer) -> list[tuple[str, str]]:
    said = [letter.parameters for letter in server.notifications]
    return [(one["operation"], one["transactionStatus"]) for one in said]
