"""Similarity of all pairs: of studies, of folders, of results."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ConfigError, StoreError, UnknownNameError
from samefeatures.joint.norms import distances, norm_of
from samefeatures.report.similarity_record import similarity_record
from samefeatures.similarity import MEASURES
from samefeatures.similarity.measures.mutual_knn import MutualKNN
from samefeatures.similarity.measures.pwcca import PWCCA
from samefeatures.study import similarity as of_pairs
from samefeatures.study.config import parse_config
from samefeatures.study.kept_similarity import kept_similarity
from samefeatures.study.results import MeasureSummary, Similarity, StudyResults
from samefeatures.study.results.similarity import similarity_of
from samefeatures.study.similarity import chosen_measures, measured
from samefeatures.study.study import Study
from watching import Told, not_on_the_host


def study_of(folder: Path, sources: list[str], **keys: object) -> Study:
    return Study(parse_config({"networks": sources, **keys}), out=folder / "out", base=folder)


def unrelated(
    folder: Path, names: str, *, dim: int = 4, rows: int = 40, constant: str = ""
) -> list[str]:
    """Spaces of noise that have neither heads nor labels; of constant ones every row is zero."""
    rng = np.random.default_rng(1)
    for name in names:
        fit, evaluation = (rng.normal(size=(n, dim)).astype(np.float32) for n in (50, rows))
        factor = 0 if name in constant else 1
        features = {"fit_features": factor * fit, "eval_features": factor * evaluation}
        np.savez(folder / f"{name}.npz", **features)
    return [f"npz:{name}.npz" for name in names]


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    return [write_npz(tmp_path, name, world) for name, world in make_worlds().items()]


def test_every_measure_of_every_pair_without_a_map(sources: list[str], tmp_path: Path) -> None:
    study = study_of(tmp_path, sources)
    found = study.similarity()
    assert not (study.out / "maps").exists()
    assert found.names == ("a", "b", "c")
    assert found.n == 300
    assert found.results is None
    moments = sf.moments({k: np.load(tmp_path / f"{k}.npz")["eval_features"] for k in "abc"})
    assert {m.name for m in found.measures} >= {"cka", "debiased_cka", "cca", "angle"}
    for measure in found.measures:
        one = getattr(moments, measure.name)
        table = found.matrix(measure.name)
        for i, a in enumerate(found.names):
            for j, b in enumerate(found.names):
                value = measure.same if a == b else one(a, b)
                assert table[i, j] == pytest.approx(value, rel=1e-9, nan_ok=True)


def test_measures_are_those_asked_for_then_those_of_the_study(
    sources: list[str], tmp_path: Path
) -> None:
    study = study_of(tmp_path, sources, measures=["r2", "cka", "angle"])
    assert [m.name for m in study.similarity().measures] == ["cka", "angle"]
    found = study.similarity(measures=["procrustes"])
    assert [m.name for m in found.measures] == ["procrustes"]
    with pytest.raises(ConfigError, match=r"'ckaa'\. Did you mean 'cka'"):
        study.similarity(measures=["ckaa"])
    with pytest.raises(ConfigError, match="'r2' judges a map"):
        study.similarity(measures=["r2"])
    with pytest.raises(ConfigError, match="'cka' stands twice"):
        study.similarity(measures=["cka", "cka"])


def test_one_network_has_no_pair(sources: list[str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="two networks or more"):
        study_of(tmp_path, sources[:1]).similarity(measures=["cka"])


def test_no_heads_and_no_labels(tmp_path: Path) -> None:
    found = study_of(tmp_path, unrelated(tmp_path, "ab")).similarity(measures=["cka"])
    assert 0 < found.matrix("cka")[0, 1] < 1


def test_a_scored_study_gives_values_beyond_controls(sources: list[str], tmp_path: Path) -> None:
    study = study_of(tmp_path, sources, measures=["r2", "cka"], controls=True, methods=["ols"])
    results = study.score()
    of_cells, of_study = similarity_of(results), study.similarity()
    assert of_cells is not None
    for found in (of_cells, of_study, kept_similarity(study.out)):
        assert found.given("cka") == ("answers",)
        assert found.notes == ()
        assert found.results is not None
        table = results.table("ols")
        for i, a in enumerate("abc"):
            for j, b in enumerate("abc"):
                cell = table[a, b]
                assert found.matrix("cka")[i, j] == pytest.approx(cell.measure("cka"))
                assert found.matrix("cka", beyond="answers")[i, j] == cell.measure(
                    "cka_beyond_answers"
                )
    others = study.similarity(measures=["angle"])
    assert others.notes == (
        "Not known beyond the controls: angle. Name them in 'measures' of the study, and run it.",
    )
    with pytest.raises(UnknownNameError, match="angle was not taken beyond 'answers'"):
        others.matrix("angle", beyond="answers")
    with pytest.raises(UnknownNameError, match="There is no measure 'cka'"):
        others.matrix("cka")


def test_neighbours_beyond_controls_are_those_of_as_many_rows(
    sources: list[str], tmp_path: Path
) -> None:
    """Values of other samples do not stand beside each other."""
    keys = {"measures": ["r2", "mutual_knn"], "controls": True, "methods": ["ols"]}
    first = study_of(tmp_path, sources, sample=40, **keys)
    results = first.score()
    for found in (first.similarity(), kept_similarity(first.out)):
        assert found.given("mutual_knn") == ("answers",)
        assert found.rows("mutual_knn") == 40
        assert found.notes == ()
        for i, a in enumerate("abc"):
            for j, b in enumerate("abc"):
                cell = results.table("ols")[a, b].measure("mutual_knn_beyond_answers")
                assert found.matrix("mutual_knn", beyond="answers")[i, j] == cell
    more = study_of(tmp_path, sources, sample=60, **keys)
    found = more.similarity()
    assert found.given("mutual_knn") == ()
    assert found.notes == (
        "Known beyond the controls of 40 rows alone: mutual_knn. Run the study again for as many "
        "as here.",
    )
    more.score()
    assert more.similarity().given("mutual_knn") == ("answers",)
    single = study_of(tmp_path, sources, sample=60, algebra={"precision": "float32"}, **keys)
    assert single.similarity().given("mutual_knn") == ()


def test_frames_are_long_and_have_gaps(sources: list[str], tmp_path: Path) -> None:
    study = study_of(tmp_path, sources, measures=["r2", "cka"], controls=True, methods=["ols"])
    study.score()
    found = study.similarity(measures=["cka", "angle"])
    frame = found.to_pandas()
    assert list(frame.columns) == [
        "measure",
        "source",
        "target",
        "value",
        "rows",
        "value_beyond_answers",
    ]
    assert len(frame) == 2 * 9
    assert frame["value_beyond_answers"].isna().sum() == 9
    assert found.to_polars().schema["value_beyond_answers"] == pl.Float64
    one = frame.query("measure == 'cka' and source == 'a' and target == 'b'")
    assert one["value"].item() == found.matrix("cka")[0, 1]
    assert pd.isna(frame.iloc[-1]["value_beyond_answers"])


def test_the_dendrogram_of_a_measure(sources: list[str], tmp_path: Path) -> None:
    found = study_of(tmp_path, sources).similarity(measures=["cka"])
    values = {
        ("a", "b"): 0.1, ("a", "c"): 0.9, ("b", "c"): 0.2,
    }  # fmt: skip
    pairs = {(x, y): 1.0 if x == y else values[min(x, y), max(x, y)] for x in "abc" for y in "abc"}
    assert replace(found, values={"cka": pairs}).order("cka") in {("b", "c", "a"), ("a", "c", "b")}


def test_results_of_other_weights_say_nothing_of_these(sources: list[str], tmp_path: Path) -> None:
    study = study_of(tmp_path, sources, measures=["r2", "cka"], controls=True, methods=["ols"])
    study.score()
    before = study.similarity().matrix("cka")
    worlds = make_worlds()
    write_npz(tmp_path, "b", worlds["c"])
    again = Study(study.config, out=study.out, base=study.base).similarity()
    assert again.results is None
    assert again.given("cka") == ()
    assert not np.allclose(again.matrix("cka"), before)
    with pytest.raises(StoreError, match=r"not those of the results|is of another run"):
        kept_similarity(study.out)


def test_results_of_other_fit_images_say_nothing_of_these(tmp_path: Path) -> None:
    """Maps and what lies beyond controls are of both sides, whatever the study file says."""
    rng = np.random.default_rng(0)
    for side in ("fit", "eval"):
        pixels = rng.integers(0, 256, (20, 28, 28), dtype=np.uint8)
        np.savez(tmp_path / f"{side}.npz", images=pixels, labels=np.arange(20) % 10)
    keys = {"data": {"fit": "fit.npz", "eval": "eval.npz"}, "methods": ["ols"]}
    names = ["mini:resnet_v1", "mini:mobilenet_v2"]
    study_of(tmp_path, names, **keys).score()
    same = study_of(tmp_path, names, **keys).similarity(measures=["cka"])
    assert same.results is not None
    pixels = rng.integers(0, 256, (20, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "fit.npz", images=pixels, labels=np.arange(20) % 10)
    assert study_of(tmp_path, names, **keys).similarity(measures=["cka"]).results is None


def test_pairs_are_told_as_they_are_done(sources: list[str], tmp_path: Path) -> None:
    told: list[sf.ProgressStep] = []
    config = parse_config({"networks": sources, "title": "Three spaces"})
    study = Study(config, out=tmp_path / "out", base=tmp_path, progress=told.append)
    assert study.similarity(measures=["cka", "debiased_cka"]).title == "Three spaces"
    steps = {step.stage: (step.done, step.total) for step in told}
    assert steps["similarity"] == (3, 3)
    assert all(done == total for done, total in steps.values())


def test_a_folder_without_what_it_takes(sources: list[str], tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Run the study first"):
        kept_similarity(tmp_path / "nowhere")
    study = study_of(tmp_path, sources, methods=["ols"])
    study.score()
    assert "debiased_cka needs norms of rows" in kept_similarity(study.out).notes[-1]
    kept = kept_similarity(study.out, measures=("cka",))
    np.testing.assert_array_equal(
        kept.matrix("cka"), study.similarity(measures=["cka"]).matrix("cka")
    )
    (path,) = (study.out / "moments").glob("eval-*.npz")
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(StoreError, match=r"can't be read.*samefeatures similarity STUDY\.yaml"):
        kept_similarity(study.out)
    path.write_bytes(whole)
    with pytest.raises(StoreError, match=r"no norms of eval rows at .*norms-eval-"):
        kept_similarity(study.out, measures=("debiased_cka",))
    both = (
        study.similarity(measures=["debiased_cka"]),
        kept_similarity(study.out, measures=("debiased_cka",)),
    )
    assert both[0].columns == both[1].columns
    shutil.rmtree(study.out / "maps")
    with pytest.raises(StoreError, match="No map in"):
        kept_similarity(study.out)
    shutil.rmtree(study.out / "moments")
    with pytest.raises(StoreError, match="no moments of eval rows"):
        kept_similarity(study.out)


def test_a_study_without_space_measures_or_pairs_has_none(npz_study: Study) -> None:
    assert similarity_of(npz_study.score()) is None


def test_a_space_that_does_not_vary_is_not_near_itself(tmp_path: Path) -> None:
    names = ["cka", "angle", "cca", "procrustes", "mutual_knn"]
    study = study_of(tmp_path, unrelated(tmp_path, "abk", constant="k"))
    found = study.similarity(measures=names)
    for name in names:
        table = found.matrix(name)
        assert np.isnan(table[2]).all()
        assert np.isnan(table[:, 2]).all()
        assert (table.diagonal()[:2] == found.measure(name).same).all()


def test_results_say_of_a_network_with_itself_what_similarity_says(tmp_path: Path) -> None:
    """Of a dead network, and of more features than rows; in the study and in its results."""
    names = ["r2", "cka", "cca", "mutual_knn"]
    worlds = make_worlds(m=14)  # cca of 8 and 11 features needs 20 rows
    worlds["c"]["fit_features"][:] = worlds["c"]["eval_features"][:] = 0.1
    sources = [write_npz(tmp_path, name, world) for name, world in worlds.items()]
    study = study_of(tmp_path, sources, measures=names, methods=["ols"], controls=True)
    again, taken = similarity_of(study.score()), study.similarity()
    assert again is not None
    assert again.columns == taken.columns
    own = {name: taken.matrix(name).diagonal().tolist() for name in names[1:]}
    gap = math.nan
    assert own == {
        "cka": pytest.approx([1, 1, gap], nan_ok=True),
        "cca": pytest.approx([gap, gap, gap], nan_ok=True),
        "mutual_knn": pytest.approx([1, 1, gap], nan_ok=True),
    }
    for name in names[1:]:
        beyond = taken.matrix(name, beyond="answers").diagonal()
        assert beyond.tolist() == pytest.approx(own[name], nan_ok=True)


def test_few_rows_are_gaps_not_ones(tmp_path: Path) -> None:
    """n < d: correlations would be 1 whatever the spaces are."""
    found = study_of(tmp_path, unrelated(tmp_path, "ab", dim=20, rows=3)).similarity()
    assert math.isnan(found.matrix("cca")[0, 1])
    assert 0 <= found.matrix("cka")[0, 1] <= 1
    assert found.columns["value"].count(None) > 0


def test_results_are_read_as_they_were_saved(sources: list[str], tmp_path: Path) -> None:
    study = study_of(tmp_path, sources, measures=["cka"], methods=["ols"])
    results = study.score()
    again = similarity_of(StudyResults.load(study.results_path))
    assert again is not None
    assert again.columns == similarity_of(results).columns  # type: ignore[union-attr]


def test_measures_that_read_rows_are_for_those_who_ask(sources: list[str], tmp_path: Path) -> None:
    study = study_of(tmp_path, sources, methods=["ols"], measures=["r2", "cka", "mutual_knn"])
    spaces = {k: np.load(tmp_path / f"{k}.npz")["eval_features"] for k in "abc"}
    value = sf.moments(spaces, sample=300).mutual_knn("a", "b")
    assert study.similarity(measures=["mutual_knn"]).matrix("mutual_knn")[0, 1] == value
    assert "mutual_knn" not in [m.name for m in study_of(tmp_path, sources).similarity().measures]
    study.score()
    found = kept_similarity(study.out)
    assert [m.name for m in found.measures] == ["cka", "mutual_knn"]
    assert found.matrix("mutual_knn")[0, 1] == value
    assert found.notes == ()
    alone = kept_similarity(study.out, measures=("mutual_knn",))
    assert alone.matrix("mutual_knn")[0, 1] == value
    other = study_of(tmp_path, sources, methods=["ols"], measures=["r2", "cka"])
    other.score()
    with pytest.raises(StoreError, match=r"mutual_knn needs rows of features.*STUDY\.yaml"):
        kept_similarity(other.out, measures=("mutual_knn",))


def test_norms_that_are_not_there_are_no_loss_of_what_results_hold(
    sources: list[str], tmp_path: Path
) -> None:
    study = study_of(tmp_path, sources, methods=["ols"], measures=["cka", "r2", "debiased_cka"])
    study.score()
    before = kept_similarity(study.out)
    for path in (study.out / "moments").glob("norms-eval-*.npz"):
        path.unlink()
    found = kept_similarity(study.out)
    assert found.columns == before.columns
    assert found.notes == before.notes


def test_a_run_after_it_finds_what_a_run_alone_finds(sources: list[str], tmp_path: Path) -> None:
    keys = {"measures": ["cka"], "controls": True, "methods": ["ols"]}
    alone = study_of(tmp_path, sources, **keys).score()
    after = Study(parse_config({"networks": sources, **keys}), out=tmp_path / "b", base=tmp_path)
    before = after.similarity().matrix("cka")
    found = after.score()
    near = similarity_of(found)
    assert near is not None
    np.testing.assert_allclose(near.matrix("cka"), before, rtol=1e-12)
    for one, other in zip(found.cells, alone.cells, strict=True):
        assert one.correct == other.correct
        assert one.measures == pytest.approx(other.measures, rel=1e-9)


def test_every_measure_says_how_many_rows_it_is_of(sources: list[str], tmp_path: Path) -> None:
    keys = {"methods": ["ols"], "measures": ["r2", "cka", "mutual_knn"], "sample": 60}
    study = study_of(tmp_path, sources, **keys)
    now, near = study.similarity(), similarity_of(study.score())
    assert near is not None
    assert near.sampled == now.sampled == {"mutual_knn": 60}
    for found in (now, near, kept_similarity(study.out)):
        assert found is not None
        assert (found.rows("cka"), found.rows("mutual_knn")) == (found.n, 60)
        assert found.columns["rows"] == [found.n] * 9 + [60] * 9
    lines = similarity_record(now, []).measures
    assert [line.rows for line in lines] == [now.n, 60]


RNG = np.random.default_rng(6)
CAUSES = RNG.normal(size=(60, 3))
ROWS = {
    name: (CAUSES @ RNG.normal(size=(3, dim)) + RNG.normal(size=(60, dim))).astype("f4")
    for name, dim in {"a": 4, "b": 6, "c": 5}.items()
}


def moments() -> sf.Moments:
    out = sf.Moments(list(ROWS), [rows.shape[1] for rows in ROWS.values()])
    out.update(*ROWS.values())
    return out


def none() -> sf.Moments:
    pytest.fail("nobody asks for norms")


class Shown:
    """The first rows of every space."""

    def __init__(self, count: int) -> None:
        self.count = count

    def rows(self, name: str) -> np.ndarray:
        return ROWS[name][: self.count]


def known_beyond(**sampled: int) -> Similarity:
    """What a study found: cka and mutual_knn beyond answers, angle beyond nothing."""
    pairs = {(a, b): 0.25 for a in "abc" for b in "abc"}
    beyond = {"cka": {"answers": pairs}, "mutual_knn": {"answers": pairs}, "angle": {}}
    return Similarity(
        title="", names=("a", "b", "c"), n=60, beyond=beyond, sampled=sampled,
        measures=tuple(MeasureSummary.of(MEASURES.get(name)) for name in beyond),
        values=dict.fromkeys(beyond, pairs),
    )  # fmt: skip


def test_all_pairs_from_moments_elsewhere_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    names, summed = ["cka", "pwcca", "mutual_knn"], moments()
    told, place = Told(), not_on_the_host(monkeypatch)
    found = measured(
        names, summed, norms=none, sample=Shown(40), title="a title", algebra=place, progress=told
    )  # fmt: skip
    assert told.tasks == {"similarity": (3, [1, 1, 1])}
    assert (found.title, found.names, found.n) == ("a title", ("a", "b", "c"), 60)
    assert (found.sampled, found.beyond, found.notes) == ({"mutual_knn": 40}, {}, ())
    assert found.results is None
    assert found.measures == tuple(MeasureSummary.of(MEASURES.get(name)) for name in names)
    assert list(found.values) == names
    for a in "abc":
        for b in "abc":
            expected = 1 if a == b else PWCCA().value(summed, a, b, algebra=place)
            assert found.values["pwcca"][a, b] == pytest.approx(expected)
    assert abs(found.values["pwcca"]["a", "b"] - found.values["pwcca"]["b", "a"]) > 1e-3
    near = MutualKNN()
    of_rows = [near.of_rows(ROWS[name][:40], algebra=place) for name in "ab"]
    assert found.values["mutual_knn"]["a", "b"] == near.value(*of_rows)
    wide = measured(["mutual_knn"], summed, norms=none, sample=Shown(99), title="", algebra=place)
    assert wide.sampled == {"mutual_knn": 60}  # there are no more
    assert wide.values["mutual_knn"] != found.values["mutual_knn"]


def test_two_networks_are_a_pair_and_one_is_none() -> None:
    two = sf.Moments(["a", "b"], [4, 6])
    two.update(ROWS["a"], ROWS["b"])
    assert len(measured(["cka"], two, norms=none, title="").values["cka"]) == 4
    one = sf.Moments(["a"], [4])
    one.update(ROWS["a"])
    with pytest.raises(ConfigError, match="two networks or more"):
        measured(["cka"], one, norms=none, title="")


def test_norms_are_those_that_are_given() -> None:
    of_norms = sf.Moments([norm_of(name) for name in ROWS], [1] * 3)
    of_norms.update(*(distances(rows, rows.mean(axis=0, dtype="f8")) for rows in ROWS.values()))
    found = measured(["debiased_cka"], moments(), norms=lambda: of_norms, title="")
    expected = sf.moments(ROWS).debiased_cka("a", "b")
    assert found.values["debiased_cka"]["a", "b"] == pytest.approx(expected)


def test_what_results_hold_stands_beside_what_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    results = SimpleNamespace(controls=object())
    known = known_beyond(mutual_knn=40)
    monkeypatch.setattr(
        of_pairs, "similarity_of", lambda given: known if given is results else pytest.fail("other")
    )
    options: dict[str, Any] = {"norms": none, "title": "", "results": results}
    names = ["cka", "mutual_knn", "angle", "cca"]
    found = measured(names, moments(), sample=Shown(40), **options)
    assert found.results is results
    assert found.beyond == {name: known.beyond[name] for name in ("cka", "mutual_knn")}
    assert found.notes == (
        "Not known beyond the controls: angle, cca. Name them in 'measures' of the study, and run "
        "it.",
    )
    fewer = measured(names[:2], moments(), sample=Shown(30), **options)
    assert fewer.beyond == {"cka": known.beyond["cka"]}
    assert fewer.notes == (
        "Known beyond the controls of 40 rows alone: mutual_knn. Run the study again for as many "
        "as here.",
    )
    both = measured(["mutual_knn", "angle"], moments(), sample=Shown(30), **options)
    assert [note.split(":")[0] for note in both.notes] == [
        "Not known beyond the controls",
        "Known beyond the controls of 40 rows alone",
    ]
    assert both.notes[0].split(": ")[1].startswith("angle.")
    results.controls = None
    assert measured(names, moments(), sample=Shown(30), **options).notes == ()


def test_results_that_hold_no_measure_of_two_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_pairs, "similarity_of", lambda _: None)
    results: Any = SimpleNamespace(controls=object())
    found = measured(["cka"], moments(), norms=none, title="", results=results)
    assert found.beyond == {}
    assert found.notes == (
        "Not known beyond the controls: cka. Name them in 'measures' of the study, and run it.",
    )


def test_measures_that_are_chosen() -> None:
    assert chosen_measures(["angle"], ["cka"]) == ("angle",)
    assert chosen_measures([], ["r2", "cka", "mutual_knn"]) == ("cka", "mutual_knn")
    ours = chosen_measures([], ["r2", "cosine"])
    assert ours == tuple(
        name
        for name in MEASURES.ours
        if MEASURES.get(name).judges == "spaces" and name != "mutual_knn"
    )
    with pytest.raises(ConfigError, match=r"'r2' judges a map.*another: .*cka") as caught:
        chosen_measures(["cka", "r2"], [])
    assert "cosine" not in str(caught.value).split("name another: ")[1]
