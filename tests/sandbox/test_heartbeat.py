from __future__ import annotations

import threading

import pytest

from flask_fps.sandbox.heartbeat import Heartbeat


def test_an_error_is_logged_and_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    twice, calls = threading.Event(), list[int]()

    def fail_once() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("the first time")
        twice.set()

    beat = Heartbeat("test-beat", 0.001, fail_once)
    beat.start()
    assert twice.wait(10)
    beat.stop(10)
    assert not beat.is_alive()
    assert "test-beat failed and goes on" in caplog.text
