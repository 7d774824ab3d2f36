"""Moments fold by fold against those of each fold's rows alone; kept, and made anew when stale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from samefeatures.algebra import HOST, Precision
from samefeatures.base import npz
from samefeatures.base.arrays import Float32
from samefeatures.base.digests import digest
from samefeatures.base.errors import FeatureError
from samefeatures.base.progress import Silent
from samefeatures.features.folds import parts_of
from samefeatures.features.rows import ArrayRows, Identity
from samefeatures.features.spaces.answers import Answers
from samefeatures.features.spaces.noise import ClassNoise, Noise
from samefeatures.joint import folded, kept
from samefeatures.joint.blocks import Blocks, BlockSums
from samefeatures.joint.folded import Reading, fold_moments
from samefeatures.joint.kept import moments_key
from samefeatures.joint.record import Moments
from samefeatures.joint.summed import Summed, UnderWay
from samefeatures.joint.views import Either, Mixed, SecondMoments
from samefeatures.networks.record import Head
from watching import Elsewhere, Still, Told

N = 3000


@pytest.fixture(autouse=True)
def all_is_worth_keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folded, "WORTH_KEEPING", -1.0)


@pytest.fixture
def reading() -> Reading:
    rng = np.random.default_rng(0)
    rows = [
        ArrayRows(
            name=name,
            values=rng.standard_normal((N, dim)).astype(np.float32) + 3,
            fingerprint=f"made {name}",
        )
        for name, dim in {"a": 6, "b": 4, "pixels": 5}.items()
    ]
    head = Head(rng.standard_normal((3, 6)).astype(np.float32), np.zeros(3, np.float32))
    answers = Answers(name="answers: a", rows=rows[0], head=head)
    pairs = [(c, n) for c in ("answers: a", "noise", "pixels") for n in ("a", "b")]
    pairs += [(c, c) for c in ("answers: a", "noise", "pixels")]
    pairs += [("answers: a", "noise"), ("answers: a", "pixels")]
    return Reading(
        networks=rows[:2],
        stored=rows[2:],
        derived=[answers, Noise(length=N, seed=0)],
        pairs=pairs,
        sketches=[Doubled(name="twice a", of="a")],
        fold_pairs=[*pairs, ("a", "a"), ("a", "b"), ("b", "b"), ("a", "twice a")],
        fold_of=parts_of(N, 4, seed=0),
    )


@dataclass(frozen=True)
class Doubled:
    """A space of which folds alone are summed."""

    name: str
    of: str
    dim: int = 6
    fingerprint: str = "doubled"
    one_hot: bool = False

    def derive(self, blocks: dict[str, Float32], start: int) -> Float32:
        assert start % 1 == 0
        return 2 * blocks[self.of]


def columns(reading: Reading) -> dict[str, Float32]:
    return {part.name: part.span(0, N) for part in [*reading.networks, *reading.stored]} | {
        "answers: a": reading.derived[0].span(0, N),  # type: ignore[attr-defined]
        "noise": reading.derived[1].span(0, N),  # type: ignore[attr-defined]
    }


def check(found: SecondMoments, rows: dict[str, Float32], reading: Reading) -> None:
    expected = Moments(list(rows), [v.shape[1] for v in rows.values()])
    expected.update(*rows.values())
    assert found.n == expected.n
    for a, b in [*reading.pairs, ("a", "b"), ("b", "b"), ("a", "noise")]:
        np.testing.assert_allclose(found.block(a, b), expected.block(a, b), atol=1e-8)


def test_folds_and_total(reading: Reading, tmp_path: Path) -> None:
    told = Told()
    found = fold_moments(reading, tmp_path, kind="fit", progress=told)
    assert told.steps == [0, N]
    rows = columns(reading)
    check(found.total, rows, reading)
    assert len(found.folds) == 4
    assert ("a", "twice a") in reading.fold_pairs
    for k, fold in enumerate(found.folds):
        check(fold, {name: v[reading.fold_of == k] for name, v in rows.items()}, reading)
        np.testing.assert_allclose(fold.block("a", "twice a"), 2 * fold.block("a", "a"), 1e-6)
    twice = found.total.block("a", "twice a")  # of what folds hold, the total is their sum
    np.testing.assert_allclose(twice, 2 * found.total.block("a", "a"), 1e-6)


def test_without_folds_there_is_the_total_alone(reading: Reading, tmp_path: Path) -> None:
    plain = replace(reading, sketches=(), fold_pairs=(), fold_of=None)
    with pytest.raises(FeatureError, match="Take both of the same images"):
        Either(Blocks(n=3, means={}, products={}), Blocks(n=4, means={}, products={}), [])
    found = fold_moments(plain, tmp_path, kind="eval", progress=Silent())
    check(found.total, columns(reading), reading)
    assert (found.folds, plain.count) == ((), 0)


def test_small_chunks_make_no_difference(
    reading: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folded, "chunk_rows", lambda _: 77)
    check(
        fold_moments(reading, tmp_path, kind="fit", progress=Silent()).total,
        columns(reading),
        reading,
    )


def test_class_noise_is_a_mixture_of_answers_and_noise(reading: Reading, tmp_path: Path) -> None:
    found = fold_moments(reading, tmp_path, kind="fit", progress=Silent()).total
    answers = reading.derived[0]
    assert isinstance(answers, Answers)
    space = ClassNoise(name="class noise: a", rows=answers.rows, head=answers.head, seed=0)
    mixture = {"answers: a": space.centres.astype(np.float64), "noise": None}
    mixed = Mixed(found, {space.name: mixture})
    rows = columns(reading) | {space.name: space.span(0, N)}
    expected = Moments(list(rows), [v.shape[1] for v in rows.values()])
    expected.update(*rows.values())
    for other in ("a", "b", space.name, "answers: a"):
        np.testing.assert_allclose(
            mixed.block(space.name, other), expected.block(space.name, other), atol=1e-2
        )


@pytest.mark.parametrize("ending", [".1.npz", ".beside.npz"])
def test_what_another_process_removes_is_summed_again(
    reading: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """Between the look at a file and its reading."""
    first = fold_moments(reading, tmp_path, kind="fit", progress=Silent()).total
    real = npz.load_npz

    def gone(path: Path) -> object:
        if path.name.endswith(ending):
            path.unlink(missing_ok=True)
        return real(path)

    monkeypatch.setattr("samefeatures.joint.record.load_npz", gone)
    monkeypatch.setattr("samefeatures.joint.blocks.load_npz", gone)
    again = fold_moments(reading, tmp_path, kind="fit", progress=Silent()).total
    name = reading.networks[0].name
    assert np.array_equal(again.block(name, name), first.block(name, name))
    assert len(list(tmp_path.glob("folds-*"))) == 2 + reading.count


def test_they_are_kept_and_made_anew(
    reading: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = fold_moments(reading, tmp_path, kind="fit", progress=Silent())
    files = sorted(tmp_path.iterdir())
    assert len(files) == 7  # the joint moments of the networks, as without controls, among them
    stem = f"folds-fit-{reading.key('float64')[:16]}"
    assert {path.name.split(".")[0] for path in files if path.name.startswith("folds-")} == {stem}
    kept.clear_old(tmp_path, "fit", but=[])  # joint moments of other features
    assert sorted(tmp_path.iterdir()) == [path for path in files if path.name.startswith("folds-")]
    with monkeypatch.context() as patch:
        patch.setattr(folded, "_summed", None)
        again = fold_moments(reading, tmp_path, kind="fit", progress=Silent())
    np.testing.assert_array_equal(again.total.block("a", "b"), first.total.block("a", "b"))
    other = replace(reading, fold_of=parts_of(N, 3, seed=0))
    fold_moments(other, tmp_path, kind="fit", progress=Silent())
    assert len(list(tmp_path.glob("folds-*"))) == 5
    assert len({other.key("float64"), reading.key("float64"), reading.key("float32")}) == 3


def test_a_stopped_run_goes_on_with_the_rows_after_its_checkpoint(
    reading: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folded, "chunk_rows", lambda _: 500)
    monkeypatch.setattr(kept, "CHECKPOINT_SECONDS", -1.0)
    asked: list[int] = []

    def stopped(self: Noise, start: int, stop: int) -> Float32:
        asked.append(start)
        if start == 2000 and len(asked) < 7:
            raise KeyboardInterrupt
        return real(self, start, stop)

    real = Noise.span
    monkeypatch.setattr(Noise, "span", stopped)
    with pytest.raises(KeyboardInterrupt):
        fold_moments(reading, tmp_path, kind="fit", progress=Silent())
    files = {path.name.split("-", 3)[3] for path in tmp_path.glob("folds-*")}
    assert files == {f"2000.checkpoint{end}.npz" for end in ("", ".beside", ".0", ".1", ".2", ".3")}
    seen: list[int] = []
    real_update = BlockSums.update

    def counted(self: BlockSums, rows: dict[str, Float32]) -> None:
        seen.append(len(rows["a"]) if "twice a" in rows else 0)
        real_update(self, rows)

    monkeypatch.setattr(BlockSums, "update", counted)
    told = Told()
    found = fold_moments(reading, tmp_path, kind="fit", progress=told)
    assert sum(seen) == N - 2000
    assert told.totals == {"moments of the fit set with controls": N}
    assert told.steps == [2000, 500, 500]
    monkeypatch.setattr(Noise, "span", real)
    rows = columns(reading)
    check(found.total, rows, reading)
    for k, fold in enumerate(found.folds):
        check(fold, {name: v[reading.fold_of == k] for name, v in rows.items()}, reading)
    assert not [path for path in tmp_path.iterdir() if "checkpoint" in path.name]


def test_a_checkpoint_that_is_not_whole_does_not_count(reading: Reading, tmp_path: Path) -> None:
    files = UnderWay(tmp_path, "folds-fit-x", reading.fold_of)
    assert files.read() is None
    nothing = Blocks(n=0, means={}, products={})
    empty = Summed(networks=Moments(["a"], [1]), beside=nothing, folds=(nothing,) * 4)
    files.write(100, empty)
    assert files.read() is None  # other numbers of rows than there were
    counts = np.bincount(reading.fold_of)
    of_folds = tuple(Blocks(n=int(n), means={}, products={}) for n in counts)
    files.write(N, replace(empty, folds=of_folds))
    assert files.read() is None  # the folds have all of their rows, the networks none
    files.write(0, empty)
    assert files.read() is not None
    assert len(list(tmp_path.iterdir())) == 6
    (tmp_path / "folds-fit-x-0.checkpoint.beside.npz").write_bytes(b"PK")
    assert files.read() is None
    (tmp_path / "folds-fit-x-0.checkpoint.beside.npz").unlink()
    assert files.read() is None


def test_what_is_summed_at_once_leaves_the_joint_moments_alone(
    reading: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folded, "WORTH_KEEPING", 60.0)
    found = fold_moments(reading, tmp_path, kind="fit", progress=Silent())
    (path,) = tmp_path.iterdir()
    joint = kept.kept_moments(reading.networks, tmp_path, kind="fit")
    assert joint is not None
    assert path.name.startswith("fit-")
    np.testing.assert_array_equal(joint.block("a", "b"), found.networks.block("a", "b"))
    expected = Moments(["a", "b"], [6, 4])
    expected.update(*(part.span(0, N) for part in reading.networks))
    np.testing.assert_allclose(joint.block("a", "b"), expected.block("a", "b"), atol=1e-8)


def test_rows_one_by_one_go_on_where_they_stopped(
    reading: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one network; a checkpoint after every row, what is read again is not added again."""
    few = [
        ArrayRows(name=part.name, values=part.span(0, 9), fingerprint=part.fingerprint)
        for part in reading.networks[:1]
    ]
    short = replace(
        reading,
        networks=few,
        stored=(),
        derived=[Noise(length=9, seed=0)],
        pairs=[("noise", "a"), ("noise", "noise")],
        sketches=(),
        fold_pairs=(),
        fold_of=None,
    )
    monkeypatch.setattr(folded, "chunk_rows", lambda _: 1)
    monkeypatch.setattr(kept, "CHECKPOINT_SECONDS", -1.0)
    real = BlockSums.update
    added: list[int] = []

    def stopping(self: BlockSums, rows: dict[str, Float32]) -> None:
        if len(added) == 4:
            raise KeyboardInterrupt
        added.append(len(rows["a"]))
        real(self, rows)

    with monkeypatch.context() as patch:
        patch.setattr(BlockSums, "update", stopping)
        with pytest.raises(KeyboardInterrupt):
            fold_moments(short, tmp_path, kind="fit", progress=Silent())
    told, elsewhere = Told(), Elsewhere()
    found = fold_moments(
        short, tmp_path, kind="fit", progress=told, precision="float64", algebra=elsewhere
    )
    assert told.steps == [4, 1, 1, 1, 1, 1]
    assert elsewhere.summed == [((6,), "float64")] * 6, "and after each checkpoint"
    rows = {part.name: part.values for part in few} | {"noise": short.derived[0].span(0, 9)}  # type: ignore[attr-defined]
    expected = Moments(list(rows), [v.shape[1] for v in rows.values()])
    expected.update(*rows.values())
    for a, b in (*short.pairs, ("a", "a")):
        np.testing.assert_allclose(found.total.block(a, b), expected.block(a, b), atol=1e-8)


def test_products_of_networks_are_of_their_precision_and_place(
    reading: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folded, "chunk_rows", lambda _: 1500)
    monkeypatch.setattr(kept, "CHECKPOINT_SECONDS", -1.0)
    elsewhere = Elsewhere()
    found = fold_moments(
        reading, tmp_path, kind="eval", progress=Silent(), precision="float32", algebra=elsewhere
    )
    assert found.networks.precision == "float32"
    assert set(elsewhere.summed) == {((6, 4), "float32")}
    assert kept.kept_moments(reading.networks, tmp_path, kind="eval", precision="float32")
    assert kept.kept_moments(reading.networks, tmp_path, kind="eval") is None
    stem = f"folds-eval-{reading.key('float32')[:16]}"
    assert {path.name.split(".")[0] for path in tmp_path.glob("folds-*")} == {stem}


def test_what_folds_hold_is_not_summed_a_second_time(reading: Reading) -> None:
    pairs = [("noise", "a"), ("noise", "b"), ("pixels", "a"), ("answers: a", "b")]
    some = replace(
        reading, pairs=pairs, fold_pairs=[("noise", "a"), ("b", "noise"), ("twice a", "twice a")]
    )
    sums = some.sums(None, "float64", HOST)
    rows = {
        **columns(reading),
        "answers: a": reading.derived[0].derive({"a": reading.networks[0].span(0, N)}, 0),
        "twice a": 2 * reading.networks[0].span(0, N),
    }
    sums.add(some, rows, some.fold_of)
    found = sums.summed()
    assert list(found.beside.products) == [("pixels", "a"), ("answers: a", "b")]
    assert found.beside.names == ("a", "b", "pixels", "answers: a", "noise")
    for k, fold in enumerate(found.folds):
        assert list(fold.products) == some.fold_pairs
        assert fold.names == ("a", "b", "noise", "twice a"), "of others no row is looked at"
        assert fold.n == np.equal(reading.fold_of, k).sum()


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_the_key_of_earlier_studies_stays(reading: Reading, precision: Precision) -> None:
    assert reading.fold_of is not None
    pairs = [f"{a} {b}" for a, b in reading.pairs]
    inner = [f"{a} {b}" for a, b in reading.fold_pairs]
    spaces: list[Identity] = [
        *reading.networks,
        *reading.stored,
        *reading.derived,
        *reading.sketches,
    ]
    of_rows = moments_key(spaces, precision)
    folds = reading.fold_of.tobytes()
    assert reading.key(precision) == digest("folds 2", of_rows, folds, *pairs, "in folds", *inner)
    plain = replace(reading, sketches=(), fold_pairs=(), fold_of=None)
    of_rows = moments_key(spaces[:-1], precision)
    assert plain.key(precision) == digest("folds 2", of_rows, b"", *pairs, "in folds")


def test_what_took_no_longer_than_is_worth_a_file_leaves_none(
    reading: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold_moments(reading, tmp_path, kind="fit", progress=Silent())
    (gone,) = tmp_path.glob("folds-*.1.npz")
    gone.unlink()
    monkeypatch.setattr(folded, "time", Still)
    monkeypatch.setattr(folded, "WORTH_KEEPING", 0.0)
    monkeypatch.setattr(kept, "CHECKPOINT_SECONDS", 0.0)
    written: list[object] = []
    monkeypatch.setattr(UnderWay, "write", lambda *told: written.append(told))
    monkeypatch.setattr(Summed, "save", lambda *told: written.append(told))
    fold_moments(reading, tmp_path, kind="fit", progress=Silent())
    assert written == []
    assert [path.name.split("-")[0] for path in tmp_path.iterdir()] == ["fit"]
