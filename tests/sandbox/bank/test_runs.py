"""Whatever callers and buyers do to runs in whatever order: one end, one yes, and nothing half-done."""

from __future__ import annotations

from datetime import datetime
from datetime import timezone

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from flask_fps.sandbox.bank import Bank
from flask_fps.sandbox.bank import BankError
from flask_fps.sandbox.bank import SandboxClock
from flask_fps.sandbox.bank.errors import RunEnded
from flask_fps.sandbox.bank.records import Run
from tests.sandbox.caller import JANE
from tests.sandbox.caller import JOHN
from tests.sandbox.caller import SELLER

ASKED = {
    "SingleUse": {"callerReference": "1", "transactionAmount": "1"},
    "MultiUse": {"callerReference": "2", "globalAmountLimit": "5"},
    "Recurring": {"callerReference": "2", "transactionAmount": "1", "recurringPeriod": "1 Day"},
    "Recipient": {"callerReference": "3", "recipientPaysFee": "True", "maxFixedFee": "0", "maxVariableFee": "0"},
    "SetupPrepaid": {"callerReferenceSender": "3", "callerReferenceFunding": "4", "fundingAmount": "5"},
    "SetupPostpaid": {
        "callerReferenceSender": "5",
        "callerReferenceSettlement": "4",
        "creditLimit": "5",
        "globalAmountLimit": "5",
    },
}
#: How many tokens a yes makes.
TOKENS = {"Recipient": 2, "SetupPrepaid": 2, "SetupPostpaid": 2}
ACTS = st.tuples(
    st.sampled_from(("open", "agree", "agree", "yes", "no", "fail")),
    st.sampled_from(tuple(ASKED)),
    st.sampled_from((JOHN, JANE, SELLER)),
    st.sampled_from(("ABT", "ACH", "CC", "GOLD")),
)


class Callers:
    """Drives one bank and remembers every run and how it ended."""

    def __init__(self) -> None:
        self.bank = Bank(SandboxClock.stopped_at(datetime(2026, 11, 22, tzinfo=timezone.utc)))
        self.runs: dict[str, str] = {}
        self.ends: dict[str, tuple[str | None, str | None]] = {}

    def act(self, what: str, pipeline: str, person: str, method: str) -> None:
        if what == "agree":
            self.act("open", pipeline, person, method)
            self.act("yes", pipeline, JOHN, "ABT")
        elif what == "open":
            common = {"pipelineName": pipeline, "returnURL": "http://127.0.0.1/", "paymentMethod": "ABT,CC"}
            opened = self.bank.pipelines.open(SELLER, common | ASKED[pipeline])
            if isinstance(opened, Run):
                self.runs[pipeline] = opened.run_id
        elif pipeline in self.runs:
            self._end(what, self.runs[pipeline], person, method)

    def _end(self, what: str, run_id: str, person: str, method: str) -> None:
        tokens = self.bank.tokens.all()
        try:
            if what == "yes":
                self.bank.pipelines.authorize(run_id, person, method)
            elif what == "no":
                self.bank.pipelines.abandon(run_id)
            else:
                self.bank.pipelines.break_down(run_id)
        except (BankError, RunEnded):
            assert self.bank.tokens.all() == tokens, "refused, and nothing was made"

    def check(self) -> None:
        made = 0
        for run in self.bank.books.runs:
            end = (run.ended, run.token_id)
            assert self.ends.setdefault(run.run_id, end) == end or self.ends[run.run_id][0] is None
            self.ends[run.run_id] = end
            made += TOKENS.get(run.pipeline, 1) if run.token_id else 0
            assert (run.token_id is not None) == (run.ended not in (None, "A", "SE"))
        tokens = self.bank.tokens.all()
        assert len(tokens) == made, "as many as were agreed to"
        named = [token for token in tokens if token.use != "Refund"]
        for token in named:
            assert self.bank.tokens.by_caller(SELLER, None, token.caller_reference) == token, (
                "a reference names one token"
            )
        assert not any(token.sender == SELLER for token in tokens)


@settings(max_examples=100, deadline=None)
@given(st.lists(ACTS, min_size=5, max_size=25))
def test_a_run_ends_once_and_a_reference_names_one_token(acts: list[tuple[str, str, str, str]]) -> None:
    callers = Callers()
    for act in acts:
        callers.act(*act)
        callers.check()


def test_two_runs_under_way_share_no_reference() -> None:
    bank = Bank(SandboxClock.stopped_at(datetime(2026, 11, 22, tzinfo=timezone.utc)))
    common = {"returnURL": "http://127.0.0.1/", "paymentMethod": "ABT,CC"}
    for pipeline in ("SetupPrepaid", "SetupPostpaid", "Recipient"):
        opened = bank.pipelines.open(SELLER, common | {"pipelineName": pipeline} | ASKED[pipeline])
        assert isinstance(opened, Run) is (pipeline == "SetupPrepaid")
    single = common | {"pipelineName": "SingleUse", "callerReference": "4", "transactionAmount": "1"}
    assert not isinstance(bank.pipelines.open(SELLER, single), Run)
