"""What a study keeps holds until something changes that decides it: as a study of its own finds."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from samefeatures.base.display import ProgressChoice
from samefeatures.base.told import ProgressStep
from samefeatures.study.config import parse_config
from samefeatures.study.results import StudyResults
from samefeatures.study.study import Study

FIT, EVAL, TASK = 240, 40, 24
RAW: dict[str, Any] = {
    "networks": ["mini:resnet_v1", "mini:mobilenet_v2"],
    "data": {"fit": {"source": "fit.npz"}, "eval": {"source": "eval", "labels": "eval.csv"}},
    "methods": ["ols", {"name": "ridge", "alpha": 0.01}],
    "measures": ["r2", "cosine"],
    "controls": {
        "seeds": 0,
        "pixels": 4,
        "class_noise": 4,
        "folds": 2,
        "given": ["answers", "labels"],
    },
    "ranks": [1, 4],
    "spectra": True,
    "canonical": {"k": [1, 3]},
    "curve": {"sizes": [150, 200], "seeds": 1},
    "tasks": [
        "brightness",
        {
            "name": "shoes",
            "fit": {"source": "task", "labels": "task.csv"},
            "eval": {"source": "asked", "labels": "asked.csv"},
        },
    ],
}


Change = Callable[[Path], None] | None


def study(base: Path, out: Path, *, progress: ProgressChoice = "quiet", **keys: Any) -> Study:
    return Study(parse_config({**RAW, **keys}), out=out, base=base, progress=progress)


def test_moments_of_controls_are_gone_before_what_does_not_ask_for_them(
    done: tuple[Path, StudyResults], tmp_path: Path
) -> None:
    """They are the largest thing in memory."""
    alive: dict[str, bool] = {}

    def tell(step: ProgressStep) -> None:
        alive.setdefault(step.stage, moments() is not None)

    asked = study(done[0], tmp_path, progress=tell)
    moments = weakref.ref(next(iter(asked.made_spaces.summed.folds[0].products.values())))
    asked.score()
    stages = list(alive)
    assert all(alive[stage] for stage in ("controls", "ranks"))
    after = stages[stages.index("canonical space") :]
    assert after
    assert not any(alive[stage] for stage in after)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StudyResults]:
    """A folder of images with the results of a study in it."""
    base = tmp_path_factory.mktemp("kept")
    with as_file(files("samefeatures.images.fashion_mnist") / "eval.npz") as path:
        packaged = np.load(path)
        images, labels = packaged["images"], packaged["labels"]
    np.savez(base / "fit.npz", images=images[:FIT], labels=labels[:FIT])
    start = FIT
    for name, count in {"eval": EVAL, "task": TASK, "asked": TASK}.items():
        (base / name).mkdir()
        span = range(start, start + count)
        for i in span:
            Image.fromarray(images[i]).save(base / name / f"{i:03d}.png")
        said = [labels[i] if name == "eval" else labels[i] > 4 for i in span]
        rows = [f"{i:03d}.png,{int(k)}" for i, k in zip(span, said, strict=True)]
        (base / f"{name}.csv").write_text("\n".join(["id,label", *rows]) + "\n")
        start += count
    return base, study(base, base / "out").score()


def with_fit(base: Path, *, images: int = 0, labels: int = 0) -> None:
    """The fit set with the first so many images inverted, and labels raised by one."""
    with np.load(base / "fit.npz") as file:
        pixels, known = file["images"], file["labels"]
    pixels[:images] = 255 - pixels[:images]
    known[:labels] = (known[:labels] + 1) % 10
    np.savez(base / "fit.npz", images=pixels, labels=known)


def with_a_fit_image(base: Path) -> None:
    """One of the eval images is a fit image now."""
    with np.load(base / "fit.npz") as file:
        Image.fromarray(file["images"][0]).save(next((base / "eval").iterdir()))


def with_labels(base: Path, name: str, label: int) -> None:
    """The first five images of a set are of another class."""
    path = base / f"{name}.csv"
    head, *rows = path.read_text().splitlines()
    rows[:5] = [f"{row.partition(',')[0]},{label}" for row in rows[:5]]
    path.write_text("\n".join([head, *rows]) + "\n")


def leaves(results: StudyResults) -> dict[str, object]:
    """Every value of the results by its place; sums of other folds differ by their rounding."""

    def walk(place: str, value: object) -> Iterator[tuple[str, object]]:
        if isinstance(value, dict | list | tuple):
            yield place, len(value)
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            for key, each in pairs:
                yield from walk(f"{place}/{key}", each)
        else:
            yield place, value

    return dict(walk("", asdict(results)))


JUDGED = {"cells", "controls", "canonical", "ranks", "by_rows"}
CHANGES: dict[str, tuple[Change, dict[str, Any], set[str]]] = {
    "fit images": (lambda base: with_fit(base, images=9), {}, {*JUDGED, "tasks", "spectra"}),
    "fit labels": (lambda base: with_fit(base, labels=30), {}, {"controls"}),
    "eval images": (with_a_fit_image, {}, {*JUDGED, "warnings"}),
    "eval labels": (lambda base: with_labels(base, "eval", 3), {}, JUDGED),
    "labels of a task": (lambda base: with_labels(base, "task", 1), {}, {"tasks"}),
    "labels it is asked of": (lambda base: with_labels(base, "asked", 1), {}, {"tasks"}),
    "alpha": (None, {"methods": ["ols", {"name": "ridge", "alpha": 0.5}]}, {"cells", "tasks"}),
    "precision": (None, {"algebra": {"precision": "float32"}}, {"cells", "ranks", "canonical"}),
    "order": (None, {"networks": RAW["networks"][::-1]}, {"networks", "cells", "ranks", "tasks"}),
    "one more": (None, {"networks": [*RAW["networks"], "mini:nasnet"]}, {"networks", *JUDGED}),
    "measures": (None, {"measures": ["cka"]}, {"cells", "controls"}),
    "numbers": (
        None,
        {
            "canonical": {"k": [2, 3]},
            "ranks": [2, 4],
            "curve": {"sizes": [170, 200], "seeds": 1},
            "controls": {**RAW["controls"], "class_noise": 8},
        },
        {"canonical", "ranks", "by_rows", "controls"},
    ),
    "seeds": (
        None,
        {
            "canonical": {"k": [1, 3], "alpha": 0.2},
            "curve": {"sizes": [150, 200], "seeds": 2},
            "controls": {**RAW["controls"], "folds": 3},
        },
        {"canonical", "by_rows", "controls"},
    ),
    "given": (
        None,
        {"controls": {**RAW["controls"], "answers": "soft", "given": ["soft answers"]}},
        {"controls", "by_rows"},
    ),
    "without controls": (None, {"controls": False}, {"controls", "ranks", "by_rows"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_run_after_a_change_finds_what_a_run_alone_finds(
    change: str, done: tuple[Path, StudyResults], tmp_path: Path
) -> None:
    """And finds other things than before, or nothing would be shown."""
    base, out = tmp_path / "base", tmp_path / "base" / "out"
    shutil.copytree(done[0], base)
    alter, keys, parts = CHANGES[change]
    if alter is not None:
        alter(base)
    found = study(base, out, **keys).score()
    shutil.copytree(out / "features", tmp_path / "alone" / "features")
    assert leaves(found) == pytest.approx(leaves(study(base, tmp_path / "alone", **keys).score()))
    before = done[1]
    assert {part for part in parts if getattr(found, part) != getattr(before, part)} == parts


VERSIONS = {
    "map_files.MAPS_VERSION": "maps",
    "scoring.SCORES_VERSION": "scores/ols",
    "shared.SAME": "scores",
    "control_files.CONTROLS_VERSION": "controls",
    "ranks.RANKS_VERSION": "ranks",
    "spectra.SPECTRA_VERSION": "spectra",
    "canonical.kept.CANONICAL_VERSION": "canonical",
    "by_rows.run.VERSION": "curve",
    "tasks.TASKS_VERSION": "tasks",
}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_an_earlier_version_made_is_made_again(
    version: str, done: tuple[Path, StudyResults], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    shutil.copytree(done[0] / "out", out)
    folder = out / VERSIONS[version]
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    monkeypatch.setattr(f"samefeatures.study.{version}", 99)
    assert leaves(study(done[0], out).score()) == pytest.approx(leaves(done[1]))
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert len(after) == len(before), "nothing of the earlier version stays"
    assert after != before


def test_similarity_shows_nothing_beyond_controls_of_other_fit_images(
    done: tuple[Path, StudyResults], tmp_path: Path
) -> None:
    base = tmp_path / "base"
    shutil.copytree(done[0], base, ignore=shutil.ignore_patterns("out"))
    others = {"ranks": None, "canonical": False, "curve": False, "spectra": False, "tasks": []}
    asked = {"measures": ["r2", "cka"], **others}
    study(base, base / "out", **asked).score()
    known = study(base, base / "out", **asked).similarity()
    assert known.given("cka") == ("answers", "labels")
    with_fit(base, images=9)
    assert study(base, base / "out", **asked).similarity().given("cka") == ()
