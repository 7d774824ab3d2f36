"""Rows that are computed once and not kept: their moments, and where a stopped pass goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from samefeatures.algebra import HOST, Algebra, Precision
from samefeatures.base.digests import digest
from samefeatures.base.errors import UnreadableImageError
from samefeatures.base.progress import Advance, Progress, Rate, Silent
from samefeatures.features.direct import Chunk, DirectRows
from samefeatures.features.prints import directions, load_prints
from samefeatures.features.rates import Meter
from samefeatures.joint import stream
from samefeatures.joint.journal import Journal
from samefeatures.joint.kept import load_moments
from samefeatures.joint.record import Moments
from samefeatures.joint.stream import Stream
from watching import Elsewhere, Still, Told

NAMES, DIMS = ["a", "b", "c"], [4, 2, 3]
LAYOUT = [(3, 10), (0, 10), (2, 10), (2, 5)]
"""Chunks of each part, and images in one; the second has none."""
LEFT_OUT: dict[tuple[int, int], dict[str, str]] = {
    (0, 1): {"x.jpg": "cut short", "y.jpg": "empty"},
    (2, 1): {f"{k}.jpg": "empty" for k in range(10)},  # nothing of this chunk can be read
    (3, 0): {"z.jpg": "odd"},
}
TOTAL, READ = 60, 47
ROWS = np.random.default_rng(0).normal(size=(READ, sum(DIMS))).astype(np.float32) + 3


class Source:
    """Chunks of rows, and which of them were asked for."""

    names, dims, layout, total = NAMES, DIMS, LAYOUT, TOTAL

    def __init__(self, *, strict: bool = False, lacking: int = 0) -> None:
        self.strict = strict
        self.lacking = lacking  # fingerprints
        self.meter = Meter()
        self.meter.rate("a").rows = TOTAL
        self.computed: list[tuple[int, int]] = []
        self.asked: list[tuple[int, int]] = []
        self.stop_before: tuple[int, int] | None = None

    def fingerprints(self, left_out: Sequence[Mapping[str, str]]) -> list[str]:
        assert len(left_out) == len(LAYOUT)
        found = [f"{name} without {sorted(set().union(*left_out))}" for name in NAMES]
        return found[: len(found) - self.lacking]

    def chunks(self, part: int, first: int) -> Iterator[Chunk]:
        self.asked.append((part, first))
        for number in range(first, LAYOUT[part][0]):
            if (part, number) == self.stop_before:
                raise KeyboardInterrupt
            self.computed.append((part, number))
            start, stop = span(part, number)
            yield Chunk(number, ROWS[start:stop], LEFT_OUT.get((part, number), {}))

    def rate(self) -> str:
        return "fast"


def span(part: int, number: int) -> tuple[int, int]:
    """Of the rows of a chunk."""
    start = 0
    for p, (chunks, images) in enumerate(LAYOUT):
        for k in range(chunks):
            stop = start + images - len(LEFT_OUT.get((p, k), {}))
            if (p, k) == (part, number):
                return start, stop
            start = stop
    raise AssertionError


EVERY = [(p, k) for p, (chunks, _) in enumerate(LAYOUT) for k in range(chunks)]


def made(
    source: Source,
    folder: Path,
    *,
    precision: Precision = "float64",
    algebra: Algebra = HOST,
    progress: Progress | None = None,
) -> Stream:
    return Stream(
        cast(DirectRows, source),
        precision=precision,
        folder=folder,
        algebra=algebra,
        progress=progress or Silent(),
    )


def expected() -> Moments:
    found = Moments(NAMES, DIMS)
    found.update(*np.split(ROWS, np.cumsum(DIMS)[:-1], axis=1))
    return found


def assert_all(found: Moments) -> None:
    assert (found.names, found.dims, found.n) == (tuple(NAMES), tuple(DIMS), READ)
    np.testing.assert_allclose(found.mean, expected().mean, rtol=1e-12)
    for a in NAMES:
        for b in NAMES:
            np.testing.assert_allclose(
                found.block(a, b), expected().block(a, b), rtol=1e-9, atol=1e-9
            )


def prints_of(rows: np.ndarray) -> np.ndarray:
    """Of the network that has the fewest features."""
    return rows[:, 4:6] @ directions(2)


@pytest.fixture(autouse=True)
def read_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moments that never come are not waited for."""
    looks: list[Path] = []

    def counted(path: Path) -> Moments | None:
        looks.append(path)
        assert len(looks) < 20
        return load_moments(path)

    monkeypatch.setattr(stream, "load_moments", counted)


@pytest.fixture(params=[1, 7, 1000])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Rows of an update."""
    rows: int = request.param
    monkeypatch.setattr(stream, "chunk_rows", lambda dim: {sum(DIMS): rows}[dim])
    return rows


def test_all_rows_go_into_moments_once(tmp_path: Path, chunk: int) -> None:
    source, folder = Source(), tmp_path / "deep" / "out" / "moments"
    one = made(source, folder)
    assert one.done() == 0.0
    assert not folder.exists(), "nothing is computed to say so"
    assert_all(one.moments())
    assert source.computed == EVERY
    known = one.streamed()
    assert source.computed == EVERY, "a finished pass is not taken again"
    assert one.done() == made(Source(), folder).done() == 1.0
    left_out = [LEFT_OUT[0, 1], {}, LEFT_OUT[2, 1], LEFT_OUT[3, 0]]
    assert known.left_out == left_out
    assert list(known.rows) == NAMES
    for name, dim, fingerprint in zip(NAMES, DIMS, source.fingerprints(left_out), strict=True):
        rows = known.rows[name]
        assert (rows.name, rows.dim, len(rows)) == (name, dim, READ)
        assert rows.fingerprint == fingerprint
    np.testing.assert_allclose(known.prints, prints_of(ROWS), rtol=1e-5)
    rates = json.loads((folder.parent / "extraction.json").read_text())
    assert rates["networks"]["a"]["rows"] == TOTAL
    assert chunk


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_what_is_kept_is_called_by_all_that_numbers_hang_on(
    tmp_path: Path, precision: Precision
) -> None:
    (tmp_path / "fit-old.npz").write_bytes(b"of other features")
    (tmp_path / "fit-old.journal.json").write_bytes(b"of other features")
    (tmp_path / "prints-old.npz").write_bytes(b"of other features")
    (tmp_path / "eval-old.npz").write_bytes(b"of the other side")
    elsewhere = Elsewhere()
    found = made(Source(), tmp_path, precision=precision, algebra=elsewhere).moments()
    assert found.precision == precision
    assert elsewhere.summed == [((4, 2, 3), precision)]
    parts = [f"{name} {dim} {name} without []" for name, dim in zip(NAMES, DIMS, strict=True)]
    products = [] if precision == "float64" else ["products float32"]
    key = digest(*parts, *products)[:16]
    names = {path.name for path in tmp_path.iterdir()}
    kept = {f"fit-{key}.npz", f"fit-{key}.journal.json", f"prints-{key}.npz"}
    assert names == kept | {"eval-old.npz"}


def stopped(folder: Path, before: tuple[int, int]) -> Source:
    """A pass that ends before a chunk of images."""
    source = Source()
    source.stop_before = before
    with pytest.raises(KeyboardInterrupt):
        made(source, folder).moments()
    return source


@pytest.fixture
def checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """After every update."""
    monkeypatch.setattr(stream, "CHECKPOINT_SECONDS", -1.0)


@pytest.mark.usefixtures("checkpoints")
@pytest.mark.parametrize("before", EVERY[1:])
def test_a_stopped_pass_goes_on_with_the_chunk_of_its_next_row(
    tmp_path: Path, before: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "chunk_rows", lambda _: 7)
    folder = tmp_path / "moments"
    stopped(folder, before)
    there = span(*before)[0] // 7 * 7  # what was read and not summed is read again
    place = next(each for each in EVERY if span(*each)[1] > there)
    (checkpoint,) = folder.glob("fit-*.checkpoint.npz")
    assert Moments.load(checkpoint).n == there
    (prints,) = folder.glob("prints-*.npz")
    np.testing.assert_allclose(load_prints(prints), prints_of(ROWS[:there]), rtol=1e-5)
    source, told = Source(), Told()
    again = made(source, folder, progress=told)
    assert again.done() == there / TOTAL
    assert_all(again.moments())
    assert source.computed == EVERY[EVERY.index(place) :]
    firsts = [(part, 0) for part in (2, 3) if part > place[0]]
    assert source.asked == [place, *firsts], "what is done is not asked for"
    assert told.totals == {"fit: moments, features not kept": TOTAL}
    assert told.steps[0] == there
    assert set(told.steps[1:-1]) <= {7}
    assert sum(told.steps) == READ
    known = again.streamed()
    np.testing.assert_allclose(known.prints, prints_of(ROWS), rtol=1e-5)
    assert [len(part) for part in known.left_out] == [2, 0, 10, 1]
    assert len(list(folder.iterdir())) == 3, "checkpoints go when they are not needed"


@pytest.mark.usefixtures("checkpoints")
def test_a_pass_that_stopped_after_its_last_row_reads_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "chunk_rows", lambda _: 1)
    with monkeypatch.context() as patch:
        patch.setattr(stream, "keep_rates", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            made(Source(), tmp_path / "moments").moments()
    source = Source()
    again = made(source, tmp_path / "moments")
    assert again.done() == READ / TOTAL, "the moments are not written yet"
    assert_all(again.moments())
    assert (source.computed, source.asked) == ([], [])


Damage = Callable[[Path, Path], None]
"""Of a checkpoint and its journal."""


def fewer(_checkpoint: Path, path: Path) -> None:
    """The journal knows fewer rows than the moments hold."""
    journal = Journal.read(path, LAYOUT)
    assert journal is not None
    Journal(LAYOUT, [journal.counts[0][:1], [], [], []], [{}, {}, {}, {}]).save(path)


@pytest.mark.usefixtures("checkpoints")
@pytest.mark.parametrize(
    ("damage", "warned"),
    [
        (lambda checkpoint, _: checkpoint.unlink(), False),
        (lambda _, journal: journal.unlink(), False),
        (lambda _, journal: journal.write_text("{"), True),
        (fewer, False),
    ],
    ids=["no checkpoint", "no journal", "a damaged journal", "a journal of fewer rows"],
)
def test_where_a_part_of_a_checkpoint_is_gone_the_pass_begins_anew(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    damage: Damage,
    *,
    warned: bool,
) -> None:
    monkeypatch.setattr(stream, "chunk_rows", lambda _: 7)
    stopped(tmp_path, (3, 0))
    (checkpoint,) = tmp_path.glob("fit-*.checkpoint.npz")
    (journal,) = tmp_path.glob("fit-*.journal.json")
    damage(checkpoint, journal)
    source = Source()
    again = made(source, tmp_path)
    assert again.done() == 0.0
    assert_all(again.moments())
    assert source.computed == EVERY
    np.testing.assert_allclose(again.streamed().prints, prints_of(ROWS), rtol=1e-5)
    assert bool(caplog.records) == warned


def test_a_journal_without_its_moments_costs_the_pass(tmp_path: Path) -> None:
    made(Source(), tmp_path).moments()
    (path,) = tmp_path.glob("fit-*.npz")
    kept = path.read_bytes()
    path.unlink()
    source = Source()
    again = made(source, tmp_path)
    assert again.done() == 0.0
    assert_all(again.moments())
    assert source.computed == EVERY
    assert path.read_bytes() == kept


@pytest.mark.usefixtures("checkpoints")
def test_moments_beside_a_journal_that_is_not_whole_are_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "chunk_rows", lambda _: 7)
    whole = tmp_path / "whole"
    made(Source(), whole).moments()
    (finished,) = whole.glob("fit-*.npz")
    stopped(tmp_path / "out", (2, 0))
    shutil.copy(finished, tmp_path / "out" / finished.name)
    source = Source()
    again = made(source, tmp_path / "out")
    assert again.done() == 28 / TOTAL
    known = again.streamed()
    assert source.computed == EVERY[3:]
    assert [len(part) for part in known.left_out] == [2, 0, 10, 1]


def test_what_takes_no_longer_than_the_time_between_checkpoints_writes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "chunk_rows", lambda _: 7)
    monkeypatch.setattr(stream, "time", Still)
    monkeypatch.setattr(stream, "CHECKPOINT_SECONDS", 0.0)
    stopped(tmp_path, (3, 0))
    assert list(tmp_path.iterdir()) == []


def test_progress_shows_how_fast_the_source_is(tmp_path: Path) -> None:
    rates: list[Rate | None] = []

    class Watched(Silent):
        def task(self, description: str, total: int, *, rate: Rate | None = None) -> Advance:
            rates.append(rate)
            return super().task(description, total, rate=rate)

    made(Source(), tmp_path, progress=Watched()).moments()
    (rate,) = rates
    assert rate is not None
    assert rate() == "fast"


def test_strict_refuses_what_could_not_be_read_each_time(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(UnreadableImageError, match=r"x\.jpg"):
            made(Source(strict=True), tmp_path).moments()
    assert_all(made(Source(), tmp_path).moments())


def test_every_network_has_a_fingerprint(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="argument 3 is shorter"):
        made(Source(lacking=1), tmp_path)


def test_moments_that_are_gone_when_they_are_read_are_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, look = Source(), stream.load_moments
    removed: list[Path] = []

    def gone(path: Path) -> Moments | None:
        if not removed and "checkpoint" not in path.name:
            removed.append(path)
            path.unlink()
        return look(path)

    monkeypatch.setattr(stream, "load_moments", gone)
    assert_all(made(source, tmp_path).moments())
    assert source.computed == EVERY * 2
