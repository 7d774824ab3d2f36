"""``samefeatures reproduce thesis`` on ``thesis:`` networks with random weights.

Four of the ten at small crops; the others are missing, as they would be on a machine without them.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from slim_run import MakeOriginal

from samefeatures.images.labels import imagenet_index
from samefeatures.networks.thesis.source import untrained

pytestmark = pytest.mark.originals
NAMES = ("inception_v1", "inception_v2", "mobilenet_v2_140_224", "inception_v3")
CROPS = {"inception_v1": 96, "inception_v2": 64, "mobilenet_v2_140_224": 64, "inception_v3": 96}


@pytest.fixture
def weights(original: MakeOriginal, tmp_path: Path) -> Path:
    """A folder as ``--weights-dir`` wants it."""
    folder = tmp_path / "weights"
    folder.mkdir()
    made = {
        "inception_v1": original("inception_v1", "single", size=331).folder / "single.ckpt",
        "inception_v2": original("inception_v2", "single", size=224).folder / "single.ckpt",
    }
    for name, file in made.items():
        (folder / name).mkdir()
        (folder / name / f"{name}.ckpt").symlink_to(file)
    bundle = original("mobilenet_v2_140", "bundle", size=224).folder
    (folder / "mobilenet_v2_140_224").mkdir()
    for file in bundle.glob("bundle.ckpt.*"):
        (folder / "mobilenet_v2_140_224" / file.name).symlink_to(file)
    torch.manual_seed(0)
    save_file(untrained("inception_v3").state_dict(), folder / "inception_v3.tf_in1k.safetensors")
    return folder


@pytest.fixture
def imagenet(photographs: list[Image.Image], tmp_path: Path) -> Path:
    """Six training and six validation images of three classes, cut from photographs."""
    for part, shift in (("train", 0), ("val", 7)):
        for at, synset in enumerate(list(imagenet_index())[:3]):
            folder = tmp_path / "imagenet" / part / synset
            folder.mkdir(parents=True)
            for k, image in enumerate(photographs):
                left = 20 * at + shift
                image.crop((left, shift, left + 200, 200)).save(folder / f"{synset}_{k}.JPEG")
    return tmp_path / "imagenet"


def test_thesis_on_random_weights(weights: Path, imagenet: Path, tmp_path: Path) -> None:
    crops = [part for name, px in CROPS.items() for part in ("--crop", f"{name}={px}")]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "samefeatures", "reproduce", "thesis"),
            *("--data", imagenet, "--weights-dir", weights, "--out", tmp_path / "out", *crops),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "out" / "comparison" / "comparison.csv").open() as file:
        rows = list(csv.DictReader(file))
    cells = [r for r in rows if (r["table"], r["what"]) == ("5.2", "top-1")]
    run = {(r["source"], r["target"]) for r in cells if r["ours"]}
    assert len(cells) == 100
    assert run == {(a, b) for a in NAMES for b in NAMES}
    assert {r["status"] for r in cells if not r["ours"]} == {"missing"}
    dims = {
        r["source"]: r["status"] for r in rows if (r["table"], r["what"]) == ("5.1", "features")
    }
    assert {name for name, status in dims.items() if status == "equal"} == set(NAMES)
    study = json.loads((tmp_path / "out" / "study.json").read_text())
    assert {n["name"]: n["preprocessing"]["input_size"][1] for n in study["networks"]} == CROPS
    assert "pnasnet_large" in done.stdout
    assert "nasnet_large → mobilenet_v2_140_224" in " ".join(done.stdout.split())
