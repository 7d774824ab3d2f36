"""How many dimensions networks share: what the sweep over the canonical space came to."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from samefeatures.base.shown import plain
from samefeatures.report.grid import MISSING, count, number
from samefeatures.report.listing import Listing
from samefeatures.study.results import CanonicalNetwork, CanonicalResults, StudyResults

POINT = 1.0
"""A loss in points that counts as small."""
HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """All maps of one k.

    Attributes:
        k: Directions; None is full rank.
        loss: Median loss vs target, in points; None where nothing is counted.
        r2: Median on the eval images.
        held: Median share of a network's variance; None at full rank.
    """

    k: int | None
    loss: float | None
    r2: float | None
    held: float | None


def steps(found: CanonicalResults) -> list[Step]:
    """One for each k, and full rank at last."""
    out = []
    for place, k in enumerate((*found.ks, None)):
        mine = [pair for pair in found.pairs if pair.k == k]
        held = None if k is None else statistics.median(n.held[place] for n in found.networks)
        out.append(
            Step(
                k=k,
                loss=_median([pair.loss_points for pair in mine]),
                r2=_median([pair.r2 for pair in mine]),
                held=held,
            )
        )
    return out


def shared_by_half(found: CanonicalResults) -> int:
    """Directions that more than half of the networks share on held-out images."""
    return sum(1 for s in found.held_out if s is not None and s > len(found.networks) / 2)


def above_chance(found: CanonicalResults) -> int:
    """Directions that are shared by more than Gaussian noise would seem to."""
    return sum(1 for shared in found.shared if shared > found.chance * (1 + 1e-6))


def more_than_answers(found: CanonicalResults) -> int:
    """Of the directions that more than half share, those of which answers tell less than half."""
    most = len(found.networks) / 2
    told = zip(found.held_out, found.answers, strict=True) if found.answers else ()
    return sum(1 for s, a in told if s is not None and s > most and a is not None and a < HALF)


def canonical_listing(results: StudyResults) -> Listing | None:
    """The sweep over k; None where the study has none."""
    return None if results.canonical is None else sweep_listing(results.canonical)


def sweep_listing(found: CanonicalResults) -> Listing:
    """A line for each k, and full rank at last."""
    return Listing(
        slug="canonical",
        title="How many dimensions do they share?",
        says=tuple(_says(found)),
        heads=(
            "Directions",
            "Shared by, fit",
            "Shared by, eval",
            "Variance held, median",
            "R², median map",
            "Loss vs target, points, median",
        ),
        rows=tuple(_row(found, step) for step in steps(found)),
        notes=(
            "Maps from every network to every other go through the first k directions of one space "
            "(method canonical). Shared by: of the last of these directions, on fit and on eval "
            "images. Loss: the target's own top-1 less the hybrid's. Full rank: "
            f"{'ridge' if found.alpha else 'ols'}.",
            "Gaussian noise: a level that the first direction of unrelated Gaussian features "
            "exceeds in at most one draw of twenty. Skewed or heavy-tailed features that are "
            "unrelated exceed it more often, so that it is no test of what networks share.",
        ),
    )


def _says(found: CanonicalResults) -> list[str]:
    networks, looked = len(found.networks), len(found.shared)
    at_most = "at least " if above_chance(found) == looked < found.rank else ""
    said = [
        f"{at_most}{above_chance(found)} directions are shared by more networks than Gaussian "
        f"noise would seem to be ({number(found.chance)} of {networks}); on images that no map "
        f"saw, {shared_by_half(found)} of the first {looked} are shared by more than half of the "
        "networks."
    ]
    said[0] = said[0][:1].upper() + said[0][1:]
    every = steps(found)
    losses = [step for step in every if step.loss is not None]
    if losses:
        said.append(_of_losses(losses))
    if found.answers:
        said.append(
            f"Of the {shared_by_half(found)} that more than half share, "
            f"{more_than_answers(found)} are more than answers: no network's answers tell half of "
            "them."
        )
    return said


def _of_losses(losses: Sequence[Step]) -> str:
    first = next((step for step in losses if _rounded(step.loss or 0.0) < POINT), None)
    full = losses[-1]
    end = f"; at full rank it {_change(full.loss or 0.0)}" if full.k is None else ""
    if first is None or first.k is None:
        return (
            "With none of these k the median hybrid loses less than one point against its target"
            f"{end}."
        )
    loss = first.loss or 0.0
    less = ", less than one" if _rounded(loss) > 0 else ""
    return (
        f"Through {first.k} directions the median hybrid {_change(loss)} against its target"
        f"{less}{end}."
    )


def _rounded(loss: float) -> float:
    """As it is written."""
    return round(loss, 2)


def _change(loss: float) -> str:
    """``loses 0.33 points``, or gains where the loss is below zero as it is written."""
    verb = "gains" if _rounded(loss) < 0 else "loses"
    return f"{verb} {number(abs(loss), 2)} points"


def _row(found: CanonicalResults, step: Step) -> tuple[str, ...]:
    if step.k is None:
        return ("full rank", MISSING, MISSING, MISSING, _text(step.r2), _text(step.loss, 2))
    held_out = found.held_out[step.k - 1]
    return (
        count(step.k),
        number(found.shared[step.k - 1], 2),
        _text(held_out, 2),
        _text(step.held),
        _text(step.r2),
        _text(step.loss, 2),
    )


def left_out_listing(results: StudyResults) -> Listing | None:
    """Every network in the space, and attached to that of the others."""
    found = results.canonical
    return None if found is None or not found.left_out_k else attached_listing(found)


def attached_listing(found: CanonicalResults) -> Listing:
    """A line for each network."""
    return Listing(
        slug="attached",
        title="A network that comes later",
        says=(
            f"A space of {found.left_out_k} directions made of the other networks, to which this "
            "one is attached by an encoder and a decoder of its own: median R² and loss of the "
            "maps from and to it, beside those of the space that it is part of.",
        ),
        heads=("Network", "R², part of it", "R², attached", "Loss, part of it", "Loss, attached"),
        rows=tuple(_network_row(network) for network in found.networks),
    )


def _network_row(network: CanonicalNetwork) -> tuple[str, ...]:
    return (
        plain(network.name),
        _text(network.r2_in),
        _text(network.r2_out),
        _text(network.loss_in, 2),
        _text(network.loss_out, 2),
    )


def _text(value: float | None, digits: int = 3) -> str:
    return MISSING if value is None else number(value, digits)


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
