"""The thesis' own sizes: 21,408 features of ten networks; moments and scores on a device.

On a machine with a GPU:
``python -m benchmarks.scale --device cuda --rows 100000 --eval-rows 50000``.
Without options as many rows as two cores do in some minutes. Every rate is held against matrix
products of the same precision on the same device, measured before and after it in the same run.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from time import perf_counter
from typing import get_args

import numpy as np

from benchmarks.algebra import THESIS_DIMS
from benchmarks.record import Line, keep, processor, seconds
from samefeatures.algebra import HOST, Algebra, Precision, open_algebra
from samefeatures.joint.kept import chunk_rows
from samefeatures.joint.record import Moments
from samefeatures.joint.sums import Accumulator
from samefeatures.networks.record import Head
from samefeatures.scores.heads import score_heads
from samefeatures.study.scoring import SCORE_ROWS

D = sum(THESIS_DIMS)
ILSVRC = 1_281_167
CLASSES = 1000
SIDE = 3072
"""Of the square matrices whose product is the measure."""


def matrix_rate(algebra: Algebra, precision: Precision) -> float:
    """Operations a second of a square product, the faster of two."""
    work = _square_product(algebra, precision)
    work()
    return 2 * SIDE**3 / seconds(work, repeat=2)


def _square_product(algebra: Algebra, precision: Precision) -> Callable[[], object]:
    values = np.random.default_rng(0).standard_normal((SIDE, SIDE)).astype(precision)
    if algebra is HOST:
        return lambda: values @ values
    import torch

    there = torch.from_numpy(values).to(algebra.device)

    def work() -> None:
        there @ there
        _wait(algebra)

    return work


def _wait(algebra: Algebra) -> None:
    """Until the device has done what it was told: calls return before that."""
    if algebra.device.startswith("cuda"):
        import torch

        torch.cuda.synchronize(algebra.device)


def moments_rate(algebra: Algebra, precision: Precision, rows: int) -> tuple[float, float]:
    """Seconds for all rows, sent from the host chunk by chunk, and operations a second.

    Operations are those of the symmetric half, rows · D · (D + 1); the chunk is the same every
    time, which changes nothing but the making of it.
    """
    size = min(chunk_rows(D), rows)
    rng = np.random.default_rng(0)
    blocks = [rng.standard_normal((size, d), np.float32) for d in THESIS_DIMS]
    names = [f"net{k}" for k in range(len(THESIS_DIMS))]
    sums = Accumulator(Moments(names, THESIS_DIMS), precision=precision, algebra=algebra)
    sums.update(*blocks)  # memory is taken, and kernels are chosen
    _wait(algebra)
    start = perf_counter()
    for first in range(0, rows, size):
        sums.update(*(block[: rows - first] for block in blocks))
    _wait(algebra)
    spent = perf_counter() - start
    return spent, rows * D * (D + 1) / spent


def _moments_line(algebra: Algebra, precision: Precision, rows: int) -> list[Line]:
    before = matrix_rate(algebra, precision)
    spent, rate = moments_rate(algebra, precision, rows)
    best = max(before, matrix_rate(algebra, precision))
    what = f"moments, D = {D:,}, {precision} products, {_name(algebra)}"
    least = 0.9 if (algebra is HOST and precision == "float64") else 0.5
    share = Line(
        stage=f"{what}: {rows:,} rows in {spent:.1f} s",
        ours=rate / 1e9,
        peer=f"{SIDE} x {SIDE} products",
        theirs=best / 1e9,
        ratio=rate / best,
        goal=f"at least {least} of it",
        met=rate / best >= least,
        unit="Gop/s",
    )
    return [share, *(_needs(what, spent / rows * n, n) for n in (100_000, ILSVRC) if n != rows)]


def _needs(what: str, ours: float, rows: int) -> Line:
    """A figure that was not measured but follows from the rate."""
    return Line(
        stage=f"{what}: {rows:,} rows at this rate",
        ours=ours,
        peer="a day",
        theirs=86_400.0,
        ratio=ours / 86_400,
        goal="at most 1",
        met=ours <= 86_400,
    )


def _scores_line(algebra: Algebra, rows: int) -> Line:
    """All 90 cells: ten sources, each into nine composed heads, in chunks of rows."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, rows)
    spent = bare = 0.0
    for dim in THESIS_DIMS:
        chunk = rng.standard_normal((min(rows, SCORE_ROWS), dim), np.float32)
        heads = [
            Head(rng.standard_normal((CLASSES, dim), np.float32), np.zeros(CLASSES, np.float32))
            for _ in range(len(THESIS_DIMS) - 1)
        ]
        starts = range(0, rows, len(chunk))
        blocks = [(chunk[: rows - i], labels[i : i + len(chunk)]) for i in starts]
        bare += _bare_logits(algebra, heads, chunk, rows)
        spent += seconds(lambda b=blocks, h=heads: score_heads(b, h, algebra=algebra))  # type: ignore[misc]
    return Line(
        stage=f"90 cells, {D:,} features, {rows:,} rows, {CLASSES:,} classes, {_name(algebra)}",
        ours=spent,
        peer="float32 matrix products",
        theirs=bare,
        ratio=spent / bare,
        goal="at most 1.5x",
        met=spent <= 1.5 * bare,
    )


def _bare_logits(algebra: Algebra, heads: list[Head], chunk: np.ndarray, rows: int) -> float:
    """Seconds of the products alone, on features that are there already."""
    weight = np.concatenate([head.weight for head in heads])
    times = -(-rows // len(chunk))
    if algebra is HOST:
        return seconds(lambda: chunk @ weight.T) * rows / len(chunk)
    import torch

    a, b = (torch.from_numpy(x).to(algebra.device) for x in (chunk, weight))

    def work() -> None:
        for _ in range(times):
            a @ b.T
        _wait(algebra)

    work()
    return seconds(work) * rows / (times * len(chunk))


def _inverse_line(algebra: Algebra) -> Line:
    """The widest network's inverse: what OLS and ridge cost per source."""
    from samefeatures.maps.inverse import pseudoinverse

    dim = max(THESIS_DIMS)
    x = np.random.default_rng(0).standard_normal((dim + 500, dim))
    matrix = x.T @ x
    rate = matrix_rate(algebra, "float64")
    spent = seconds(lambda: pseudoinverse(matrix, algebra=algebra), repeat=2)
    bare = 2 * (1 / 6 + 1) * dim**3 / rate  # Cholesky d³/6 and inverse d³ multiply-adds
    return Line(
        stage=f"inverse of {dim:,} features' moments, {_name(algebra)}",
        ours=spent,
        peer="its operations at the rate of products",
        theirs=bare,
        ratio=spent / bare,
        goal="at most 4x",
        met=spent <= 4 * bare,
    )


def _name(algebra: Algebra) -> str:
    if algebra is HOST:
        return "NumPy"
    if algebra.device.startswith("cuda"):
        import torch

        return str(torch.cuda.get_device_name(algebra.device))
    return f"torch on {algebra.device}"


def run(algebra: Algebra = HOST, *, rows: int = 2000, eval_rows: int = 2000) -> list[Line]:
    """Moments in both precisions, the widest inverse, and all cells of a method."""
    lines = [line for p in get_args(Precision) for line in _moments_line(algebra, p, rows)]
    return [*lines, _inverse_line(algebra), _scores_line(algebra, eval_rows)]


def main() -> None:
    """Run on the named device, print, and keep the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--device", default="cpu", help="cpu is NumPy; cuda, cuda:N, or torch")
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--eval-rows", type=int, default=2000)
    given = parser.parse_args()
    lines = run(_place(given.device), rows=given.rows, eval_rows=given.eval_rows)
    for line in lines:
        print(f"{line.stage}: {line.ours:.4g} {line.unit}, {line.peer} {line.theirs:.4g}, "
              f"ratio {line.ratio:.3g} ({line.goal})")  # fmt: skip
    suite = "scale" if given.device == "cpu" else f"scale-{given.device.replace(':', '')}"
    notes = f"device {_name(_place(given.device))}, host {processor()}"
    print(keep(suite, lines, notes=notes))


def _place(device: str) -> Algebra:
    if device == "torch":  # the code of a GPU, on the processor
        from samefeatures.algebra.device import TorchDevice

        return TorchDevice("cpu")
    return open_algebra(device)


if __name__ == "__main__":
    main()
