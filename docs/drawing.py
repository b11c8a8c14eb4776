"""The diagrams of the documentation, drawn from what the code says: nobody redraws them when it changes."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from flask_fps.ledger.moves import MOVES
from flask_fps.records import FINAL
from flask_fps.records import State

S = State
#: Where each state stands: column and row.
PLACES = {
    S.STARTED: (0, 2.0),
    S.ABANDONED: (1, 1.0),
    S.REFUSED: (1, 3.0),
    S.AUTHORIZED: (2, 2.0),
    S.PAYING: (3, 1.0),
    S.UNKNOWN: (4, 0.0),
    S.PENDING: (4, 1.1),
    S.RESERVED: (4, 2.2),
    S.PAID: (5, 0.0),
    S.FAILED: (5, 1.6),
    S.CANCELLED: (5, 3.2),
    S.EXPIRED: (2, 4.0),
}
COLUMN, ROW, WIDTH, HEIGHT, EDGE = 172, 74, 108, 36, 14
STYLE = (
    "text{font:14px system-ui,sans-serif;fill:currentColor}"
    ".move{fill:none;stroke:currentColor;stroke-opacity:.45;stroke-width:1.3}"
    ".state{fill:var(--color-background-primary,#fff);stroke:currentColor;stroke-width:1.4}.final{stroke-width:3}"
    ".line{stroke:currentColor;stroke-opacity:.35;stroke-dasharray:4 4}"
    ".arrow{stroke:currentColor;stroke-width:1.4}.back{stroke-dasharray:6 4}"
    ".dim{opacity:.7;font-size:12.5px}.who{font-weight:600}"
)
HEAD = (
    '<defs><marker id="{id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>'
)


def states() -> str:
    """The move table as a picture: an arrow for every move there is, thick frames for what is final."""
    width = EDGE * 2 + COLUMN * 5 + WIDTH
    height = EDGE * 2 + int(ROW * 4) + HEIGHT + 30
    moves = "".join(_move(origin, to) for origin, targets in MOVES.items() for to in sorted(targets, key=str))
    boxes = "".join(_state(state) for state in State)
    return _svg(width, height, "The states of a payment and every move between them", "states", moves + boxes)


def _at(state: State) -> tuple[float, float]:
    column, row = PLACES[state]
    return EDGE + column * COLUMN, EDGE + 20 + row * ROW


def _state(state: State) -> str:
    x, y = _at(state)
    look = "state final" if state in FINAL else "state"
    label = f'<text x="{x + WIDTH / 2}" y="{y + HEIGHT / 2 + 5}" text-anchor="middle">{state.value}</text>'
    return f'<rect class="{look}" x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>{label}'


def _move(origin: State, to: State) -> str:
    (x, y), (u, v) = _at(origin), _at(to)
    half = HEIGHT / 2
    if u > x:
        start, end = (x + WIDTH, y + half), (u, v + half)
        bend = max((u - x - WIDTH) * 0.55, 20)
        path = f"M{start[0]} {start[1]}C{start[0] + bend} {start[1]} {end[0] - bend} {end[1]} {end[0]} {end[1]}"
    elif u == x:  # to a neighbour above or below
        down = v > y
        start, end = (x + WIDTH / 2, y + (HEIGHT if down else 0)), (u + WIDTH / 2, v + (0 if down else HEIGHT))
        side = -WIDTH if origin is S.UNKNOWN and to is S.RESERVED else 0
        path = f"M{start[0]} {start[1]}C{start[0] + side} {start[1]} {end[0] + side} {end[1]} {end[0]} {end[1]}"
    else:  # back
        start, end = (x + WIDTH / 2, y), (u + WIDTH / 2, v)
        path = f"M{start[0]} {start[1]}C{start[0]} {start[1] - 60} {end[0]} {end[1] - 60} {end[0]} {end[1]}"
    return f'<path class="move" d="{path}" marker-end="url(#states-head)"><title>{origin} to {to}</title></path>'


#: Who takes part in the dance, and what they say to each other, in order: speaker, hearer, words, state.
WHO = ("Buyer's browser", "Shop", "Provider")
DANCE = (
    (0, 1, "GET /download/1", ""),
    (1, 1, "write the payment down", "started"),
    (1, 0, "303 to the signed address", ""),
    (0, 2, "sign in, choose how to pay, confirm", ""),
    (2, 0, "302 with a signed token", ""),
    (0, 1, "GET /fps/return?…&tokenID=…", ""),
    (1, 1, "verify; write the request down", "paying"),
    (1, 2, "Pay", ""),
    (2, 1, "Success", ""),
    (1, 1, "write it down, deliver", "paid"),
    (1, 0, "303 to the payment's page", ""),
    (2, 1, "notification, whenever", "hint"),
)


def dance() -> str:
    """The dance as a sequence diagram."""
    gap, top, step = 330, 56, 46
    height = top + step * len(DANCE) + 30
    width = gap * 2 + 220
    lanes = [110 + gap * number for number in range(3)]
    return _svg(width, height, "The dance, step by step", "dance", "".join(_dance(lanes, top, step, height)))


def _dance(lanes: list[int], top: int, step: int, height: int) -> Iterator[str]:
    for lane, who in zip(lanes, WHO, strict=True):
        yield f'<text class="who" x="{lane}" y="24" text-anchor="middle">{escape(who)}</text>'
        yield f'<line class="line" x1="{lane}" x2="{lane}" y1="38" y2="{height - 8}"/>'
    for number, (speaker, hearer, said, state) in enumerate(DANCE, 1):
        y = top + step * (number - 1) + 22
        yield from _saying(lanes, number, y, speaker, hearer, f"{number}. {said}", state)


def _saying(lanes: list[int], number: int, y: int, speaker: int, hearer: int, said: str, state: str) -> Iterator[str]:
    start, end = lanes[speaker], lanes[hearer]
    if speaker == hearer:
        yield f'<circle cx="{start}" cy="{y - 4}" r="5" fill="currentColor"/>'
        note = f' <tspan class="dim">({escape(state)})</tspan>' if state else ""
        yield f'<text x="{start + 14}" y="{y}">{escape(said)}{note}</text>'
        return
    inset = 6 if end > start else -6
    middle = (start + end) / 2 if abs(speaker - hearer) == 1 else (lanes[0] + lanes[1]) / 2
    note = f' <tspan class="dim">({escape(state)})</tspan>' if state else ""
    look = "arrow back" if state == "hint" else "arrow"
    ends = f'x1="{start + inset}" x2="{end - inset}" y1="{y}" y2="{y}"'
    yield f'<line class="{look}" {ends} marker-end="url(#dance-head)"/>'
    yield f'<text x="{middle}" y="{y - 8}" text-anchor="middle">{escape(said)}{note}</text>'


def _svg(width: int, height: int, label: str, id: str, drawing: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{label}" '
        f'style="max-width:100%;height:auto"><style>{STYLE}</style>{HEAD.format(id=f"{id}-head")}{drawing}</svg>'
    )
