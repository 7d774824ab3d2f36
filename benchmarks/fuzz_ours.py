"""Files that the program writes and reads again: how a sound one is made, and how it is read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.fuzz_users import Made, worlds


@cache
def study_folder(scratch: Path) -> Path:
    """A scored study with controls, curves and overlaps, on features from files."""
    from samefeatures.gallery.gallery import refresh_overlaps
    from samefeatures.report.write import write_report
    from samefeatures.study.config import parse_config
    from samefeatures.study.study import Study

    for name, world in worlds().items():
        np.savez(scratch / f"{name}.npz", **world)
    given = {"networks": ["npz:a.npz", "npz:b.npz"], "methods": ["ols", "cosine"], "controls": True}
    study = Study(parse_config(given), out=scratch / "out", base=scratch)
    results = study.score()
    refresh_overlaps(None, results, out=study.out, base=scratch)
    write_report(results, study.out / "report")
    return study.out


def from_study(*patterns: str) -> Callable[[Path], Made]:
    """Files of a whole study, copied; of each pattern the first."""

    def make(folder: Path) -> Made:
        scratch = folder.parent / "scratch"
        scratch.mkdir(exist_ok=True)
        whole = study_folder(scratch)
        shutil.copytree(whole, folder / "out")
        return [sorted((folder / "out").glob(pattern))[0] for pattern in patterns]

    return make


def first(folder: Path, pattern: str) -> Path:
    """The file of a pattern; where it is gone, its name as the sound study has it."""
    out, whole = folder / "out", study_folder(folder.parent / "scratch")
    return out / sorted(whole.glob(pattern))[0].relative_to(whole)


def read_results(folder: Path) -> object:
    from samefeatures.study.results import StudyResults

    return StudyResults.load(folder / "out" / "study.json")


def read_overlaps(folder: Path) -> object:
    from samefeatures.scores.overlap import load_overlaps

    there = (folder / "out" / "overlap" / "ols" / "a--b" / "overlap.json").exists()
    found = load_overlaps(folder / "out")
    return found if there else None  # else nobody asked for it


def read_said(folder: Path) -> object:
    from samefeatures.gallery.gallery import read_pair

    return read_pair(folder / "out", "ols", "a", "b")


def read_map(folder: Path) -> object:
    from samefeatures.maps import AffineMap

    return AffineMap.load(first(folder, "maps/ols/a--b.safetensors"))


def read_curve(folder: Path) -> object:
    from samefeatures.base.border import kept_or_none
    from samefeatures.maps import LossCurve

    return kept_or_none(LossCurve.kept, first(folder, "maps/cosine/a--b.curve.npz"))


def read_key(folder: Path) -> object:
    from samefeatures.study.map_files import kept_key

    return kept_key(first(folder, "maps/ols/key.json"))


def read_scores(folder: Path) -> object:
    from samefeatures.study.score_files import ScoreFile

    path = first(folder, "scores/ols/a/*.npz")
    with np.load(
        study_folder(folder.parent / "scratch") / path.relative_to(folder / "out")
    ) as file:
        basis = json.loads(file["facts"].tobytes())["basis"]
    return ScoreFile(path, basis).read()


def read_moments(folder: Path) -> object:
    from samefeatures.joint.kept import load_moments

    found = load_moments(first(folder, "moments/fit-*.npz"))
    return found and (found.names, found.dims, found.n, found.mean, found.lower, found.precision)


def make_blocks(folder: Path) -> Made:
    from samefeatures.joint.blocks import Blocks

    products = {("a", "a"): np.eye(3), ("a", "b"): np.ones((3, 2))}
    Blocks(n=9, means={"a": np.ones(3), "b": np.zeros(2)}, products=products).save(folder / "x.npz")
    return [folder / "x.npz"]


def read_blocks(folder: Path) -> object:
    from samefeatures.base.errors import NoFileError
    from samefeatures.joint.blocks import Blocks

    try:
        found = Blocks.load(folder / "x.npz")
    except NoFileError:
        return None
    return found.n, found.means, {str(k): v for k, v in found.products.items()}


def make_checkpoint(folder: Path) -> Made:
    from samefeatures.maps.checkpoint import Checkpoint

    Checkpoint(folder / "x.npz", "key").save({"weight": np.eye(3), "step": np.array(7)})
    return [folder / "x.npz"]


def read_checkpoint(folder: Path) -> object:
    from samefeatures.maps.checkpoint import Checkpoint

    return Checkpoint(folder / "x.npz", "key").load()


def make_prints(folder: Path) -> Made:
    from samefeatures.features.prints import save_prints

    save_prints([np.ones((5, 8), np.float32)], folder / "x.npz")
    return [folder / "x.npz"]


def read_prints(folder: Path) -> object:
    from samefeatures.features.prints import load_prints

    found = load_prints(folder / "x.npz")
    return found if len(found) else None


def make_journal(folder: Path) -> Made:
    from samefeatures.joint.journal import Journal

    journal = Journal.empty([(2, 3), (1, 4)])
    journal.note(0, 0, 2, {"a.png": "cut short"})
    journal.note(0, 1, 3, {})
    journal.save(folder / "x.json")
    return [folder / "x.json"]


def read_journal(folder: Path) -> object:
    from samefeatures.joint.journal import Journal

    found = Journal.read(folder / "x.json", [(2, 3), (1, 4)])
    return found and (found.layout, found.counts, found.left_out)


def read_record(of: Callable[[], type], pattern: str) -> Callable[[Path], object]:
    """A reader of what is computed again where it is damaged."""

    def read(folder: Path) -> object:
        from samefeatures.base.border import kept_or_none
        from samefeatures.base.records import record
        from samefeatures.base.sealed import read_sealed

        return kept_or_none(lambda place: record(of(), read_sealed(place)), first(folder, pattern))

    return read


def controls_kept() -> type:
    from samefeatures.study.results import Controls

    return Controls


def shared_kept() -> type:
    from samefeatures.study.shared import _Kept

    return _Kept


def names_kept() -> type:
    from samefeatures.report.write import _Written

    return _Written


def make_task(folder: Path) -> Made:
    from samefeatures.base.sealed import write_sealed
    from samefeatures.study.results import TaskProbe, TaskResults

    found = TaskResults(
        name="hue", rule=True, classes=3, fit_rows=9, n=8, chance=40.0, cells=(), answers=(),
        probes=(TaskProbe(network="a", strength=0.1, steps=5),), notes=("few",),
    )  # fmt: skip
    write_sealed(folder / f"hue--{'k' * 16}.json", asdict(found))
    return [folder / f"hue--{'k' * 16}.json"]


def read_task(folder: Path) -> object:
    from samefeatures.study.task_files import TaskFile

    return TaskFile(folder, "hue", "k" * 20).read()
