"""The command reference, made from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import click


def described(group: click.Group, path: str) -> Iterator[str]:
    """Every command of a group, and of the groups in it, in the lines of a page."""
    for name in sorted(group.commands):
        command = group.commands[name]
        if isinstance(command, click.Group):
            yield from described(command, f"{path} {name}")
        else:
            yield from _described(command, f"{path} {name}")


def _described(command: click.Command, path: str) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    yield from (
        f".. _cli-{path.removeprefix('flask fps ').replace(' ', '-')}:",
        "",
        f"``{path}``",
        "~" * (len(path) + 4),
    )
    yield ""
    yield from (command.help or "").replace("\b", "").splitlines()
    usage = " ".join(command.collect_usage_pieces(context))
    yield from ("", "::", "", f"    {path} {usage}", "")
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[0] != "--help":
            yield from (f"``{record[0]}``", f"    {record[1]}", "")
