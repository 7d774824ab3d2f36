"""Controls in a line each: what was done, what came out, and what that says of the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from samefeatures.base.shown import plain
from samefeatures.report.findings import Alone, alone
from samefeatures.report.grid import MISSING, number
from samefeatures.report.judged import level_words
from samefeatures.report.level import baseline, chance, near
from samefeatures.scores.medians import median
from samefeatures.study.results import ControlRow, Controls, StudyResults


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlLine:
    """A row of the table of controls.

    Attributes:
        name: Of the control.
        what: What is done.
        top1: Median top-1 in percent with its range, or a dash.
        agreement: Median agreement with the target network in percent, or a dash.
        reading: What it says.
    """

    name: str
    what: str
    top1: str
    agreement: str
    reading: str


HEADS = ("Control", "What is done", "Top-1, %", "Agreement, %", "What it says")


def control_lines(results: StudyResults) -> list[ControlLine]:
    """The table; empty where the study has no controls."""
    controls = results.controls
    if controls is None:
        return []
    found = [_line(name, controls, results) for name in KNOWN if _of(controls, name)]
    spaces = (alone(results, kind) for kind in SPACES)
    found += [_space_line(space, results) for space in spaces if space is not None]
    missing = {"what": "", "top1": MISSING, "agreement": MISSING}
    found += [
        ControlLine(name=name, **missing, reading=f"not taken: {plain(why)}")
        for name, why in controls.left_out.items()
    ]
    return found


def _space_line(space: Alone, results: StudyResults) -> ControlLine:
    """A kind of control space in every source's place."""
    return ControlLine(
        name=space.kind,
        what=f"{SPACES[space.kind]}: OLS from it into every other network",
        top1=f"{number(space.top1.median)} ({number(space.top1.low)} to {number(space.top1.high)})",
        agreement=number(space.agreement.median),
        reading=f"in the place of all sources, medians over {len(space.rows)} maps; R² "
        f"{number(space.r2.median)}; chance is {number(chance(results))} %",
    )


def heading(controls: Controls) -> str:
    """Which maps the controls are of."""
    targets = {row.target for row in controls.rows}
    into = "every other network" if len(targets) > 1 else plain(next(iter(targets), ""))
    but = ", but for the last lines" if controls.spaces.rows else ""
    return (
        f"Of the maps out of {plain(controls.source)}, the first network of the study, into "
        f"{into}{but}. Medians over the maps, and ranges."
    )


def _of(controls: Controls, name: str) -> list[ControlRow]:
    return [row for row in controls.rows if row.control == name]


def _line(name: str, controls: Controls, results: StudyResults) -> ControlLine:
    known = [row.top1 for row in _of(controls, name) if row.top1 is not None]
    spread = f" ({number(min(known))} to {number(max(known))})" if len(known) > 1 else ""
    what, reading = KNOWN[name]
    return ControlLine(
        name=name,
        what=what.format(seed=controls.seed),
        top1=number(median(known)) + spread,
        agreement=number(_agreement(controls, name)),
        reading=reading(controls, results),
    )


def _top1(controls: Controls, name: str) -> float:
    return median(row.top1 for row in _of(controls, name) if row.top1 is not None)


def _agreement(controls: Controls, name: str) -> float:
    return median(row.agreement for row in _of(controls, name))


def _read_ols(controls: Controls, results: StudyResults) -> str:
    own = next(net.top1 for net in results.networks if net.name == controls.source)
    return f"{plain(controls.source)} itself: {number(own)} %"


def _read_naive(_controls: Controls, results: StudyResults) -> str:
    return level_words(results)


def _read_shuffled(controls: Controls, results: StudyResults) -> str:
    text = level_words(results)
    if not near(_top1(controls, "shuffled pairs"), baseline(results)):
        return text + "; more than that needs an explanation before anything else is believed"
    return text + ": the maps need features of the same image"


def _read_random(controls: Controls, results: StudyResults) -> str:
    trained, random = _top1(controls, "ols"), _top1(controls, "random weights")
    return (
        f"what the architecture gives alone (chance is {number(chance(results))} %); training the "
        f"source adds {number(trained - random)} points"
    )


def _read_logits(controls: Controls, _results: StudyResults) -> str:
    rows = _of(controls, "onto logits")
    total = sum(row.n for row in rows)
    differing = controls.logit_predictions_differing
    return (
        f"must equal ols: {differing} of {total} predictions differ, logits by at most "
        f"{controls.logit_difference:.0e} of the largest"
    )


def _read_fit_set(controls: Controls, _results: StudyResults) -> str:
    fit, held_out = _agreement(controls, "fit set"), _agreement(controls, "ols")
    text = f"agreement {number(fit)} % there, {number(held_out)} % on the eval set"
    if any(row.top1 is not None for row in _of(controls, "fit set")):
        both = [number(_top1(controls, name)) for name in ("fit set", "ols")]
        text += f"; top-1 {both[0]} % and {both[1]} %"
    return text + "; a gap is what the maps learned by heart, or the two sets differ"


def _read_seen(controls: Controls, results: StudyResults) -> str:
    share = 100 * _of(controls, SEEN)[0].n / results.fit_data.rows
    return f"on {number(share, 0)} % of the fit rows, those that they were fitted on"


def _read_unseen(controls: Controls, _results: StudyResults) -> str:
    seen, unseen = _agreement(controls, SEEN), _agreement(controls, UNSEEN)
    beyond = unseen - _agreement(controls, "ols")
    return (
        f"learned by heart: {number(seen - unseen)} points of agreement; from there to the eval "
        f"set, where the sets differ: {number(beyond)} points"
    )


SEEN, UNSEEN = "fit set, seen", "fit set, unseen"
KNOWN: dict[str, tuple[str, Callable[[Controls, StudyResults], str]]] = {
    "ols": ("the maps themselves, for comparison", _read_ols),
    "naive": ("no map: features cut off or filled with zeros", _read_naive),
    "shuffled pairs": (
        "OLS between features of different images (the source's rows permuted, seed {seed})",
        _read_shuffled,
    ),
    "random weights": (
        "OLS from the source's architecture with untrained weights (seed {seed})",
        _read_random,
    ),
    "onto logits": ("OLS straight onto the target's logits", _read_logits),
    "fit set": ("the OLS hybrids on the images that they were fitted on", _read_fit_set),
    SEEN: ("OLS without a part of the fit set, on the rest of it", _read_seen),
    UNSEEN: ("the same maps on that part", _read_unseen),
}
"""What is done for each control, and who reads what came out."""

SPACES = {
    "class noise": "a random vector for the answer of each network, plus noise",
    "random weights": "the architecture of each network with untrained weights",
}
"""Control spaces that stand among the controls: what each is."""
