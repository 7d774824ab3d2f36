"""``npz:PATH``: features that were computed elsewhere, and the head that reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Float32, Int64
from samefeatures.base.digests import digest
from samefeatures.base.errors import CheckpointError, DuplicateIdError, FeatureError, NetworkError
from samefeatures.base.npz import read_npz
from samefeatures.networks.record import FeatureFile, Head
from samefeatures.networks.source import LoadOptions, Source, resolve_path

Array = npt.NDArray[Any]

REQUIRED = ("fit_features", "eval_features")
HEAD = ("head_weight", "head_bias")
OPTIONAL = ("eval_labels", *HEAD, "fit_ids", "eval_ids")


def load_npz(source: Source, options: LoadOptions) -> FeatureFile:
    """Read features, labels and head from an ``.npz`` file; nothing in it is unpickled.

    Arrays: ``fit_features`` (n, d) and ``eval_features`` (m, d), and optionally ``eval_labels``
    (m,), ``head_weight`` (classes, d) with ``head_bias`` (classes,), and ``fit_ids`` (n,) and
    ``eval_ids`` (m,) as unicode. Floats of 16 and 64 bits are rounded to float32, the precision
    that all features of a study have.

    Raises:
        NetworkError: when the file or an array is missing, or shapes or dtypes are wrong.
        CheckpointError: when the file is damaged.
        FeatureError: when features are NaN or infinite.
    """
    text = source.text
    path = resolve_path(source.rest, options.base)
    arrays = read_npz(
        path, REQUIRED, optional=OPTIONAL, refused=NetworkError, damaged=CheckpointError
    )
    values = {k: _floats(arrays[k], k, text) for k in (*REQUIRED, *HEAD) if k in arrays}
    head, dim = _head(values, text), values["fit_features"].shape[1]
    for key in REQUIRED:
        width = values[key].shape[1]
        if width != (dim if head is None else head.dim):
            other = (
                f"fit_features has {dim}"
                if head is None
                else f"head_weight {head.weight.shape} takes {head.dim}"
            )
            raise NetworkError(
                f"{text}: {key} has {width} features, but {other}. Both must be those of one "
                "network."
            )
        _check_finite(values[key], key, text)
    labels = _labels(arrays.get("eval_labels"), len(values["eval_features"]), head, text)
    return FeatureFile(
        name=options.name,
        source=text,
        head=head,
        fingerprint=_fingerprint(arrays),
        fit_features=values["fit_features"],
        eval_features=values["eval_features"],
        eval_labels=labels,
        fit_ids=_ids(arrays, "fit", len(values["fit_features"]), text),
        eval_ids=_ids(arrays, "eval", len(values["eval_features"]), text),
    )


def _head(values: dict[str, Float32], source: str) -> Head | None:
    given = [key for key in HEAD if key in values]
    if len(given) == 1:
        lacks = next(key for key in HEAD if key not in values)
        raise NetworkError(f"{source}: {given[0]} without {lacks}. Give both, or neither.")
    if not given:
        return None
    try:
        return Head(values["head_weight"], values["head_bias"])
    except NetworkError as error:  # which of several files is meant
        raise NetworkError(f"{source}: {error}") from None


def _floats(array: Array, key: str, source: str) -> Float32:
    """The array as float32, if it has floats and the right number of dimensions."""
    dims = 1 if key == "head_bias" else 2
    if array.dtype not in (np.float16, np.float32, np.float64):
        raise NetworkError(
            f"{source}: {key} is {array.dtype}; it must be float32 (or float16 or float64)."
        )
    if array.ndim != dims or not array.size:
        wanted = {"head_weight": "(classes, d)", "head_bias": "(classes,)"}.get(key, "(rows, d)")
        raise NetworkError(f"{source}: {key} has shape {array.shape}; it must be {wanted}.")
    with np.errstate(over="ignore"):  # a value too large becomes infinite, and is refused as such
        return np.ascontiguousarray(array, np.float32)


def _check_finite(features: Float32, key: str, source: str) -> None:
    bad = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if len(bad):
        rows = ", ".join(str(row) for row in bad[:5])
        raise FeatureError(
            f"{source}: {key} has NaN or infinite values in {len(bad)} rows, among them {rows}. "
            "Compute those again, or leave their images out everywhere."
        )


def _labels(labels: Array | None, rows: int, head: Head | None, source: str) -> Int64 | None:
    if labels is None:
        return None
    if labels.dtype.kind not in "iu" or labels.shape != (rows,):
        raise NetworkError(
            f"{source}: eval_labels is {labels.dtype} {labels.shape}; it must be integers "
            f"({rows},), one per row of eval_features."
        )
    if labels.min() < 0 or (head is not None and labels.max() >= head.classes):
        has = "they count from 0"
        if head is not None:
            has = f"the head has {head.classes} classes (0 to {head.classes - 1})"
        raise NetworkError(
            f"{source}: eval_labels run from {labels.min()} to {labels.max()}, but {has}."
        )
    return labels.astype(np.int64)


def _ids(arrays: dict[str, Array], part: str, rows: int, source: str) -> tuple[str, ...] | None:
    ids = arrays.get(f"{part}_ids")
    if ids is None:
        return None
    if ids.dtype.kind != "U" or ids.shape != (rows,):
        raise NetworkError(
            f"{source}: {part}_ids is {ids.dtype} {ids.shape}; it must be unicode strings "
            f"({rows},), one per row of {part}_features."
        )
    out = tuple(str(name) for name in ids)
    if len(set(out)) != rows:
        raise DuplicateIdError(
            f"{source}: {part}_ids has {rows - len(set(out))} ids more than once. Ids tell rows "
            "apart; make them unique."
        )
    return out


def _fingerprint(arrays: dict[str, Array]) -> str:
    parts: list[str | bytes] = []
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        parts += [key, str(array.dtype), str(array.shape), array.tobytes()]
    return digest(*parts)
