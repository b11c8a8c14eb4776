"""The shop's story under API version 2007-01-08: tokens of its own, awsSignature, results that are asked for."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import pytest

from flask_fps.cli import fps
from flask_fps.money import Money
from flask_fps.protocol.dialects.v2007_01_08 import messages
from flask_fps.sandbox.bank.instructions import Installation
from flask_fps.sandbox.bank.instruments import recipient
from flask_fps.sandbox.bank.instruments.consent import Consent
from flask_fps.sandbox.bank.records import Account
from flask_fps.sandbox.bank.records import Method
from flask_fps.testing import Sandbox
from tests.flow.shop import money
from tests.flow.shop import reference_in
from tests.flow.shop import Shop
from tests.flow.shop import Visitor

pytestmark = pytest.mark.story

MINUTE = timedelta(minutes=1)
SELLER = "seller@digitaldownload.example"
BAND = "band@example.com"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"FPS_TIMEOUT": 5, "FPS_API_VERSION": "2007-01-08"}


def cli(shop: Shop, *arguments: str) -> str:
    result = shop.app.test_cli_runner().invoke(fps, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def install(shop: Shop) -> dict[str, tuple[str, str]]:
    """What `flask fps tokens install` says of each role."""
    lines = [line.split() for line in cli(shop, "tokens", "install").splitlines()[1:]]
    return {role: (how, token) for role, how, token in lines}


@pytest.fixture
def tokens(shop: Shop) -> dict[str, tuple[str, str]]:
    return install(shop)


def test_no_buyer_is_sent_away_before_there_are_tokens(shop: Shop, john: Visitor, fps_sandbox: Sandbox) -> None:
    answer = john.get(john.want("song").headers["Location"])
    assert (answer.status_code, "flask fps tokens install" in answer.text) == (503, True)


def test_tokens_are_installed_once(shop: Shop, fps_sandbox: Sandbox) -> None:
    first = install(shop)
    assert [how for how, _ in first.values()] == ["installed", "installed"]
    again = install(shop)
    assert again == {role: ("kept", token) for role, (_, token) in first.items()}
    own = [token for token in fps_sandbox.server.bank.tokens.all() if token.use == "Own"]
    assert [token.token_id for token in own] == [token for _, token in first.values()]


def test_tokens_are_listed_as_in_any_version(shop: Shop, tokens: dict[str, tuple[str, str]]) -> None:
    heads, *lines = cli(shop, "tokens", "list").splitlines()
    assert heads.split() == ["TOKEN", "TYPE", "STATUS", "INSTALLED", "REFERENCE"]
    assert [line.split()[:3] for line in lines] == [[token, "Unrestricted", "Active"] for _, token in tokens.values()]


def test_a_lost_answer_makes_no_second_token(shop: Shop, fps_sandbox: Sandbox) -> None:
    fps_sandbox.faults.add("InstallPaymentInstruction", "lose_answer")
    failed = shop.app.test_cli_runner().invoke(fps, ["tokens", "install"])
    assert failed.exit_code == 1 and "FPS gave no answer" in failed.output
    found = install(shop)
    assert [how for how, _ in found.values()] == ["found", "installed"]
    assert len(fps_sandbox.server.bank.tokens.all()) == 2


def test_a_cancelled_token_is_made_anew(shop: Shop, fps_sandbox: Sandbox, tokens: dict[str, tuple[str, str]]) -> None:
    fps_sandbox.server.bank.cancel_token(SELLER, tokens["caller"][1])
    again = install(shop)
    assert (again["caller"][0], again["recipient"]) == ("installed", ("kept", tokens["recipient"][1]))
    assert again["caller"][1] != tokens["caller"][1]


def test_john_pays_from_his_balance(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, tokens: dict[str, tuple[str, str]]
) -> None:
    url = john.authorize(john.want("song"))
    assert "awsSignature" in parse_qs(urlsplit(url).query)
    assert "signature" not in parse_qs(urlsplit(url).query)
    reference = reference_in(john.come_back(url))

    assert money(fps_sandbox) == [("Success", Decimal("0.10"), f"{reference}-1")]
    assert john.has("song")
    [made] = fps_sandbox.server.bank.transactions.all()
    assert made.recipient_token_id == tokens["recipient"][1]
    assert made.labels is not None and made.labels.caller_token_id == tokens["caller"][1]


def test_a_card_s_payment_is_asked_for(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, tokens: dict[str, tuple[str, str]]
) -> None:
    reference = john.buy("song", method="CC")
    assert shop.states() == ["pending"]
    shop.wait(fps_sandbox, MINUTE)
    shop.work()
    assert shop.states() == ["paid"]
    assert shop.delivered == [(reference, ("song",))]
    assert john.has("song")


def test_a_card_declined_for_the_moment_is_tried_again(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, tokens: dict[str, tuple[str, str]]
) -> None:
    john.buy("denied", method="CC")
    for _ in range(2):
        shop.wait(fps_sandbox, MINUTE)
        shop.work()
    assert shop.states() == ["paid"]
    assert [status for status, *_ in money(fps_sandbox)] == ["Success"]


def test_looking_at_what_was_declined_for_the_moment_tries_nothing(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, tokens: dict[str, tuple[str, str]]
) -> None:
    """Only whoever drives the payment moves its money: no command, no audit, nobody else who asks."""
    reference = john.buy("denied", method="CC")
    [made] = fps_sandbox.server.bank.transactions.all()
    state = shop.app.extensions["fps"]
    assert state.gateway.status(made.transaction_id).declined_for_now
    cli(shop, "transaction", made.transaction_id)
    with shop.app.app_context():
        assert list(state.checkout.audit("default", state.ledger.clock() - timedelta(days=1))) == []
    state.ledger.park(reference, "a person must see this")
    shop.wait(fps_sandbox, MINUTE)
    state.checkout.drive_payment(reference, early=True)
    [still] = fps_sandbox.server.bank.transactions.all()

    assert [change.code for change in still.history] == ["TemporaryDecline"]
    assert shop.states() == ["pending"]


@pytest.mark.parametrize("fault", ["lose_answer", "500_after", "garbage"])
def test_a_lost_answer_is_found_again(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, tokens: dict[str, tuple[str, str]], fault: str
) -> None:
    fps_sandbox.faults.add("Pay", fault)
    john.buy("song")
    assert shop.states() == ["unknown"]
    shop.work(after=MINUTE)
    shop.work(after=10 * MINUTE)
    assert shop.states() == ["paid"]
    assert [status for status, *_ in money(fps_sandbox)] == ["Success"]


def test_a_payment_of_another_amount_is_not_believed(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, tokens: dict[str, tuple[str, str]]
) -> None:
    john.buy("song", method="CC")
    fps_sandbox.faults.add("GetTransaction", "tamper", times=9, field="amount", value="0.01")
    shop.wait(fps_sandbox, MINUTE)
    shop.work()
    assert shop.states() == ["pending"]
    assert shop.payments()[0].parked_reason is not None
    assert shop.delivered == []


def test_a_buyer_who_does_not_come_back_is_found(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, tokens: dict[str, tuple[str, str]]
) -> None:
    john.session.headers["X-Buyer"] = "john"
    john.authorize(john.want("song"))
    shop.wait(fps_sandbox, 30 * MINUTE)
    shop.work()
    assert shop.states() == ["paid"]


def test_a_refusal_with_http_200_is_a_refusal(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, tokens: dict[str, tuple[str, str]]
) -> None:
    john.buy("piano")
    assert shop.states() == ["failed"]
    assert money(fps_sandbox) == []


def test_the_books_agree(shop: Shop, john: Visitor, fps_sandbox: Sandbox, tokens: dict[str, tuple[str, str]]) -> None:
    john.buy("song")
    assert "The ledger and the provider's books agree." in cli(shop, "reconcile")
    john.buy("album", method="CC")
    shop.wait(fps_sandbox, MINUTE)
    assert "agree" in cli(shop, "reconcile", "--all")
    assert "Pay" in cli(shop, "activity")


def test_an_operator_looks_at_it_in_the_words_of_today(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, tokens: dict[str, tuple[str, str]]
) -> None:
    john.buy("song", method="CC")
    [made] = fps_sandbox.server.bank.transactions.all()
    assert "Pending" in cli(shop, "transaction", made.transaction_id)
    assert "0.00" in cli(shop, "balance")


def test_money_goes_back(shop: Shop, john: Visitor, fps_sandbox: Sandbox, tokens: dict[str, tuple[str, str]]) -> None:
    reference = john.buy("song")
    with shop.app.app_context():
        refund = shop.fps.refund(reference)
    assert refund.state == "done"
    assert str(fps_sandbox.server.bank.account("john@example.com").balance) == "$1,000.00"


def test_the_client_speaks_the_first_version(
    shop: Shop, john: Visitor, fps_sandbox: Sandbox, tokens: dict[str, tuple[str, str]]
) -> None:
    john.buy("song", method="CC")
    fps_sandbox.settle()
    with shop.app.app_context():
        waiting = shop.fps.client.send(messages.GetResults())
        done = tuple(each.transaction_id for each in waiting.transaction_results)
        assert len(done) == 1
        assert shop.fps.client.send(messages.DiscardResults(transaction_ids=done)).discard_errors == ()


def test_a_signature_of_another_time_is_not_believed(
    shop: Shop, john: Visitor, tokens: dict[str, tuple[str, str]]
) -> None:
    url = john.authorize(john.want("song"))
    forged = url.replace("awsSignature=", "signature=")
    assert john.bring(forged).status == 400
    assert shop.states() == ["started"]


class TestConfigured:
    """Tokens named in the settings; nothing is stored."""

    @pytest.fixture
    def settings(self, fps_sandbox: Sandbox) -> dict[str, Any]:
        def made(role: str) -> str:
            wish = Installation(
                instruction=f"MyRole == '{role}';", caller_reference=f"own-{role}", token_type="Unrestricted"
            )
            return fps_sandbox.server.bank.instructions.install(SELLER, wish).token_id

        return {
            "FPS_API_VERSION": "2007-01-08",
            "FPS_CALLER_TOKEN": made("Caller"),
            "FPS_RECIPIENT_TOKEN": made("Recipient"),
        }

    def test_they_pay(self, shop: Shop, john: Visitor, settings: dict[str, Any], fps_sandbox: Sandbox) -> None:
        john.buy("song")
        assert shop.states() == ["paid"]
        assert install(shop)["caller"] == ("configured", settings["FPS_CALLER_TOKEN"])
        [made] = fps_sandbox.server.bank.transactions.all()
        assert made.recipient_token_id == settings["FPS_RECIPIENT_TOKEN"]


class TestAnotherRecipient:
    """The shop has somebody else paid: his token comes from the Recipient pipeline."""

    @pytest.fixture(params=["2007-01-08", "2008-09-17", "2010-08-28"])
    def settings(self, request: pytest.FixtureRequest, fps_sandbox: Sandbox) -> dict[str, Any]:
        bank = fps_sandbox.server.bank
        methods = (Method("ABT", "Account balance"),)
        bank.accounts.open(Account(email=BAND, name="The band", balance=Money(0, "USD"), methods=methods))
        yes = Consent(sender=BAND, caller=SELLER, caller_reference="band", method="ABT", at=bank.clock.now())
        made = recipient.install(yes, max_fixed_fee=None, max_variable_fee=None)
        bank.tokens.install(*made)
        return {"FPS_API_VERSION": request.param, "FPS_RECIPIENT_TOKEN": made.recipient.token_id}

    def test_he_is_paid(self, shop: Shop, john: Visitor, settings: dict[str, Any], fps_sandbox: Sandbox) -> None:
        if settings["FPS_API_VERSION"] == "2007-01-08":
            assert [how for how, _ in install(shop).values()] == ["installed", "configured"]
        john.buy("song")
        assert shop.states() == ["paid"]
        [made] = fps_sandbox.server.bank.transactions.all()
        assert (made.recipient, made.caller) == (BAND, SELLER)
        with shop.app.app_context():
            found = shop.app.extensions["fps"].gateway.status(made.transaction_id)
        assert found.facts is not None and found.facts.ours
