from __future__ import annotations

from tests.ledger.books import Books


def test_one_token_for_each_role_of_each_account(books: Books) -> None:
    ledger = books.ledger
    assert ledger.role_tokens.get("default", "fps") == {}
    ledger.role_tokens.keep("default", "fps", "caller", "C1")
    ledger.role_tokens.keep("default", "fps", "recipient", "R1")
    ledger.role_tokens.keep("other", "fps", "caller", "C2")
    ledger.role_tokens.keep("default", "fps", "caller", "C3")
    assert ledger.role_tokens.get("default", "fps") == {"caller": "C3", "recipient": "R1"}
