from __future__ import annotations

from flask_fps.protocol import codes


def test_the_documented_table_is_whole() -> None:
    assert len(codes.DOCUMENTED) == 58
    assert sum(code.retryable for code in codes.DOCUMENTED.values()) == 14
    assert len(codes.FIRST) == 19
    assert not set(codes.DOCUMENTED) & set(codes.BESIDES)
    assert set(codes.BESIDES) >= {"InvalidRequest", "InvalidParameterValue", "RequestExpired", "InvalidSignature"}
    assert not set(codes.FIRST) & (set(codes.DOCUMENTED) | set(codes.BESIDES))


def test_what_is_worth_a_retry() -> None:
    for code in (
        "InsufficientBalance",
        "InternalError",
        "AccessFailure",
        "ConcurrentModification",
        "ServiceUnavailable",
    ):
        assert codes.retryable(code)
    for code in ("DuplicateRequest", "InvalidParams", "SignatureDoesNotMatch", "TokenUsageError", "NeverHeardOf", ""):
        assert not codes.retryable(code)
