"""The sweep over a study's canonical space: against its maps one by one; kept, and attached to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import r2_score

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ConfigError, MapError
from samefeatures.maps import Canonical, SourceProblem
from samefeatures.report.canonical import (
    above_chance,
    canonical_listing,
    left_out_listing,
    more_than_answers,
    shared_by_half,
    steps,
)
from samefeatures.scores.heads import score_heads
from samefeatures.study.canonical import kept
from samefeatures.study.canonical.attach import attach_networks
from samefeatures.study.canonical.points import told_by_answers
from samefeatures.study.results import StudyResults
from samefeatures.study.scoring import labelled
from samefeatures.study.study import Study

NAMES = ("a", "b", "c")


def make_study(folder: Path, names: tuple[str, ...] = NAMES, **keys: Any) -> Study:
    worlds = make_worlds()
    raw = {
        "networks": [write_npz(folder, name, worlds[name]) for name in names],
        "methods": ["ols"],
        "canonical": True,
        **keys,
    }
    return Study(sf.parse_config(raw), out=folder / "out", base=folder)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, StudyResults]:
    study = make_study(
        tmp_path_factory.mktemp("canonical"), canonical={"k": [1, 3, 6], "alpha": 0.0}
    )
    return study, study.score()


def test_the_sweep_is_every_map_one_by_one(done: tuple[Study, StudyResults]) -> None:
    study, results = done
    found = results.canonical
    assert found is not None
    assert (found.ks, found.rank, found.left_out_k) == ((1, 3, 6), 26, 6)
    networks, moments = study.inputs.networks, study.fit_moments()
    own = {network.name: network.top1 for network in results.networks}
    assert len(found.pairs) == 6 * 4
    for pair in found.pairs:
        method = sf.OLS() if pair.k is None else Canonical(k=pair.k, alpha=0.0)
        problem = SourceProblem(pair.source, networks, moments)
        (fitted,) = method.fit(problem, [pair.target])
        rows = study.eval_features.rows[pair.source]
        head = fitted.fold(networks[pair.target])
        (score,) = score_heads(labelled(rows, study.eval_labels), [head])
        assert pair.correct == score.correct
        assert pair.loss_points == pytest.approx(own[pair.target] - score.top1)
        closeness = sf.closeness(study.eval_moments, fitted)
        assert pair.r2 == pytest.approx(closeness.r2, abs=1e-9)


def test_what_is_shared(done: tuple[Study, StudyResults]) -> None:
    """Six causes make all three networks: six directions are shared by all of them."""
    found = done[1].canonical
    assert found is not None
    assert above_chance(found) == shared_by_half(found) == 6
    assert min(found.shared) > 2.9
    held_out = [value for value in found.held_out if value is not None]
    assert len(held_out) == 6
    assert min(held_out) > 2.9
    for network in found.networks:
        assert list(network.held) == sorted(network.held)
        assert 0.99 < network.held[-1] <= 1
        assert network.r2_in is not None
        assert network.r2_out == pytest.approx(network.r2_in, abs=0.01)
        assert network.loss_out == pytest.approx(network.loss_in, abs=2)


def test_it_is_kept_and_taken_again_when_it_must(
    done: tuple[Study, StudyResults], monkeypatch: pytest.MonkeyPatch
) -> None:
    study, results = done
    asked = []
    real = kept.sweep
    monkeypatch.setattr(kept, "sweep", lambda inputs: asked.append(1) or real(inputs))
    again = Study(study.config, out=study.out, base=study.base).score()
    assert again.canonical == results.canonical
    assert StudyResults.load(study.out / "study.json").canonical == results.canonical
    assert not asked
    (study.out / "canonical" / "space.safetensors").unlink()
    assert Study(study.config, out=study.out, base=study.base).score() == again
    assert asked == [1]


def test_a_space_is_never_beside_the_results_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault: a run of another strength, killed as soon as its space was there, left the results
    of the run before, and a third run took both for its own."""
    first = make_study(tmp_path, canonical={"k": [1, 3], "alpha": 0.0})
    results, space = first.score(), tmp_path / "out" / "canonical" / "space.safetensors"
    of_first = space.read_bytes()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(kept, "keep_record", killed)
        with pytest.raises(KeyboardInterrupt):
            make_study(tmp_path, canonical={"k": [1, 3], "alpha": 0.5}).score()
    assert space.read_bytes() != of_first
    again = make_study(tmp_path, canonical={"k": [1, 3], "alpha": 0.0}).score()
    assert again.canonical == results.canonical
    assert space.read_bytes() == of_first


def test_tables_and_listings(done: tuple[Study, StudyResults]) -> None:
    study, results = done
    lines = (study.out / "canonical.csv").read_text().splitlines()
    assert lines[0] == "k,source,target,correct,loss_points,r2"
    assert len(lines) == 25
    assert len((study.out / "directions.csv").read_text().splitlines()) == 7
    listing = canonical_listing(results)
    assert listing is not None
    assert [row[0] for row in listing.rows] == ["1", "3", "6", "full rank"]
    assert listing.says[0].startswith(
        "At least 6 directions are shared by more networks than Gaussian noise"
    )
    assert "6 of the first 6 are shared by more than half" in listing.says[0]
    assert listing.says[1].startswith("Through 6 directions the median hybrid loses 0.00 points")
    attached = left_out_listing(results)
    assert attached is not None
    assert [row[0] for row in attached.rows] == list(NAMES)
    assert [step.k for step in steps(results.canonical)] == [1, 3, 6, None]  # type: ignore[arg-type]
    paths = {path.name for path in sf.write_report(results, study.out / "report")}
    assert {"canonical.png", "canonical.svg", "canonical.pdf"} <= paths
    page = (study.out / "report" / "report.html").read_text()
    assert 'id="canonical"' in page
    assert "How many dimensions do they share?" in (study.out / "report/tables.md").read_text()


@pytest.mark.parametrize(
    ("lost", "full", "says"),
    [
        (-3.33, -2.92, "Through 1 directions the median hybrid gains 3.33 points against its "
         "target; at full rank it gains 2.92 points."),
        (0.25, -0.5, "loses 0.25 points against its target, less than one; at full rank it gains "
         "0.50 points."),
        (-0.001, 0.0, "loses 0.00 points against its target; at full rank it loses 0.00 points."),
        (0.998, 1.5, "With none of these k the median hybrid loses less than one point against its "
         "target; at full rank it loses 1.50 points."),
    ],
)  # fmt: skip
def test_hybrids_that_are_better_gain(
    done: tuple[Study, StudyResults], lost: float, full: float, says: str
) -> None:
    found = done[1].canonical
    assert found is not None
    pairs = tuple(
        replace(pair, loss_points=full if pair.k is None else lost) for pair in found.pairs
    )
    listing = canonical_listing(replace(done[1], canonical=replace(found, pairs=pairs)))
    assert listing is not None
    assert listing.says[1].endswith(says)


def test_a_study_without_it_has_nothing_of_it(tmp_path: Path) -> None:
    study = make_study(tmp_path, canonical=True)
    assert study.score().canonical is not None
    plain = make_study(tmp_path, canonical=False).score()
    assert plain.canonical is None
    assert not (tmp_path / "out" / "canonical.csv").exists()
    assert canonical_listing(plain) is left_out_listing(plain) is None


def test_of_two_networks_none_is_left_out(tmp_path: Path) -> None:
    found = make_study(tmp_path, ("a", "b")).score().canonical
    assert found is not None
    assert found.left_out_k == 0
    assert found.networks[0].r2_out is None
    assert found.ks == (1, 2, 4, 8, 16)


def test_without_labels_and_heads_there_is_r2(tmp_path: Path) -> None:
    worlds = make_worlds()
    sources = []
    for name in NAMES:
        world = {k: v for k, v in worlds[name].items() if k.endswith("_features")}
        sources.append(write_npz(tmp_path, name, world))
    raw = {"networks": sources, "methods": ["ols"], "canonical": {"k": [2, 6], "alpha": 0.0}}
    results = Study(sf.parse_config(raw), out=tmp_path / "out", base=tmp_path).score()
    found = results.canonical
    assert found is not None
    assert {pair.correct for pair in found.pairs} == {None}
    assert all(pair.r2 is not None for pair in found.pairs)
    listing = canonical_listing(results)
    assert listing is not None
    assert len(listing.says) == 1


def test_a_network_is_attached_to_the_space_of_a_study(tmp_path: Path) -> None:
    study = make_study(tmp_path, ("a", "b"), canonical={"k": [6]})
    study.score()
    (tmp_path / "study.yaml").write_text(
        "networks: ['npz:a.npz', 'npz:b.npz']\nmethods: [ols]\ncanonical: {k: [6]}\nout: out\n"
    )
    write_npz(tmp_path, "late", make_worlds()["c"])
    path = tmp_path / "out" / "canonical" / "space.safetensors"
    given = {"study": tmp_path / "study.yaml", "to": tmp_path / "larger.safetensors"}
    to, (late,) = attach_networks(path, ["npz:late.npz"], **given)  # type: ignore[arg-type]
    assert late.name == "late"
    assert late.held > 0.99
    space = sf.CanonicalSpace.load(to)
    assert space.names == ("a", "b", "late")
    network = sf.load(f"npz:{tmp_path / 'late.npz'}", name="late")
    rows = study.eval_features.rows
    fitted = space.map("late", "a")
    x = make_worlds()["c"]["eval_features"]
    mapped = fitted.apply(x, of=network)
    true = rows["a"].span(0, len(x))
    assert ((mapped - true) ** 2).sum() < 0.02 * ((true - true.mean(axis=0)) ** 2).sum()
    with pytest.raises(MapError, match="has a network late already"):
        attach_networks(to, ["npz:late.npz"], study=tmp_path / "study.yaml")
    write_npz(tmp_path, "late", make_worlds()["b"])
    with pytest.raises(MapError, match="other weights"):
        fitted.apply(x, of=sf.load(f"npz:{tmp_path / 'late.npz'}", name="late"))
    same = {k: np.ones_like(v) if "features" in k else v for k, v in make_worlds()["c"].items()}
    write_npz(tmp_path, "same", same)
    before = to.read_bytes()
    with pytest.raises(MapError, match="features of same are the same for all 400 rows"):
        attach_networks(to, ["npz:same.npz"], study=tmp_path / "study.yaml")
    assert to.read_bytes() == before
    few = {k: v[:50] if k == "fit_features" else v for k, v in make_worlds()["c"].items()}
    write_npz(tmp_path, "few", few)
    with pytest.raises(MapError, match="fitted on 400 rows, but few has 50"):
        attach_networks(to, ["npz:few.npz"], study=tmp_path / "study.yaml")


@pytest.mark.parametrize(
    ("canonical", "says"),
    [
        ({"k": []}, "give whole numbers from 1, ascending"),
        ({"k": [4, 2]}, "give whole numbers from 1, ascending"),
        ({"k": [0, 2]}, "give whole numbers from 1, ascending"),
        ({"k": [2, 2]}, "give whole numbers from 1, ascending"),
        ({"k": ["many"]}, "k"),
        ({"alpha": -1}, "alpha"),
        ({"ks": [2]}, "unknown key 'ks'"),
    ],
)
def test_keys_without_sense_are_refused(canonical: Any, says: str) -> None:
    raw = {"networks": ["npz:a.npz", "npz:b.npz"], "methods": ["ols"], "canonical": canonical}
    with pytest.raises(ConfigError, match=says):
        sf.parse_config(raw)


def test_numbers_of_directions_are_given_or_not() -> None:
    raw = {"networks": ["npz:a.npz", "npz:b.npz"], "methods": ["ols"]}
    for k, taken in ((None, None), ([1], (1,)), ([1, 2, 5], (1, 2, 5))):
        found = sf.parse_config({**raw, "canonical": {"k": k}}).chosen_canonical
        assert found is not None
        assert found.k == taken


def test_it_needs_several_networks_their_rows_and_directions(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a canonical space is of several networks"):
        sf.parse_config({"networks": ["npz:a.npz"], "methods": ["ols"], "canonical": True})
    raw = {"networks": ["npz:a.npz", "npz:b.npz"], "methods": ["ols"], "canonical": True}
    with pytest.raises(ConfigError, match="'store: false' keeps none"):
        sf.parse_config({**raw, "store": False})
    with pytest.raises(MapError, match=r"k is 27, .* span 26 directions"):
        make_study(tmp_path, canonical={"k": [2, 27]}).score()


def test_what_answers_tell() -> None:
    """One direction is the answer, one is half of it, one knows nothing of it."""
    rng = np.random.default_rng(2)
    answers, judged = rng.integers(0, 4, 2000), rng.integers(0, 4, 1000)
    means = np.array([-1.5, -0.5, 0.5, 1.5])

    def points(given: np.ndarray) -> np.ndarray:
        noise = rng.normal(size=(len(given), 3))
        told = means[given]
        half = told + noise[:, 1] * means.std()
        return np.stack([told, half, noise[:, 2]], axis=1).astype(np.float32)

    found = told_by_answers(points(answers), answers, points(judged), judged, 5)
    np.testing.assert_allclose(found, [1, 0.5, 0], atol=0.05)


def test_answers_that_one_image_has_each_are_worth_that_image() -> None:
    """Nothing varies within an answer, so that nothing is drawn towards the mean."""
    points = np.array([[0.0], [1.0], [5.0]], np.float32)
    judged = np.array([[0.5], [0.5], [4.0]], np.float32)
    answers = np.arange(3, dtype=np.int32)
    found = told_by_answers(points, answers, judged, answers, 3)
    expected = r2_score(judged, points)
    np.testing.assert_allclose(found, [expected], rtol=1e-6)


def test_directions_that_are_more_than_answers(done: tuple[Study, StudyResults]) -> None:
    found = done[1].canonical
    assert found is not None
    assert len(found.answers) == len(found.shared)
    assert all(share is None or share <= 1 for share in found.answers)
    assert more_than_answers(replace(found, answers=())) == 0, "no network has a head"
    asked = replace(found, answers=(0.9, 0.6, None, 0.4, 0.1, -0.2))
    assert more_than_answers(asked) == 3
