"""Files that users bring: how a sound one is made, and how it is read."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

Made = list[Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A kind of file.

    Attributes:
        what: In tables.
        make: Writes it into an empty folder; returns the files that are damaged, one at a time.
        read: What is read from the folder; None where it is computed again.
        ours: Whether the program wrote it: then nothing else may be read without an error.
        count: Mutations of each file.
        bits: At most so many bits of each file are turned over.
    """

    what: str
    make: Callable[[Path], Made]
    read: Callable[[Path], object]
    ours: bool
    count: int = 800
    bits: int = 2500


def print_of(value: Any) -> str:
    """Equal for equal values, arrays to the bit."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{sha256(np.ascontiguousarray(value)).hexdigest()}"
    if is_dataclass(value) and not isinstance(value, type):
        return print_of({each.name: getattr(value, each.name) for each in fields(value)})
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{k!r}: {print_of(v)}' for k, v in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(print_of, value))}]"
    return repr(value)


# --- files of users ------------------------------------------------------------------------------

STUDY = """# a study
title: Two backbones
networks:
  - timm:resnet18
  - {name: mine, load: 'onnx:nets/mine.onnx', input_size: [3, 224, 224], mean: [0.5, 0.5, 0.5]}
data:
  fit: &fit
    - {source: images/a, views: 4, name: a}
    - images/b.tar
  eval: {source: images/val, limit: 500, class_map: sorted}
methods: [ols, {name: ridge, alpha: 0.1, label: ridge_0.1}, logit, {adam: {iterations: 1000}}]
measures: [r2, cosine]
controls: {seeds: 2, given: [answers]}
tasks: [brightness, {name: other, fit: a, eval: b}]
class_names: names.txt
store: true
batch_size: 32
algebra: {device: cpu, precision: float64}
"""
META = {
    "input_size": [3, 28, 28], "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "crop_pct": 0.9,
    "interpolation": "bilinear", "pixel_range": 1, "class_names": ["cat", "dog", "ä"],
}  # fmt: skip


def text(name: str, content: str) -> Callable[[Path], Made]:
    """A maker of one text file."""

    def make(folder: Path) -> Made:
        (folder / name).write_text(content)
        return [folder / name]

    return make


def read_study(folder: Path) -> object:
    from samefeatures.study.config import read_config

    return read_config(folder / "study.yaml").model_dump()


def read_meta(folder: Path) -> object:
    from samefeatures.networks import settings

    meta = settings.read_json(folder / "meta.json", remedy="Mend it")
    found = settings.fields_of_meta(meta, source="onnx:a")
    names = settings.class_names_of_meta(meta, source="onnx:a")
    return settings.build_preprocessing(found, {}, source="onnx:a"), names


def read_map_of_classes(name: str) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        from samefeatures.images.class_maps import read_class_map
        from samefeatures.images.labels import class_indices

        found = read_class_map(folder / name)
        return found, class_indices(list(found), folder / name, where="here")

    return read


def read_names(name: str) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        from samefeatures.images.class_names import class_names

        return class_names(name, classes=3, base=folder)

    return read


def read_labels_csv(folder: Path) -> object:
    from samefeatures.images.label_files import read_labels

    return read_labels(folder / "labels.csv", class_map=None)


def worlds() -> dict[str, dict[str, Any]]:
    """Three networks whose features are affine images of one latent cause."""
    rng = np.random.default_rng(0)
    latent = {"fit": rng.normal(size=(60, 3)), "eval": rng.normal(size=(40, 3))}
    found: dict[str, dict[str, Any]] = {}
    for name, dim in {"a": 4, "b": 5}.items():
        mix = rng.normal(size=(3, dim))
        world = {f"{k}_features": (z @ mix).astype(np.float32) for k, z in latent.items()}
        weight = np.linalg.pinv(mix).T
        labels = (latent["eval"]).argmax(axis=1)
        found[name] = {
            **world,
            "eval_labels": labels,
            "head_weight": weight,
            "head_bias": np.zeros(3),
        }
    return found


def make_network(folder: Path) -> Made:
    np.savez(folder / "a.npz", **worlds()["a"])
    return [folder / "a.npz"]


def read_network(folder: Path) -> object:
    from samefeatures.networks.load import load

    found = load("npz:a.npz", base=folder)
    return found.fingerprint, found.head.weight, found.head.bias


def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 12, 10, 3), np.uint8)


def make_arrays(folder: Path) -> Made:
    np.savez_compressed(
        folder / "x.npz", images=pictures(), labels=np.arange(3), ids=np.array(["a", "b", "c"])
    )
    return [folder / "x.npz"]


def read_images(name: str, *, labelled: bool = False) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        from samefeatures.base.errors import UnreadableImageError
        from samefeatures.images.decode import decode
        from samefeatures.images.source import ImageSource
        from samefeatures.images.sources import open_images

        source = ImageSource(source=name, relist=not name.endswith(".npz"))
        found = open_images(source, labelled=labelled, base=folder)
        pixels: list[object] = []
        for i in range(len(found.ids)):
            try:
                pixels.append(np.asarray(decode(found.read(i))))
            except UnreadableImageError as error:  # left out, with this reason
                pixels.append(str(error))
        return found.ids, found.labels, pixels

    return read


def make_picture(ending: str) -> Callable[[Path], Made]:
    def make(folder: Path) -> Made:
        from PIL import Image

        (folder / "x").mkdir()
        Image.fromarray(pictures()[0]).save(folder / "x" / f"a.{ending}")
        return [folder / "x" / f"a.{ending}"]

    return make


def make_tar(name: str) -> Callable[[Path], Made]:
    """A maker of an archive with class folders, of the form that its ending says."""

    def make(folder: Path) -> Made:
        members = {f"n0144076{i}/{i}.png": png for i, png in enumerate(packed_pictures())}
        if name.endswith(".zip"):
            with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
                for member, data in members.items():
                    archive.writestr(member, data)
        else:
            write_tar(folder / name, members)
        return [folder / name]

    return make


def make_samples(folder: Path) -> Made:
    """A shard of a webdataset, with a mask."""
    members = {}
    for i, png in enumerate(packed_pictures()):
        members |= {f"{i:06d}.cls": str(i).encode(), f"{i:06d}.png": png}
    write_tar(folder / "x.tar", {**members, "000000.seg.png": packed_pictures()[0]})
    return [folder / "x.tar"]


def packed_pictures() -> list[bytes]:
    from PIL import Image

    packed = [io.BytesIO() for _ in pictures()]
    for file, pixels in zip(packed, pictures(), strict=True):
        Image.fromarray(pixels).save(file, "PNG")
    return [file.getvalue() for file in packed]


def write_tar(path: Path, members: Mapping[str, bytes]) -> None:
    kind = path.suffix[1:] if path.suffix in (".gz", ".xz", ".bz2") else ""
    with tarfile.open(path, f"w:{kind}") as tar:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def make_onnx(folder: Path) -> Made:
    from importlib.resources import files

    weights = files("samefeatures.networks.miniatures") / "weights" / "nasnet"
    for name in ("model.onnx", "meta.json"):
        (folder / name).write_bytes((weights / name).read_bytes())
    return [folder / "model.onnx"]


def read_onnx(folder: Path) -> object:
    from samefeatures.networks.load import load

    found = load("onnx:model.onnx", base=folder)
    return found.fingerprint, found.head.weight


def make_checkpoint_of(ending: str) -> Callable[[Path], Made]:
    def make(folder: Path) -> Made:
        import torch
        from safetensors.torch import save_file

        state = {"fc.weight": torch.arange(6.0).reshape(2, 3), "fc.bias": torch.ones(2)}
        save = save_file if ending == "safetensors" else torch.save
        save(state, folder / f"x.{ending}")
        return [folder / f"x.{ending}"]

    return make


def read_checkpoint_of(ending: str) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        from samefeatures.networks.torch.checkpoints import read_checkpoint

        found = read_checkpoint(folder / f"x.{ending}")
        return {k: {name: each.numpy() for name, each in v.items()} for k, v in found.items()}

    return read
