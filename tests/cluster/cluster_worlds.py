"""A study of small networks and images on disk, for several processes to work on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from samefeatures.base.progress import Silent
from samefeatures.cluster.runner import RayRunner
from samefeatures.study.config import StudyConfig, parse_config
from samefeatures.study.study import Study

SIDE = 8
NETWORKS = '''
import itertools, os, signal, threading
from pathlib import Path
import torch
from torch import nn

class Small(nn.Module):
    def __init__(self, seed, dim):
        super().__init__()
        torch.manual_seed(seed)
        self.body = nn.Linear(3 * 8 * 8, dim)
        self.head = nn.Linear(dim, 3)

    def forward(self, x):
        return self.head(torch.relu(self.body(x.flatten(1))))

class Held(Small):
    """Goes no further at those batches, counted over all processes, that a file names."""
    def forward(self, x):
        hold = Path(__file__).with_name("hold")
        if len(x) > 16 and hold.exists():  # no probe images
            number = next(n for n in itertools.count() if self.claimed(hold, n))
            if number in map(int, hold.read_text().split()):
                part = hold.with_name(f"held-{number}.part")
                part.write_text(str(os.getpid()))
                part.rename(part.with_suffix(".pid"))
                threading.Event().wait()
        return super().forward(x)

    def claimed(self, hold, number):
        try:
            os.close(os.open(hold.with_name(f"batch-{number}"), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True

class Deadly(Small):
    """Dies on a white image, as a broken library might; keeps count of how often."""
    def forward(self, x):
        if (x.flatten(1).amin(1) > 1.9).any():
            with open(os.environ["DEATHS"], "a") as file:
                file.write("x")
            os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(x)

PREP = {"input_size": (3, 8, 8), "crop_pct": 1.0, "interpolation": "bilinear",
        "mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}

def small(): return Small(0, 5)
def second(): return Small(1, 7)
def held(): return Held(5, 7)
def deadly(): return Deadly(2, 6)
def third(): return Small(3, 4)
def twin(): return Small(4, 4)
'''
PREPROCESSING = {
    "input_size": [3, SIDE, SIDE],
    "crop_pct": 1.0,
    "interpolation": "bilinear",
    "mean": [0.5, 0.5, 0.5],
    "std": [0.25, 0.25, 0.25],
}


def nets_of(folder: Path) -> Path:
    """The module of networks; of its own name, as processes keep what they imported."""
    return folder / f"nets_{folder.name}.py"


def write_world(
    folder: Path, *, fit: int, evaluation: int, white: tuple[int, ...] = (), broken: int = 1
) -> None:
    """Networks, and image folders with these numbers of images; some white, some cut short."""
    nets_of(folder).write_text(NETWORKS)
    rng = np.random.default_rng(0)
    for name, count in (("fit", fit), ("eval", evaluation)):
        for i in range(count):
            pixels = rng.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
            if name == "fit" and i in white:
                pixels[:] = 255
            path = folder / name / f"class{i % 3}" / f"{i:04d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
            if name == "fit" and i < broken:
                path.write_bytes(path.read_bytes()[:50])


def world_config(folder: Path, *networks: str, **keys: Any) -> StudyConfig:
    """A study of some of the networks of ``nets_of`` a folder."""
    module = nets_of(folder).stem
    cluster = {"chunks": 1, "leaf_rows": 300, "patience": 5, **keys.pop("cluster", {})}
    return parse_config(
        {
            "networks": [
                {"load": f"python:{module}:{name}", "name": name, **PREPROCESSING}
                for name in networks
            ],
            "data": {"fit": {"source": "fit"}, "eval": {"source": "eval", "class_map": "sorted"}},
            "methods": ["ols"],
            "threads": 1,
            "cluster": cluster,
            **keys,
        }
    )


def alone(config: StudyConfig, base: Path, out: Path) -> Study:
    """The study in this process."""
    return Study(config, out=out, base=base)


def on_cluster(config: StudyConfig, base: Path, out: Path) -> Study:
    """The study on the cluster that this process is connected to."""
    runner = RayRunner(config, folder=out, base=base, progress=Silent())
    return Study(config, out=out, base=base, runner=runner)


def hold(folder: Path, batches: Iterable[int]) -> None:
    """Where the network ``held`` goes no further, whichever process has come so far."""
    (folder / "hold").write_text(" ".join(map(str, batches)))


def held_workers(folder: Path) -> list[Path]:
    """A file for each process that is held now, with its number; to be removed with it."""
    return sorted(folder.glob("held-*.pid"))


def kill(held: Path) -> None:
    """Kill a held process as the system would."""
    os.kill(int(held.read_text()), signal.SIGKILL)
    held.unlink()


def everything(study: Study) -> dict[tuple[str, str], tuple[list[str], np.ndarray]]:
    """Ids and features of both sides, by side and network."""
    out = {}
    for side, found in zip(("fit", "eval"), study.extract(), strict=True):
        for name, rows in found.rows.items():
            assert rows.ids is not None
            out[side, name] = (list(rows.ids), rows.span(0, len(rows)))
    return out


def same(first: Study, second: Study) -> None:
    """The same rows, the same features to the bit, the same moments to 1e-12."""
    ours, theirs = everything(first), everything(second)
    assert ours.keys() == theirs.keys()
    for key, (ids, features) in ours.items():
        assert ids == theirs[key][0]
        assert np.array_equal(features, theirs[key][1])
    for a, b in (
        (first.fit_moments(), second.fit_moments()),
        (first.eval_moments, second.eval_moments),
    ):
        assert a.n == b.n
        np.testing.assert_allclose(a.mean, b.mean, rtol=1e-12)
        for left in a.names:
            for right in a.names:
                block = b.block(left, right)
                scale = np.abs(block).max()
                np.testing.assert_allclose(a.block(left, right), block, atol=1e-12 * scale)
