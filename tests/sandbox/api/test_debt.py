from __future__ import annotations

from datetime import timedelta

import pytest

from flask_fps.sandbox.bank.rules import Fee
from flask_fps.sandbox.server import SandboxServer
from tests.sandbox.api.authority import amount
from tests.sandbox.api.authority import balance
from tests.sandbox.api.authority import credit
from tests.sandbox.api.authority import merchant
from tests.sandbox.api.authority import refund
from tests.sandbox.caller import Answer
from tests.sandbox.caller import Caller
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER


def test_the_documented_example(server: SandboxServer, caller: Caller) -> None:
    """FPS API reference, *SettleDebt*: debt 100, settled 90, fee 2.50: the recipient gets 87.50, the debt is 10."""
    object.__setattr__(server.bank.rules, "fees", {"ABT": (Fee(server.bank.rules.fees["ABT"][0].share * 0, 250),)})
    line = credit(server)
    caller.pay(line.sender.token_id, "p-1", "100.00")
    assert (balance(server, JOHN), _owed(caller, line.instrument.instrument_id)[0]) == ("$1,000.00", "100.000000")
    assert _settle(caller, line.settlement.token_id, line.instrument.instrument_id, "90.00")["TransactionStatus"] == (
        "Success"
    )
    assert (balance(server, JOHN), balance(server, SELLER)) == ("$910.00", "$87.50")
    assert _owed(caller, line.instrument.instrument_id) == ("10.000000", "0.000000")


def test_a_purchase_on_credit_moves_no_money(server: SandboxServer, caller: Caller) -> None:
    line = credit(server)
    paid = caller.pay(line.sender.token_id, "p-1", "30.00")
    assert paid["TransactionStatus"] == "Success"
    detail = caller.call("GetTransaction", TransactionId=paid["TransactionId"])
    assert (detail["PaymentMethod"], detail["CreditInstrumentId"]) == ("Debt", line.instrument.instrument_id)
    assert (balance(server, JOHN), balance(server, SELLER)) == ("$1,000.00", "$0.00")
    assert caller.call("GetOutstandingDebtBalance").every("Value") == ["30.000000", "0.000000"]


def test_no_more_than_the_credit_limit(server: SandboxServer, caller: Caller) -> None:
    line = credit(server, limit=5000)
    assert caller.pay(line.sender.token_id, "p-1", "30.00").status == 200
    assert caller.pay(line.sender.token_id, "p-2", "20.01").error == "InsufficientBalance"
    _settle(caller, line.settlement.token_id, line.instrument.instrument_id, "10.00")
    assert caller.pay(line.sender.token_id, "p-3", "20.01").status == 200


def test_a_card_s_settlement_pends_and_is_counted_once(server: SandboxServer, caller: Caller) -> None:
    line = credit(server, method="CC")
    caller.pay(line.sender.token_id, "p-1", "30.00")
    ids = line.settlement.token_id, line.instrument.instrument_id
    assert _settle(caller, *ids, "20.00")["TransactionStatus"] == "Pending"
    assert _owed(caller, line.instrument.instrument_id) == ("30.000000", "20.000000")
    assert _settle(caller, *ids, "10.01", "s-2").error == "SettleAmountGreaterThanDebt"
    server.advance(1)
    assert _owed(caller, line.instrument.instrument_id) == ("10.000000", "0.000000")
    assert server.notifications[-1].parameters["operation"] == "SETTLE_DEBT"


def test_a_settlement_that_fails_leaves_the_debt(server: SandboxServer, caller: Caller) -> None:
    line = credit(server, method="CC")
    caller.pay(line.sender.token_id, "p-1", "30.00")
    _settle(caller, line.settlement.token_id, line.instrument.instrument_id, "20.60")
    server.advance(1)
    assert _owed(caller, line.instrument.instrument_id) == ("30.000000", "0.000000")


def test_no_more_is_spent_in_all_than_can_be_settled_in_all(server: SandboxServer, caller: Caller) -> None:
    line = credit(server, limit=1000, cap=1500)
    spent, ids = line.sender.token_id, (line.settlement.token_id, line.instrument.instrument_id)
    assert caller.pay(spent, "p-1", "10.00").status == 200
    assert _settle(caller, *ids, "10.00")["TransactionStatus"] == "Success"
    assert caller.pay(spent, "p-2", "5.01").error == "TokenUsageError"
    assert caller.pay(spent, "p-3", "5.00").status == 200
    assert _settle(caller, *ids, "5.00", "s-2")["TransactionStatus"] == "Success"
    assert _owed(caller, line.instrument.instrument_id)[0] == "0.000000"
    assert caller.call("GetTokenUsage", TokenId=line.settlement.token_id)["Value"] == "15.000000"


def test_a_settlement_that_failed_can_be_made_again(server: SandboxServer, caller: Caller) -> None:
    line = credit(server, cap=2060, method="CC")
    caller.pay(line.sender.token_id, "p-1", "20.60")
    ids = line.settlement.token_id, line.instrument.instrument_id
    _settle(caller, *ids, "20.60")
    server.advance(1)
    assert _owed(caller, line.instrument.instrument_id)[0] == "20.600000"
    assert caller.call("GetTokenUsage", TokenId=line.settlement.token_id)["Value"] == "0.000000"
    server.faults.add("SettleDebt", "pend", settles=1)
    assert _settle(caller, *ids, "20.60", "s-2")["TransactionStatus"] == "Pending"
    server.advance(1)
    assert _owed(caller, line.instrument.instrument_id)[0] == "0.000000"


def test_debt_is_written_off_for_good(server: SandboxServer, caller: Caller) -> None:
    line = credit(server)
    caller.pay(line.sender.token_id, "p-1", "30.00")
    gone = _write_off(caller, line.instrument.instrument_id, "12.00")
    assert gone["TransactionStatus"] == "Success"
    assert (balance(server, JOHN), balance(server, SELLER)) == ("$1,000.00", "$0.00")
    assert _owed(caller, line.instrument.instrument_id) == ("18.000000", "0.000000")
    assert _write_off(caller, line.instrument.instrument_id, "18.01", "w-2").error == "SettleAmountGreaterThanDebt"
    assert _write_off(caller, line.instrument.instrument_id, "0.00", "w-3").error == "AmountOutOfRange"
    assert refund(caller, gone).error == "TransactionTypeNotRefundable"
    assert server.notifications[-1].parameters["operation"] == "WRITE_OFF_DEBT"
    assert _write_off(caller, line.instrument.instrument_id, "12.00").text == gone.text


def test_a_purchase_can_be_taken_back_while_it_is_owed(server: SandboxServer, caller: Caller) -> None:
    line = credit(server)
    paid = caller.pay(line.sender.token_id, "p-1", "30.00")
    settled = _settle(caller, line.settlement.token_id, line.instrument.instrument_id, "20.00")
    assert refund(caller, paid).error == "RefundAmountExceeded"
    assert refund(caller, paid, "refund-2", "10.00").status == 200
    assert refund(caller, settled, "refund-3").error == "TransactionTypeNotRefundable"
    assert caller.pay(line.sender.token_id, "p-2", "100.01").error == "IncompatibleTokens"
    server.advance(1)
    assert _owed(caller, line.instrument.instrument_id) == ("0.000000", "0.000000")


def test_debt_is_its_recipient_s_business(server: SandboxServer, caller: Caller) -> None:
    other, line = merchant(server), credit(server)
    asked = {"CreditInstrumentId": line.instrument.instrument_id}
    assert other.call("GetDebtBalance", **asked).error == "InstrumentAccessDenied"
    assert _write_off(other, line.instrument.instrument_id, "1.00").error == "InstrumentAccessDenied"
    unknown = caller.call("GetDebtBalance", CreditInstrumentId="NONE")
    assert unknown["Message"] == "CreditInstrumentId : NONE is invalid"


@pytest.mark.parametrize("which", ["sender", "other"])
def test_only_its_own_settlement_token_settles_it(server: SandboxServer, caller: Caller, which: str) -> None:
    line, other = credit(server), credit(server)
    caller.pay(line.sender.token_id, "p-1", "30.00")
    spent = {"sender": line.sender, "other": other.settlement}[which].token_id
    code = {"sender": "InvalidSenderRoleForAccountType", "other": "IncompatibleTokens"}[which]
    assert _settle(caller, spent, line.instrument.instrument_id, "1.00").error == code


def test_debt_outlives_its_line_of_credit(server: SandboxServer, caller: Caller) -> None:
    line = credit(server, expires_at=server.bank.clock.now() + timedelta(days=1))
    caller.pay(line.sender.token_id, "p-1", "30.00")
    server.advance(24 * 60 * 60)
    assert caller.pay(line.sender.token_id, "p-2", "1.00").error == "IncompatibleTokens"
    assert _write_off(caller, line.instrument.instrument_id, "30.00").status == 200


def _settle(caller: Caller, spent: str, instrument: str, value: str, reference: str = "s-1") -> Answer:
    about = {"SenderTokenId": spent, "CreditInstrumentId": instrument, "CallerReference": reference}
    return caller.call("SettleDebt", **about, **amount("SettlementAmount", value))


def _write_off(caller: Caller, instrument: str, value: str, reference: str = "w-1") -> Answer:
    about = {"CreditInstrumentId": instrument, "CallerReference": reference}
    return caller.call("WriteOffDebt", **about, **amount("AdjustmentAmount", value))


def _owed(caller: Caller, instrument: str) -> tuple[str, ...]:
    return tuple(caller.call("GetDebtBalance", CreditInstrumentId=instrument).every("Value"))
