"""What kept controls hang on, and what is kept of a run that was stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_control_spaces import world
from test_label_space import NAMES, network

from samefeatures.scores.heads import Score
from samefeatures.study import control_files
from samefeatures.study.control_files import kept_controls
from samefeatures.study.control_inputs import ControlInputs
from samefeatures.study.controls_config import ControlsConfig
from samefeatures.study.results import BeyondRow, Controls
from watching import Apart, Told

MADE: Any = object()
OWN: Mapping[str, Score] = {}


class Taking:
    """Stands in ``run_controls``' place: counts, and tells each result from the one before."""

    def __init__(self) -> None:
        self.count = 0
        self.given: list[tuple[object, ...]] = []

    def __call__(self, inputs: ControlInputs, made: object, own: object, *, kept: Any) -> Controls:
        self.count += 1
        self.given.append((inputs, made, own))
        return Controls(
            source="a", seed=self.count, rows=(), logit_predictions_differing=0,
            logit_difference=0.0, left_out={},
        )  # fmt: skip


@pytest.fixture
def taking(monkeypatch: pytest.MonkeyPatch) -> Taking:
    found = Taking()
    monkeypatch.setattr(control_files, "run_controls", found)
    return found


@pytest.fixture
def inputs(tmp_path: Path) -> ControlInputs:
    return replace(world(tmp_path, shared=True), measures=("cka",))


def with_rows(inputs: ControlInputs, side: str, fingerprint: str) -> ControlInputs:
    rows = dict(getattr(inputs, side))
    rows["b"] = replace(rows["b"], fingerprint=fingerprint)
    return replace(inputs, **{side: rows})


def with_network(inputs: ControlInputs) -> ControlInputs:
    networks = dict(inputs.networks)
    networks["b"] = replace(networks["b"], fingerprint="of other weights")  # type: ignore[type-var]
    return replace(inputs, networks=networks)


LABELS_GIVEN = ControlsConfig(given=(("answers",), ("labels",)))
CHANGES: dict[str, Callable[[ControlInputs], ControlInputs]] = {
    "spaces": lambda i: replace(i, chosen=ControlsConfig(class_noise=4)),
    "fit rows": lambda i: with_rows(i, "fit", "other fit rows"),
    "products": lambda i: replace(i, precision="float32"),
    "eval rows": lambda i: with_rows(i, "evaluation", "other eval rows"),
    "labels": lambda i: replace(i, labels=i.labels[::-1].copy()),
    "weights": with_network,
    "measures": lambda i: replace(i, measures=("cka", "angle")),
}


def kept(inputs: ControlInputs) -> Controls:
    return kept_controls(inputs, lambda: MADE, OWN)


def test_they_are_taken_once_and_found_again(taking: Taking, inputs: ControlInputs) -> None:
    asked: list[str] = []

    def made() -> Any:
        asked.append("spaces")
        return MADE

    first = kept_controls(inputs, made, OWN)
    elsewhere = replace(inputs, algebra=Apart(), progress=Told())
    assert kept_controls(elsewhere, made, OWN) == first  # neither decides a number
    assert (taking.count, asked) == (1, ["spaces"])
    assert taking.given == [(inputs, MADE, OWN)]
    (path,) = (inputs.folder / "controls").iterdir()
    assert (len(path.stem), path.suffix) == (16, ".json")


@pytest.mark.parametrize("change", CHANGES)
def test_what_could_change_a_number_takes_them_again(
    taking: Taking, inputs: ControlInputs, change: str
) -> None:
    first, changed = kept(inputs), CHANGES[change](inputs)
    assert kept(changed) != first
    assert kept(changed).seed == taking.count == 2
    assert len(list((inputs.folder / "controls").iterdir())) == 1  # the earlier ones are gone
    assert kept(inputs).seed == 3


def test_where_networks_name_their_classes_counts_by_number_are_taken_again(
    taking: Taking, inputs: ControlInputs, tmp_path: Path
) -> None:
    """Fit labels follow those names, and did not when earlier controls were kept."""
    one, other = (
        replace(inputs, networks={**inputs.networks, "b": network(tmp_path, *names, name="b")})
        for names in ((), NAMES)
    )
    assert kept(one) == kept(one)
    assert kept(other) != kept(one)


@pytest.mark.parametrize("name", ["CONTROLS_VERSION", "SEED"])
def test_another_version_or_seed_takes_them_again(
    taking: Taking, inputs: ControlInputs, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(inputs)
    monkeypatch.setattr(control_files, name, 77)
    kept(inputs)
    assert taking.count == 2


def test_the_sample_counts_where_a_measure_reads_rows(
    taking: Taking, inputs: ControlInputs
) -> None:
    kept(inputs)
    kept(replace(inputs, sample=50))
    assert taking.count == 1
    reading = replace(inputs, measures=("cka", "mutual_knn"))
    for sample, count in ((50, 2), (50, 2), (60, 3)):
        kept(replace(reading, sample=sample))
        assert taking.count == count


def test_fit_labels_count_where_they_are_given(taking: Taking, inputs: ControlInputs) -> None:
    def labelled(labels: Any) -> ControlInputs:
        return replace(inputs, chosen=LABELS_GIVEN, fit_labels=lambda: labels)

    def refused() -> str:
        pytest.fail("nobody asks for labels")

    kept(replace(inputs, fit_labels=refused))
    labels = np.arange(6)
    others: Sequence[Any] = (labels, labels[::-1].copy(), "they are not known", "nor these")
    for count, said in enumerate(others, 2):
        for _ in range(2):
            kept(labelled(said))
            assert taking.count == count


def row(source: str) -> BeyondRow:
    return BeyondRow(
        given="answers", of="features", source=source, target="c", r2=0.5, ci_low=None, ci_high=None
    )


def test_sources_of_a_run_that_was_stopped_are_kept_until_all_is_taken(
    inputs: ControlInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []

    def run(given: ControlInputs, *_: object, kept: Any) -> Controls:
        for name in given.networks:

            def take(name: str = name) -> list[BeyondRow]:
                taken.append(name)
                if name == "c" and len(taken) == 3:
                    raise KeyboardInterrupt
                return [row(name), row(name)]

            assert kept(name, take) == (row(name), row(name))
        return Controls(
            source="a", seed=0, rows=(), logit_predictions_differing=0, logit_difference=0.0,
            left_out={},
        )  # fmt: skip

    monkeypatch.setattr(control_files, "run_controls", run)
    with pytest.raises(KeyboardInterrupt):
        kept(inputs)
    folder = inputs.folder / "controls"
    parts = sorted(path.name.split(".") for path in folder.iterdir())
    assert [(len(key), *rest) for key, *rest in parts] == [(16, "a", "json"), (16, "b", "json")]
    kept(inputs)
    assert taken == ["a", "b", "c", "c"]
    (path,) = folder.iterdir()
    assert path.stem == parts[0][0]
