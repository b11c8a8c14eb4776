from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from flask_fps import errors


def documented_tree() -> dict[str, str | None]:
    """Class name to its parent's, as the module's docstring draws it."""
    tree: dict[str, str | None] = {"FPSError": None}
    path = ["FPSError"]
    for line in (errors.__doc__ or "").splitlines():
        drawn = re.match(r"    ([│ ]*)[├└]── (\w+)", line)
        if drawn:
            depth = len(drawn[1]) // 4 + 1
            tree[drawn[2]] = path[depth - 1]
            path[depth:] = [drawn[2]]
    return tree


def actual_tree() -> dict[str, str | None]:
    classes = [each for each in vars(errors).values() if isinstance(each, type) and each.__module__ == errors.__name__]
    classes.remove(errors.SetupError)
    return {each.__name__: None if each is errors.FPSError else each.__bases__[0].__name__ for each in classes}


def test_the_documented_tree_is_the_tree() -> None:
    assert documented_tree() == actual_tree()


def test_every_error_says_when_it_is_raised() -> None:
    assert all(getattr(errors, name).__doc__ for name in actual_tree())


def test_a_mistake_in_set_up_is_a_runtime_error_that_a_terminal_shows_as_a_sentence() -> None:
    @click.command()
    def command() -> None:
        raise errors.SetupError("SECRET_KEY is not set: set it")

    result = CliRunner().invoke(command)
    assert (result.exit_code, result.output) == (1, "Error: SECRET_KEY is not set: set it\n")
    with pytest.raises(RuntimeError, match="^SECRET_KEY is not set: set it$"):
        raise errors.SetupError("SECRET_KEY is not set: set it")


def test_an_order_error_is_a_value_error_too() -> None:
    with pytest.raises(ValueError, match="write"):
        raise errors.OrderError("write it otherwise")


def test_a_service_error_tells_code_and_message() -> None:
    error = errors.ServiceError("InsufficientBalance", "not enough", request_id="r1", http_status=400, retryable=True)

    assert str(error) == "InsufficientBalance: not enough"
    assert (error.code, error.request_id, error.http_status, error.retryable) == (
        "InsufficientBalance",
        "r1",
        400,
        True,
    )


def test_an_invalid_signature_keeps_a_copy_of_the_parameters() -> None:
    received = {"status": "SA"}
    error = errors.InvalidSignature("signature does not match", received)
    received["status"] = "A"

    assert error.params == {"status": "SA"}
    assert errors.InvalidSignature("no parameters").params == {}


def test_an_invalid_transition_names_both_states() -> None:
    error = errors.InvalidTransition("paid", "failed")

    assert (error.state, error.to) == ("paid", "failed")
    assert "'paid'" in str(error)
    assert "'failed'" in str(error)


def test_an_expired_link_keeps_what_it_said() -> None:
    assert errors.Expired("too old", {"next": "/x"}).payload == {"next": "/x"}


def test_every_error_that_names_a_key_says_where_it_is_described() -> None:
    for file in Path(errors.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Raise) and node.exc is not None:
                said = ast.unparse(node.exc)
                named = re.search(r"\bFPS_[A-Z]", said)
                assert not named or "see('FPS_" in said, f"{file.name}:{node.lineno} names a key: end it with see(key)"


def test_where_a_key_is_described() -> None:
    assert errors.see("FPS_API_URL") == " (docs/configuration.rst#fps-api-url)"
