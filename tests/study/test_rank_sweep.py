"""Maps of every rank in a study: what they are, kept and resumed, refused."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ConfigError
from samefeatures.report.write import write_report
from samefeatures.study import ranks as sweep
from samefeatures.study.ranks_config import check_ranks
from samefeatures.study.results import RankRow, Ranks, StudyResults
from samefeatures.study.results.ranks import powers

HEAD = ("head_weight", "head_bias")


def study_of(
    folder: Path, lacks: dict[str, tuple[str, ...]] | None = None, **keys: Any
) -> sf.Study:
    folder.mkdir(exist_ok=True)
    sources = []
    for name, world in make_worlds(noise=2.0).items():
        kept = {k: v for k, v in world.items() if k not in (lacks or {}).get(name, ())}
        sources.append(write_npz(folder, name, kept))
    methods = ["ols", {"rank": {"rank": 2}}, "procrustes"]
    config = sf.parse_config({"networks": sources, "methods": methods, "ranks": True, **keys})
    return sf.Study(config, out=folder / "out", base=folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[sf.Study, StudyResults]:
    study = study_of(tmp_path_factory.mktemp("ranks"), controls=True)
    return study, study.score()


def test_full_rank_is_ols_and_rank_2_is_the_method(whole: tuple[sf.Study, StudyResults]) -> None:
    _, results = whole
    assert results.ranks is not None
    for (source, target), rows in results.ranks.pairs.items():
        for rank, method in ((rows[-1].rank, "ols"), (2, "rank")):
            row = next(row for row in rows if row.rank == rank)
            cell = results.table(method)[source, target]
            assert row.n == cell.n
            assert row.correct is not None
            assert abs(row.correct - (cell.correct or 0)) <= 1, "but for rounding of logits"
            assert row.r2 == pytest.approx(cell.r2, abs=1e-9)
            off = 100 / row.n + 1e-9
            assert row.top1 == pytest.approx(cell.top1, abs=off)
            assert row.loss_vs_target_points == pytest.approx(cell.loss_vs_target_points, abs=off)
            change = cell.change_vs_source_pct
            assert row.change_vs_source_pct == pytest.approx(change, abs=off * 100 / 20)


def test_beyond_answers_at_full_rank_is_near_the_column(
    whole: tuple[sf.Study, StudyResults],
) -> None:
    """That column shrinks by strengths that it seeks; this is least squares."""
    _, results = whole
    assert results.ranks is not None
    for (source, target), rows in results.ranks.pairs.items():
        cell = results.table("ols")[source, target]
        column = cell.measures["r2_beyond_answers"]
        assert rows[-1].r2_beyond_answers == pytest.approx(column, abs=0.02)


def test_ranks_are_powers_of_two_to_the_full_one() -> None:
    assert powers(1) == (1,)
    assert powers(8) == (1, 2, 4, 8)
    assert powers(12) == (1, 2, 4, 8, 12)
    assert powers(12, chosen=(3, 5, 40)) == (3, 5, 12)
    assert powers(2, chosen=(3,)) == (2,)


def test_it_is_kept_and_goes_on_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(tmp_path)
    first = study.score().ranks
    kept = sorted((study.out / "ranks").glob("*.json"))
    assert len(kept) == len(study.config.networks)
    kept[0].unlink()
    asked = []
    real = sweep._of_source
    monkeypatch.setattr(sweep, "_of_source", lambda i, s: asked.append(s) or real(i, s))
    again = study_of(tmp_path).score()
    assert again.ranks == first
    assert [f".{name}.json" in kept[0].name for name in asked] == [True]
    table = list(csv.DictReader((study.out / "ranks.csv").read_text().splitlines()))
    assert len(table) == len(first.rows)  # type: ignore[union-attr]
    other = study_of(tmp_path, ranks=[1, 3]).score()
    assert other.ranks is not None
    assert {row.rank for row in other.ranks.rows if row.rank < row.full_rank} == {1, 3}
    assert not set(kept) & set((study.out / "ranks").glob("*.json"))
    without = study_of(tmp_path, ranks=False).score()
    assert without.ranks is None
    assert not (study.out / "ranks.csv").exists()
    assert "ranks" not in without.settings


def test_without_heads_or_labels_there_is_r2_alone(tmp_path: Path) -> None:
    found = study_of(tmp_path, {"c": HEAD}).score().ranks
    assert found is not None
    for (_, target), rows in found.pairs.items():
        assert all((row.top1 is None) == (target == "c") for row in rows)
        assert all(row.r2 is not None for row in rows)
        assert all(row.r2_beyond_answers is None for row in rows), "controls are off"
    assert {pair[1] for pair in found.enough()} == {"a", "b"}
    assert set(found.enough("r2")) == set(found.pairs)
    write_report(StudyResults.load(tmp_path / "out" / "study.json"), tmp_path / "report")
    assert (tmp_path / "report" / "ranks.png").exists()


@pytest.mark.parametrize(
    ("ranks", "says"),
    [
        ([0, 1], "no list of ranks"),
        ([], "no list of ranks"),
        ("all", "no list of ranks"),
        ([1, 2.0], "no list of ranks"),
        ([True], "no list of ranks"),
        ([1, 4, 2], "do not ascend"),
        ([1, 1], "do not ascend"),
        (3, "no list of ranks"),
    ],
)
def test_what_is_no_list_of_ranks(tmp_path: Path, ranks: object, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        study_of(tmp_path, ranks=ranks)


def test_ranks_that_no_pair_has_are_refused_before_anything_is_done(tmp_path: Path) -> None:
    study = study_of(tmp_path, ranks=[1, 5000])
    with pytest.raises(ConfigError, match=r"ranks: 5000 is above the .* Take ranks of at most"):
        study.score()
    one = {"networks": ["a.npz"], "methods": ["ols"], "ranks": True}
    with pytest.raises(ConfigError, match="ranks are of maps, and one network has none"):
        sf.parse_config(one)


def test_a_rank_may_be_that_of_the_widest_pair() -> None:
    dims = {"a": 7, "b": 11, "c": 5, "d": 9, "e": 8}
    for ranks in (None, True, (1, 9), (1, 4, 9)):
        check_ranks(ranks, dims)
    with pytest.raises(ConfigError, match="10 is above the 9 features that the widest pair"):
        check_ranks((1, 4, 10), dims)


def test_ranks_are_chosen_or_powers_of_two_or_none() -> None:
    raw = {"networks": ["npz:a.npz", "npz:b.npz"], "methods": ["ols"]}
    given: list[object] = [None, False, True, [1], [1, 2, 8]]
    found = [sf.parse_config({**raw, "ranks": ranks}).ranks for ranks in given]
    assert found == [None, None, True, (1,), (1, 2, 8)]


def row(pair: str, rank: int, top1: float | None, r2: float = 0.5) -> RankRow:
    return RankRow(
        source=pair[0], target=pair[1], rank=rank, full_rank=8, n=100, correct=None, top1=top1,
        change_vs_source_pct=None, loss_vs_target_points=None, r2=r2, r2_beyond_answers=None,
    )  # fmt: skip


def test_the_smallest_rank_within_a_point() -> None:
    found = Ranks(
        rows=(
            row("ab", 1, 10.0, 0.1), row("ab", 2, 79.0, 0.6), row("ab", 4, 78.0, 0.61),
            row("ab", 8, 80.0, 0.62), row("ba", 1, None), row("ba", 2, None),
        )
    )  # fmt: skip
    assert found.enough() == {("a", "b"): 2}
    assert found.enough("r2") == {("a", "b"): 4, ("b", "a"): 1}
    assert found.median("r2", 1) == pytest.approx(0.3)
    assert found.median("r2", 8) == pytest.approx(0.56)
    assert found.median("top1", 2) == 79.0
    assert found.steps == (1, 2, 8)
