"""``flask fps prune``, ``export`` and ``health``: keeping a ledger in order."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from typing import TextIO

import click
from flask.cli import with_appcontext

from ..checkout import UNSEEN_AFTER
from ..checkout import WORKER_SEEN_WITHIN
from ..checkup import findings
from ..ledger import Backlog
from ..ledger import Ledger
from ..ledger import Pruned
from ..plurals import counted
from ..sheets import csv_lines
from ..sheets import iso
from ..sheets import json_lines
from ..state import current_fps
from .options import json_option
from .person import confirm
from .person import yes_option
from .tables import folded
from .tables import moment

#: How many payments or rows one step of long work takes.
PIECE = 200
KINDS = ("payments", "refunds", "grants")
#: Of each queue, what one entry is.
ONE_OF = {
    "payments": "payment",
    "messages": "message",
    "releases": "release",
    "refunds": "refund",
    "deliveries": "delivery",
}


# prune


@click.command(short_help="Take away the stories of payments that are over.")
@click.option(
    "--older-than", "days", required=True, type=click.IntRange(1, 36500), metavar="DAYS", help="Only older than this."
)
@click.option("--dry-run", is_flag=True, help="Only say of how many payments.")
@json_option("How much was taken away")
@yes_option
@with_appcontext
def prune(days: int, dry_run: bool, as_json: bool, yes: bool) -> None:
    """Take away kept messages and stories of payments that are over.

    Of payments that are final and delivered and about which nothing is open, messages and journal lines go.
    Payments, their requests, transactions, refunds and grants stay for ever.
    """
    ledger = current_fps().ledger
    before = ledger.clock() - timedelta(days=days)
    payments = ledger.operator.prunable(before)
    if dry_run and as_json:
        click.echo(json.dumps({"payments": payments}))
        return
    if dry_run:
        found = counted(payments, "payment is", "payments are")
        click.echo(f"{found} over and older than {counted(days, 'day')}.")
        return
    if payments:
        stories = counted(payments, "payment that is", "payments that are")
        confirm(f"Take away the stories of {stories} older than {counted(days, 'day')}?", yes)
    with _bar(payments, "Payments") as progress:
        done = _prune(ledger, before, progress)
    strays = ledger.operator.prune_strays(before)
    if as_json:
        click.echo(json.dumps({**asdict(done), "strays": strays}))
        return
    click.echo(_what_went(done, strays))


def _what_went(done: Pruned, strays: int) -> str:
    if not (done.payments or strays):
        return "Nothing to take away."
    gone = f"{counted(done.messages, 'message')} and {counted(done.journal, 'journal line')}"
    about_none = f"{counted(strays, 'message')} about none"
    return f"Taken away: {gone} of {counted(done.payments, 'payment')}, and {about_none}."


def _prune(ledger: Ledger, before: Any, progress: Any) -> Pruned:
    total = Pruned()
    while True:
        done = ledger.operator.prune(before, PIECE)
        if done.payments == 0:
            return total
        total += done
        progress.update(done.payments)


# export


@click.command(short_help="Write payments, refunds or grants as CSV or JSON lines.")
@click.argument("what", type=click.Choice((*KINDS, "all")), default="all")
@click.option("--format", "form", type=click.Choice(("csv", "jsonl")), default="jsonl", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="A file; for all as CSV, a folder. Else the terminal.")
@with_appcontext
def export(what: str, form: str, output: Path | None) -> None:
    """Write payments, refunds or grants as CSV or JSON lines, oldest first.

    All at once is JSON lines, each with its kind, or as CSV three files in a folder.
    """
    ledger = current_fps().ledger
    if what != "all":
        with _opened(output) as file:
            _write(ledger, what, form, file, progress=output is not None)
    elif form == "jsonl":
        with _opened(output) as file:
            for kind in KINDS:
                file.writelines(json_lines({"kind": kind, **row} for row in _rows(ledger, kind)))
    elif output is None:
        raise click.UsageError("CSV has one table to a file: name payments, refunds or grants, or give --output FOLDER")
    else:
        _folder(output)
        for kind in KINDS:
            with _opened(output / f"{kind}.csv") as file:
                _write(ledger, kind, form, file, progress=True)


def _write(ledger: Ledger, what: str, form: str, file: TextIO, *, progress: bool) -> None:
    with _bar(ledger.operator.count(what), what.capitalize(), hidden=not progress) as bar:
        rows = _counted(_rows(ledger, what), bar)
        file.writelines(csv_lines(rows, ledger.operator.columns(what)) if form == "csv" else json_lines(rows))


def _rows(ledger: Ledger, what: str) -> Iterator[Mapping[str, Any]]:
    after = 0
    while found := ledger.operator.rows(what, after, PIECE):
        yield from (row for _, row in found)
        after = found[-1][0]


def _counted(rows: Iterable[Mapping[str, Any]], bar: Any) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        yield row
        bar.update(1)


def _folder(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise click.ClickException(f"{output} is a file, and this writes three: give --output a folder") from error
    except OSError as error:
        raise click.ClickException(f"cannot make the folder {output}: {error.strerror}") from error


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror}") from error


def _bar(length: int, label: str, *, hidden: bool = False) -> Any:
    """A progress bar for whoever watches; nothing in a script's output."""
    return click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=hidden or not sys.stderr.isatty() or length == 0
    )


# health


@click.command(short_help="Say whether anything waits that should not.")
@json_option("All of it")
@with_appcontext
def health(as_json: bool) -> None:
    """Say whether anything waits that should not, or is not set up as it must be.

    Exit 1 if something is parked, or due and unseen for 5 minutes, or if this process could not take a payment:
    SECRET_KEY is missing, handlers of FPS_EXPECT_HANDLERS are, or every certificate is out of date.
    """
    state = current_fps()
    now = state.ledger.clock()
    backlog = state.ledger.operator.backlog(now - UNSEEN_AFTER)
    found = [*findings(state), *state.checkout.unserved(now - UNSEEN_AFTER), *_findings(backlog)]
    seen = backlog.worker_seen_at
    at_work = seen is not None and seen > now - WORKER_SEEN_WITHIN
    if as_json:
        queues = {name: {"due": each.due, "since": iso(each.since)} for name, each in backlog.queues.items()}
        facts = {"healthy": not found, "findings": found, "parked": backlog.parked, "unseen": queues}
        click.echo(json.dumps({**facts, "worker_at_work": at_work, "worker_seen_at": iso(seen)}, indent=2))
    else:
        for finding in found:
            click.echo(folded(finding, indent=2))
        when = f"last seen {moment(seen)}" if seen else "never seen"
        click.echo(f"Worker:  {'at work' if at_work else 'none'}, {when}")
        click.echo("Nothing waits that should not." if not found else "Not healthy.")
    if found:
        raise click.exceptions.Exit(1)


def _findings(backlog: Backlog) -> Iterator[str]:
    if backlog.parked:
        yield f"{backlog.parked} parked: `flask fps list --parked` says why"
    if backlog.stumbling:
        stuck = counted(backlog.stumbling, "payment")
        yield f"{stuck} could not be taken further, and will be tried again: the log and `flask fps show` say why"
    for name, queue in backlog.queues.items():
        if queue.due:
            due = counted(queue.due, ONE_OF[name], name)
            yield f"{due} due for over five minutes, since {moment(queue.since)}: run `flask fps work`"
