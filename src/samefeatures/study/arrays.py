"""What ``compare`` is given: spaces, held-out rows, heads and labels, held against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Bool, Float32, Int64
from samefeatures.base.errors import ConfigError, FeatureError, LabelError, NetworkError, first_line
from samefeatures.base.options import check_known, check_number, check_whole
from samefeatures.base.strict import check_name
from samefeatures.features.blocks import array_of, frame_ids
from samefeatures.features.given import Floats, GivenRows, Rows
from samefeatures.features.given_spaces import given_spaces
from samefeatures.features.rows import regroup
from samefeatures.features.same import check_same_ids
from samefeatures.networks.record import Head


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sides:
    """Rows that maps are fitted on, and rows that judge them.

    Attributes:
        fit: By the name of the space.
        evaluation: The same spaces.
        held: (n,) which of the rows that were given are held out; None where eval rows were given.
        labelled: The rows that labels are of: all where they were split, else those of eval.
        said: How rows were held out, for the settings of the results.
    """

    fit: dict[str, GivenRows]
    evaluation: dict[str, GivenRows]
    held: Bool | None
    labelled: dict[str, GivenRows]
    said: Mapping[str, Any]


def sides_of(
    spaces: Mapping[str, Rows],
    given: Mapping[str, Rows] | None,
    *,
    held_out: float | None,
    seed: int | None,
) -> Sides:
    """Fit rows and eval rows: both given, or a seeded split of those that are.

    Raises:
        ConfigError: when there are fewer than two spaces, or names or options are wrong.
        FeatureError: as ``given_spaces``; when eval rows are missing, empty, of other widths, or
            say that they are of other features than the fit rows; when rows that can be read only
            once would have to be split.
    """
    if not isinstance(spaces, Mapping) or len(spaces) < 2:
        raise ConfigError(
            "compare takes two or more spaces by name, e.g. compare({'clip': x, 'dino': y})."
        )
    fit = given_spaces(spaces)
    for name in spaces:
        try:
            check_name(name, "the name")
        except ValueError as error:
            raise ConfigError(f"compare: {error}.") from None
    if given is None:
        return _split(fit, 0.2 if held_out is None else held_out, 0 if seed is None else seed)
    if held_out is not None or seed is not None:
        raise ConfigError(
            "held_out and seed have no effect where eval rows are given. Leave them out."
        )
    check_by_name("eval", given, "rows", FeatureError)
    for name in given:
        check_known(name, spaces, "eval has rows of the unknown space", FeatureError)
    missing = [name for name in spaces if name not in given]
    if missing:
        raise FeatureError(f"eval has no rows of {missing[0]}. Give those of every space.")
    evaluation = given_spaces({name: given[name] for name in spaces}, side=" in eval")
    for name, rows in evaluation.items():
        if rows.dim != fit[name].dim:
            raise FeatureError(
                f"{name} has {fit[name].dim} features to fit on and {rows.dim} in eval. Both must "
                "be of one space."
            )
        if None is not rows.own != fit[name].own is not None:
            raise FeatureError(
                f"The rows of {name} to fit on say that they are of {fit[name].own}, and those in "
                f"eval of {rows.own}. Both must be of one space."
            )
    return Sides(
        fit=fit,
        evaluation=evaluation,
        held=None,
        labelled=evaluation,
        said={"eval": "rows of their own"},
    )


def check_by_name(what: str, given: object, each: str, error: type[Exception]) -> None:
    """Refuse what is not by the names of the spaces.

    Raises:
        error: naming ``what``.
    """
    if not isinstance(given, Mapping):
        raise error(
            f"{what} is {type(given).__name__}; give {each} by the names of the spaces: "
            f"{what}={{'clip': …, 'dino': …}}."
        )


def _split(rows: dict[str, GivenRows], held_out: float, seed: int) -> Sides:
    held_out = check_number("held_out", held_out, below=1)
    seed = check_whole("seed", seed, least=0)
    n = 0
    for part in rows.values():
        if part.length is None:
            raise FeatureError(
                f"{part.name} can be read only once, and is not split. Give held-out rows of their "
                "own: eval={…}."
            )
        n = part.length  # the same of all
    count = max(1, round(held_out * n))
    if n - count < 2:
        raise FeatureError(
            f"Of {n} rows {count} are held out, and fewer than 2 are left to fit on. Give more "
            "rows, or eval rows of their own: eval={…}."
        )
    held = np.zeros(n, np.bool_)
    held[np.random.default_rng(seed).permutation(n)[:count]] = True
    return Sides(
        fit={name: _chosen(part, ~held) for name, part in rows.items()},
        evaluation={name: _chosen(part, held) for name, part in rows.items()},
        held=held,
        labelled=rows,
        said={"held_out": held_out, "seed": seed, "eval": f"{count} of the {n} rows given"},
    )


def _chosen(rows: GivenRows, keep: Bool) -> GivenRows:
    ids = None if rows.ids is None else list(compress(rows.ids, keep))
    return replace(rows, length=int(keep.sum()), ids=ids, read=partial(_read, rows, keep))


def _read(rows: GivenRows, keep: Bool, size: int) -> Iterator[Floats]:
    def kept() -> Iterator[Any]:
        start = 0
        for block in rows.chunks(size):  # counts rows as they were given
            yield block[keep[start : start + len(block)]]
            start += len(block)

    yield from regroup(kept(), size)


def labels_of(given: Any, sides: Sides, heads: Mapping[str, Head]) -> Int64 | None:
    """(m,) labels of the eval rows.

    Args:
        given: (m,) or, where rows were split, (n,) of all of them.
        sides: Of the spaces.
        heads: By space.

    Raises:
        LabelError: when they are no whole numbers, not as many, outside the heads' classes, or
            called otherwise than the rows by the index of a frame.
        ConfigError: when they would have no effect.
    """
    if given is None:
        return None
    if not heads:
        raise ConfigError("labels have no effect without heads. Give heads={…}, or leave them out.")
    labels = _plain(given)
    wanted = next(iter(sides.labelled.values())).length
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or wanted not in (None, len(labels)):
        raise LabelError(
            f"labels are {labels.dtype} {labels.shape}; they must be whole numbers "
            f"({'n' if wanted is None else wanted},), one per row of "
            f"{'eval' if sides.held is None else 'the spaces'}."
        )
    called = frame_ids(given)
    for part in sides.labelled.values():
        if called is not None and part.ids is not None:
            check_same_ids(part.name, part.ids, "the labels", called, error=LabelError)
    classes = next(iter(heads.values())).classes
    if len(labels) and (labels.min() < 0 or labels.max() >= classes):
        raise LabelError(
            f"labels run from {labels.min()} to {labels.max()}, but the heads have {classes} "
            f"classes (0 to {classes - 1})."
        )
    known: Int64 = labels.astype(np.int64)
    return known if sides.held is None else known[sides.held]


def _plain(given: Any) -> npt.NDArray[Any]:
    """Labels of whatever library, as an array of NumPy."""
    try:
        labels = np.asarray(given.detach().cpu() if hasattr(given, "detach") else given)
    except Exception as error:  # of whatever library it is
        raise LabelError(
            f"labels ({type(given).__name__}) can't be read as an array: {first_line(error)}. Give "
            "one whole number a row."
        ) from None
    if np.ma.is_masked(given):
        raise LabelError("labels have masked values. Leave those rows out of all arrays.")
    return labels


def heads_of(given: Mapping[str, Any] | None, fit: Mapping[str, GivenRows]) -> dict[str, Head]:
    """Heads by space: ``Head``, a pair of weight (classes, d) and bias (classes,), or whatever has
    them, as a linear layer of torch.

    Raises:
        NetworkError: when one is something else, or of another width.
        LabelError: when they have different numbers of classes.
    """
    if given is not None:
        check_by_name("heads", given, "classifiers", NetworkError)
    heads: dict[str, Head] = {}
    for name, each in (given or {}).items():
        check_known(name, fit, "heads has one of the unknown space", NetworkError)
        head = _head(each, name)
        if head.dim != fit[name].dim:
            raise NetworkError(
                f"The head of {name} takes {head.dim} features, and {name} has {fit[name].dim}."
            )
        heads[name] = head
    counts = {name: head.classes for name, head in heads.items()}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise LabelError(
            f"The heads have different numbers of classes: {said}. Hybrids make sense only between "
            "heads of the same classes; compare those apart."
        )
    return heads


def _head(given: Any, name: str) -> Head:
    pair = given if isinstance(given, tuple) else None
    if pair is None and hasattr(given, "weight") and hasattr(given, "bias"):
        pair = (given.weight, given.bias)
    if pair is None or len(pair) != 2 or pair[1] is None:
        raise NetworkError(
            f"The head of {name} is {type(given).__name__}. Give a pair of arrays, weight "
            "(classes, d) and bias (classes,), or a linear layer that has both."
        )
    try:
        weight, bias = (_single(array_of(each, f"the head of {name}")) for each in pair)
    except FeatureError:
        kinds = " and ".join(str(getattr(each, "dtype", type(each).__name__)) for each in pair)
        raise NetworkError(
            f"The head of {name} is {kinds}; weight (classes, d) and bias (classes,) must be "
            "arrays of floats of 16, 32 or 64 bits."
        ) from None
    return Head(weight, bias)


def _single(array: Any) -> Float32:
    with np.errstate(over="ignore"):  # what becomes infinite is refused by the head
        return np.ascontiguousarray(array, np.float32)
