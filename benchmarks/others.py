"""Measures and the canonical space against packages by others, number by number.

``./scripts/bench others`` computes both sides on made data, and keeps in ``results/others.json``
what the packages say: ``tests/similarity/test_others.py`` makes the same data and holds ours to it,
without the packages. ``./scripts/bench pages`` writes the tables of the docs. Nothing is timed.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Any

import numpy as np

import samefeatures as sf
from benchmarks import others_pairs, others_spaces
from benchmarks.others_data import PAIRS, TOLERANCE, VIEWS, Peer, Rows, Value, far
from benchmarks.record import RESULTS, Line, machine

PATH = RESULTS / "others.json"
DRAWS = 40
"""Of features far from zero."""


def run() -> list[Line]:
    """Both tables, kept; a line a peer with the largest difference where there should be none."""
    values = [held(peer, data) for peer in others_pairs.PEERS for data in PAIRS]
    spaces = list(held_spaces())
    names = sorted({value.package for value in values} | {each["package"] for each in spaces})
    record = {
        "suite": "others",
        **machine(),
        "packages": {name: version(name) for name in names},
        "sums": {
            "pairs": {name: [float(np.sum(x, dtype=np.float64)) for x in made()]
                      for name, made in PAIRS.items()},
            "views": {name: [float(np.sum(x)) for x in made().values()]
                      for name, made in VIEWS.items()},
        },
        "values": [asdict(value) for value in values],
        "spaces": spaces,
        "far": [draws(peer) for peer in FAR],
    }  # fmt: skip
    PATH.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
    return [*lines(values), *map(_space_line, spaces)]


def ours(measure: str, a: Rows, b: Rows, *, both: bool = False) -> float:
    """Of two spaces; with ``both`` the mean of both directions."""
    take = getattr(sf.moments({"a": a, "b": b}), measure)
    return float((take("a", "b") + take("b", "a")) / 2 if both else take("a", "b"))


def held(peer: Peer, data: str) -> Value:
    """Theirs and ours on one kind of data."""
    a, b = PAIRS[data]()
    theirs, said = asked(peer, a, b)
    mine = ours(peer.measure, a, b, both=peer.both)
    return Value(
        package=peer.package, call=peer.call, measure=peer.measure, data=data, theirs=theirs,
        said=said, ours=mine if math.isfinite(mine) else None, why=peer.apart.get(data, ""),
        within=peer.within, note=peer.note, both=peer.both,
    )  # fmt: skip


def asked(peer: Peer, a: Rows, b: Rows) -> tuple[float | None, str]:
    """A number, or what came in its place."""
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # bars of progress
            found = peer.of(a, b)
    except ImportError:
        raise
    except Exception as error:  # theirs, of any kind: it is what they say
        return None, f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return (found, "") if math.isfinite(found) else (None, str(found))


def lines(values: Sequence[Value]) -> Iterator[Line]:
    """A line a peer: is it ours where it should be, and apart where a reason is known?"""
    for peer in others_pairs.PEERS:
        mine = [v for v in values if (v.package, v.call) == (peer.package, peer.call)]
        near = [v.difference for v in mine if not v.why and v.difference is not None]
        yield _line(
            f"{peer.measure}, {len(near)} kinds of data", f"{peer.package} {peer.call}",
            max(near, default=0.0), peer.within, all(v.agrees != bool(v.why) for v in mine),
        )  # fmt: skip


def _line(stage: str, peer: str, difference: float, within: float, met: bool) -> Line:
    return Line(
        stage=stage, ours=difference, peer=peer, theirs=within, ratio=difference / within,
        goal=f"at most {within:g}", met=met and difference <= within, unit="",
    )  # fmt: skip


def held_spaces() -> Iterator[dict[str, Any]]:
    """What peers make of several views, in our terms, and how far it is from ours."""
    for peer in others_spaces.PEERS:
        for data, k, alpha in peer.data:
            views = VIEWS[data]()
            mine = others_spaces.taken(others_spaces.space(views, k, alpha), views, peer.what)
            theirs = peer.of(views, k, alpha)
            yield {
                "package": peer.package, "call": peer.call, "what": peer.what, "data": data,
                "k": k, "alpha": alpha, "difference": others_spaces.apart(mine, theirs),
                "theirs": theirs,
            }  # fmt: skip


def _space_line(kept: dict[str, Any]) -> Line:
    return _line(
        f"{kept['what']}, {kept['data']}, k {kept['k']}, alpha {kept['alpha']:g}",
        f"{kept['package']} {kept['call']}", kept["difference"], TOLERANCE, True,
    )  # fmt: skip


def _debiased(package: str) -> Peer:
    return next(
        peer
        for peer in others_pairs.PEERS
        if (peer.package, peer.measure) == (package, "debiased_cka")
    )


FAR = (
    *map(_debiased, ("thingsvision", "pytorch-cka", "torch-cka", "cka-pytorch")),
    replace(_debiased("ckatorch"), package="samefeatures", call="debiased_cka",
            of=lambda a, b: ours("debiased_cka", a, b)),
)  # fmt: skip
TRUE: Callable[[Rows, Rows], float] = _debiased("ckatorch").of


def draws(peer: Peer) -> dict[str, Any]:
    """What becomes of debiased CKA of float32 features of mean 100, over many draws.

    True is what one of the packages says of the same numbers in float64, about their mean.
    """
    counts = {"none": 0, "beyond": 0, "end": 0}
    errors = []
    for seed in range(DRAWS):
        a, b = far(seed)
        found, _ = asked(peer, a, b)
        if found is None:
            counts["none"] += 1
        elif abs(found) > 1:
            counts["beyond"] += 1
        elif found in (0, 1):
            counts["end"] += 1
        else:
            true = TRUE(others_pairs.centred(a), others_pairs.centred(b))
            errors.append(abs(found - true))
    return {
        "package": peer.package, "call": peer.call, "draws": DRAWS, **counts,
        "error": max(errors, default=None),
    }  # fmt: skip
