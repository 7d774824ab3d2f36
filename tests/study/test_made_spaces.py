"""Which control spaces are made, what of them is summed, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import samefeatures as sf
from samefeatures.algebra import HOST
from samefeatures.base.errors import ConfigError
from samefeatures.base.progress import Silent
from samefeatures.features.folds import parts_of
from samefeatures.features.rows import ArrayRows, FeatureRows
from samefeatures.features.spaces.noise import Noise
from samefeatures.joint.cross import Shuffled
from samefeatures.networks.record import FeatureFile, Head, ImageNetwork
from samefeatures.study import made_spaces
from samefeatures.study.control_inputs import ControlInputs
from samefeatures.study.controls_config import ControlsConfig
from samefeatures.study.made_spaces import make_spaces
from samefeatures.study.spaces import Spaces, given_to

N, M, CLASSES = 60, 25, 3
DIMS = {"a": 4, "b": 5}


def rows_of(name: str, dim: int, n: int, *, grey: bool = True) -> ArrayRows:
    values = np.random.default_rng([n, *map(ord, name)]).normal(size=(n, dim)).astype(np.float32)
    if name == "pixels" and grey:
        values = np.repeat(values[:, ::3], 3, axis=1)
    return ArrayRows(name=name, values=values, fingerprint=f"{name} {n}")


def head_of(dim: int) -> Head:
    weight = np.random.default_rng(dim).normal(size=(CLASSES, dim)).astype(np.float32)
    return Head(weight, np.zeros(CLASSES, np.float32))


def file_of(name: str, dim: int) -> FeatureFile:
    return FeatureFile(
        name=name, source=f"npz:{name}", head=head_of(dim), fingerprint=f"made {name}",
        fit_features=rows_of(name, dim, N).values, eval_features=rows_of(name, dim, M).values,
        eval_labels=np.arange(M) % CLASSES,
    )  # fmt: skip


def inputs_of(folder: Path, **changes: Any) -> ControlInputs:
    """Two networks known by their features."""
    plain: dict[str, Any] = {
        "networks": {name: file_of(name, dim) for name, dim in DIMS.items()},
        "fit": {name: rows_of(name, dim, N) for name, dim in DIMS.items()},
        "evaluation": {name: rows_of(name, dim, M) for name, dim in DIMS.items()},
        "labels": np.arange(M) % CLASSES, "fit_labels": lambda: np.arange(N) % CLASSES,
        "chosen": ControlsConfig(class_noise=6), "precision": "float64", "folder": folder,
        "extract": lambda _: ({}, {}), "algebra": HOST, "progress": Silent(),
    }  # fmt: skip
    return ControlInputs(**{**plain, **changes})


@pytest.fixture(scope="module")
def seeing() -> dict[str, ImageNetwork]:
    """Two networks that see images, each cut in its own way."""
    found = {}
    for k, name in enumerate(("resnet_v1", "mobilenet_v2")):
        network = sf.load(f"mini:{name}")
        assert isinstance(network, ImageNetwork)
        own = replace(network.preprocessing, mean=(0.25 + k / 4,) * 3)
        found[name] = replace(network, preprocessing=own)
    return found


class Asked:
    """Gives rows of whatever networks are asked for, and keeps which."""

    def __init__(self, *, grey: bool = True) -> None:
        self.networks: list[ImageNetwork] = []
        self.grey = grey

    def __call__(
        self, networks: Sequence[ImageNetwork]
    ) -> tuple[Mapping[str, FeatureRows], Mapping[str, FeatureRows]]:
        self.networks += networks
        fit, evaluation = (
            {net.name: rows_of(net.name, min(net.dim, 12), n, grey=self.grey) for net in networks}
            for n in (N, M)
        )
        return fit, evaluation


def with_images(
    folder: Path, seeing: dict[str, ImageNetwork], extract: Callable[..., Any], **changes: Any
) -> ControlInputs:
    sides = {
        side: {name: rows_of(name, net.dim, n) for name, net in seeing.items()}
        for side, n in (("fit", N), ("evaluation", M))
    }
    return inputs_of(folder, networks=seeing, extract=extract, **sides, **changes)


def test_spaces_of_networks_known_by_their_features(tmp_path: Path) -> None:
    made = make_spaces(inputs_of(tmp_path))
    for spaces, n in ((made.fit, N), (made.evaluation, M)):
        assert set(spaces.by_name) == {
            "a", "b", "answers: a", "answers: b", "class noise: a", "class noise: b",
            "shuffled rows: a",
        }  # fmt: skip
        assert {len(rows) for rows in spaces.by_name.values()} == {n}
        shuffled = spaces.shuffled
        assert isinstance(shuffled, Shuffled)
        assert shuffled.folder == tmp_path / "controls"
        for name, noise in spaces.class_noise.items():
            assert (noise.columns, noise.seed, noise.rows.name) == (6, 0, name)
        for name, space in spaces.answers.items():
            assert (space.soft, space.rows.name) == (False, name)
            said = head_of(DIMS[name]).logits(rows_of(name, DIMS[name], n).values).argmax(axis=1)
            np.testing.assert_array_equal(next(space.chunks(n)), np.eye(CLASSES)[said])
    assert set(made.left_out) == {"pixels", "random weights of a", "random weights of b"}
    assert made.left_out["pixels"].startswith("some networks bring features from files")
    assert made.givens == (("answers",),), "what needs pixels goes without a word"
    assert made.fit.nulls("a") == {
        "class noise": "class noise: a", "shuffled rows": "shuffled rows: a",
    }  # fmt: skip
    assert made.fit.nulls("b") == {"class noise": "class noise: b"}


def test_folds_and_parts_are_of_ids_and_else_of_places(tmp_path: Path) -> None:
    made = make_spaces(inputs_of(tmp_path, chosen=ControlsConfig(folds=3)))
    np.testing.assert_array_equal(made.fold_of, parts_of(N, 3, seed=0))
    np.testing.assert_array_equal(made.part_of, parts_of(M, 20, seed=0))
    ids = {n: [f"image {i}" for i in range(n)] for n in (N, M)}
    called = {
        side: {
            "a": rows_of("a", DIMS["a"], n),
            "b": replace(rows_of("b", DIMS["b"], n), ids=ids[n]),
        }
        for side, n in (("fit", N), ("evaluation", M))
    }
    made = make_spaces(inputs_of(tmp_path, chosen=ControlsConfig(folds=3), **called))
    np.testing.assert_array_equal(made.fold_of, parts_of(ids[N], 3, seed=0))
    np.testing.assert_array_equal(made.part_of, parts_of(ids[M], 20, seed=0))
    few = {name: rows_of(name, dim, 9) for name, dim in DIMS.items()}
    made = make_spaces(inputs_of(tmp_path, labels=np.arange(9) % CLASSES, evaluation=few))
    assert sorted(made.part_of) == list(range(9)), "one image a part, where there are few"


def test_moments_are_those_of_the_rows(tmp_path: Path) -> None:
    """Of all rows and of every fold, class noise among the spaces."""
    made = make_spaces(inputs_of(tmp_path))
    for spaces, moments in ((made.fit, made.total), (made.evaluation, made.judge)):
        rows = {name: space_values(space) for name, space in spaces.by_name.items()}
        pairs = [("answers: a", "b"), ("class noise: b", "a"), ("shuffled rows: a", "b"),
                 ("a", "b"), ("answers: b", "answers: b")]  # fmt: skip
        for one, other in pairs:
            x, y = (rows[name] - rows[name].mean(axis=0) for name in (one, other))
            np.testing.assert_allclose(moments.block(one, other), x.T @ y, atol=1e-4)
        assert moments.n == len(rows["a"])
    for k, fold in enumerate(made.summed.folds):
        assert fold.n == (made.fold_of == k).sum()
    assert len(made.summed.folds) == 5
    assert made.judged.folds == ()


def space_values(space: FeatureRows) -> Any:
    return np.concatenate(list(space.chunks(4096))).astype(float)


def test_images_stand_beside_networks_that_see_them(
    tmp_path: Path, seeing: dict[str, ImageNetwork]
) -> None:
    asked = Asked()
    chosen = ControlsConfig(class_noise=0, seeds=2, given=(("answers", "pixels"),))
    made = make_spaces(with_images(tmp_path, seeing, asked, chosen=chosen))
    names = [f"{name}.random{end}" for name in seeing for end in ("", "-1")]
    assert [net.name for net in asked.networks] == [*names, "pixels"], "all in one pass"
    prints = {net.fingerprint for net in asked.networks}
    assert len(prints) == 5, "each seed draws other weights"
    for spaces in (made.fit, made.evaluation):
        assert spaces.pixels is not None
        assert (spaces.pixels.name, spaces.pixels.dim) == ("pixels", 4), "one of three channels"
        assert {place: rows.name for place, rows in spaces.random.items()} == {
            (name, seed): f"{name}.random{'-1' if seed else ''}"
            for name in seeing
            for seed in (0, 1)
        }
        assert not spaces.class_noise
    assert made.givens == (("answers", "pixels"),)
    assert made.left_out == {}


@pytest.mark.parametrize(("pixels", "side"), [(True, 28), (5, 5)])
def test_pixels_are_cut_as_the_first_network_cuts_them(
    tmp_path: Path, seeing: dict[str, ImageNetwork], pixels: bool | int, side: int
) -> None:
    asked = Asked()
    chosen = ControlsConfig(pixels=pixels, seeds=0, class_noise=0)
    make_spaces(with_images(tmp_path, seeing, asked, chosen=chosen))
    (image,) = asked.networks
    assert image.dim == 3 * side * side
    assert image.preprocessing == seeing["resnet_v1"].preprocessing
    assert image.preprocessing != seeing["mobilenet_v2"].preprocessing


def test_pixels_can_be_left_out(tmp_path: Path, seeing: dict[str, ImageNetwork]) -> None:
    asked = Asked()
    chosen = ControlsConfig(pixels=False, seeds=0, class_noise=0)
    made = make_spaces(with_images(tmp_path, seeing, asked, chosen=chosen))
    assert asked.networks == []
    assert made.fit.pixels is None
    assert (made.givens, made.left_out) == ((("answers",),), {})


def test_colours_stay_where_one_fit_image_has_some(
    tmp_path: Path, seeing: dict[str, ImageNetwork], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In whatever block it is read."""
    monkeypatch.setattr(made_spaces, "ROWS", 7)
    chosen = ControlsConfig(seeds=0, class_noise=0)
    for at in (0, 30, N - 1):

        def extract(
            networks: Sequence[ImageNetwork], at: int = at
        ) -> tuple[Mapping[str, FeatureRows], Mapping[str, FeatureRows]]:
            fit, evaluation = Asked()(networks)
            pixels = fit["pixels"]
            assert isinstance(pixels, ArrayRows)
            pixels.values[at, 1] += 0.5
            return fit, evaluation

        made = make_spaces(with_images(tmp_path, seeing, extract, chosen=chosen))
        for spaces in (made.fit, made.evaluation):
            assert spaces.pixels is not None
            assert spaces.pixels.dim == 12


def test_true_labels_stand_beside_them_where_they_are_given(tmp_path: Path) -> None:
    chosen = ControlsConfig(class_noise=0, given=(("answers",), ("labels",)))
    made = make_spaces(inputs_of(tmp_path, chosen=chosen))
    for spaces, n in ((made.fit, N), (made.evaluation, M)):
        (space,) = spaces.label_space
        assert (space.name, space.dim) == ("labels", CLASSES)
        assert space_values(space).tolist() == np.eye(CLASSES)[np.arange(n) % CLASSES].tolist()
    without = make_spaces(inputs_of(tmp_path))
    assert without.fit.label_space == without.evaluation.label_space == []
    refused = inputs_of(tmp_path, chosen=chosen, fit_labels=lambda: "nobody knows them")
    with pytest.raises(ConfigError, match=r"'labels', which are not there: nobody knows them"):
        make_spaces(refused)


def test_soft_answers_are_there_where_they_are_chosen(tmp_path: Path) -> None:
    chosen = ControlsConfig(answers="soft", class_noise=0, given=(("answers", "soft answers"),))
    made = make_spaces(inputs_of(tmp_path, chosen=chosen))
    for spaces, n in ((made.fit, N), (made.evaluation, M)):
        assert list(spaces.soft_answers) == list(DIMS)
        for name, space in spaces.soft_answers.items():
            assert space.name == f"soft answers: {name}"
            values = space_values(space)
            assert values.shape == (n, CLASSES)
            np.testing.assert_allclose(values.sum(axis=1), 1, rtol=1e-5)
            assert ((values > 0) & (values < 1)).any()
    assert make_spaces(inputs_of(tmp_path)).fit.soft_answers == {}


@pytest.mark.parametrize(("columns", "said"), [(N - 1, False), (N, True), (N + 1, True)])
def test_as_many_columns_as_rows_are_said(tmp_path: Path, columns: int, said: bool) -> None:
    made = make_spaces(inputs_of(tmp_path, chosen=ControlsConfig(class_noise=columns)))
    expected = [
        f"class noise: {name}: {columns} columns on {N} fit rows; its least squares are those of "
        "minimum norm, and fit the rows exactly."
        for name in DIMS
    ]
    assert list(made.notes) == (expected if said else [])


def test_wide_networks_are_no_control_spaces(tmp_path: Path) -> None:
    few = {name: rows_of(name, dim, 4) for name, dim in DIMS.items()}
    chosen = ControlsConfig(class_noise=0, folds=2)
    notes = list(make_spaces(inputs_of(tmp_path, chosen=chosen, fit=few)).notes)
    assert [note.split(";")[0] for note in notes if "columns" in note] == [
        "shuffled rows: a: 4 columns on 4 fit rows"
    ]


@pytest.mark.parametrize(("others", "said"), [(0, True), (1, False), (2, False)])
def test_answers_of_one_class_say_nothing(tmp_path: Path, others: int, said: bool) -> None:
    """Of another class even one image is enough."""
    values = np.zeros((N, 4), np.float32)
    values[:, 0] = 1
    values[:others, 0] = -1
    head = Head(np.array([[-1, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]], np.float32),
                np.zeros(3, np.float32))  # fmt: skip
    inputs = inputs_of(tmp_path, chosen=ControlsConfig(class_noise=0))
    fit = {**inputs.fit, "a": ArrayRows(name="a", values=values, fingerprint=f"few {others}")}
    networks = {**inputs.networks, "a": replace(inputs.networks["a"], head=head)}
    notes = list(make_spaces(replace(inputs, fit=fit, networks=networks)).notes)
    expected = (
        "All fit images are class 2 to a: its answers say nothing, and what is shared beyond them "
        "is all that is shared."
    )
    assert notes == ([expected] if said else [])


def spaces(**changes: Any) -> Spaces:
    inputs = inputs_of(Path())
    plain: dict[str, Any] = {
        "networks": inputs.networks, "rows": inputs.fit, "columns": 0, "seed": 3,
    }  # fmt: skip
    return Spaces(**{**plain, **changes})


def both(pairs: Sequence[tuple[str, str]]) -> Iterator[frozenset[str]]:
    yield from map(frozenset, pairs)


def every(*groups: str) -> set[frozenset[str]]:
    """All pairs within groups of names, commas between them; a name with itself too."""
    return {
        frozenset(pair)
        for group in groups
        for pair in combinations_with_replacement(group.split(", "), 2)
    }


NETWORKS = {frozenset(pair) for pair in ("a", "b", "ab")}


def test_what_is_summed_is_what_regressions_ask_for() -> None:
    """Each control with each network and itself, what may stand together, and nothing twice."""
    reading = spaces().reading([("answers",)])
    alone = every("answers: a, a", "answers: a, b", "answers: b, a", "answers: b, b")
    assert set(both(reading.pairs)) == alone - NETWORKS, "which joint moments hold"
    assert len(reading.pairs) == len(set(both(reading.pairs)))
    assert [rows.name for rows in reading.networks] == ["a", "b"]
    assert [space.name for space in reading.derived] == ["answers: a", "answers: b"]
    assert (reading.stored, reading.sketches, reading.fold_pairs) == ([], (), ())
    assert reading.fold_of is None


def test_noise_labels_and_stored_spaces_are_summed_too() -> None:
    shuffled = rows_of("shuffled rows: a", 4, N)
    pixels = rows_of("pixels", 6, N)
    made = spaces(
        columns=6, pixels=pixels, shuffled=shuffled, labels=np.arange(N) % CLASSES, soft=True,
    )  # fmt: skip
    reading = made.reading([("labels", "pixels")])
    controls = ["answers: a", "answers: b", "soft answers: a", "soft answers: b", "labels",
                "noise", "pixels", "shuffled rows: a"]  # fmt: skip
    assert [space.name for space in (*reading.derived, *reading.stored)] == controls
    (noise,) = (space for space in reading.derived if isinstance(space, Noise))
    assert (noise.length, noise.seed, noise.columns) == (N, 3, 6)
    expected = every(*(f"{control}, {name}" for control in controls for name in "ab"))
    expected |= every(
        "pixels, labels, a, answers: a, noise, shuffled rows: a",
        "pixels, labels, b, answers: b, noise",
    )
    assert set(both(reading.pairs)) == expected - NETWORKS
    assert len(reading.pairs) == len(expected - NETWORKS), "in one direction alone"


def test_folds_are_summed_of_what_strengths_are_chosen_by() -> None:
    fold_of = parts_of(N, 2, seed=0)
    reading = spaces().reading([("answers",)], fold_of=fold_of)
    assert reading.fold_of is fold_of
    assert [(s.name, s.dim) for s in reading.sketches] == [
        ("mixtures of a", 4), ("mixtures of b", 5),
    ]  # fmt: skip
    expected = every("a, answers: a", "b, answers: b", "a, b")
    expected -= every("b") - every("b, answers: b")
    names = ("mixtures of a", "mixtures of b")
    expected |= {
        frozenset({part, name}) for part in ("a", "b", "answers: a", "answers: b") for name in names
    }
    expected |= {frozenset({name}) for name in names}
    assert set(both(reading.fold_pairs)) == expected
    assert len(reading.fold_pairs) == len(set(both(reading.fold_pairs)))


def test_pixels_come_first_of_what_is_given() -> None:
    assert given_to("a", ("answers", "pixels", "labels")) == ["pixels", "answers: a", "labels"]
    assert given_to("a", ("soft answers", "answers")) == ["soft answers: a", "answers: a"]
    assert given_to("b", ("labels", "pixels")) == ["pixels", "labels"]


def test_class_noise_is_a_mixture_of_answers_and_noise() -> None:
    made = spaces(columns=6)
    assert {name: space.seed for name, space in made.class_noise.items()} == {"a": 3, "b": 3}
    assert {space.columns for space in made.class_noise.values()} == {6}
    assert made.by_name["class noise: a"].dim == 6
    assert spaces().class_noise == {}
    assert spaces().nulls("a") == {}
    (space,) = spaces(labels=np.arange(N) % 2).label_space
    assert space.dim == CLASSES, "of the heads, not of those that occur"
