"""Train the miniatures on Fashion-MNIST and export them to ONNX (PyTorch, extra ``train``).

One recipe for all ten: AdamW, one-cycle learning rate, random flips and shifts of a pixel, the
last epoch's weights; only the seed and the architecture differ. Training stops and resumes at
epochs: a checkpoint lies beside the exported file until the network is done.
"""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn

from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.miniatures.catalogue import MiniatureSpec
from samefeatures.networks.torch.hybrid import export_module
from samefeatures_training.idx import read_idx

PIXEL_MEAN, PIXEL_STD = 0.286, 0.353
"""Mean and standard deviation of Fashion-MNIST's training pixels, scaled to [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What all ten have in common."""

    epochs: int = 12
    batch_size: int = 128
    peak_learning_rate: float = 4e-3
    weight_decay: float = 0.05
    clip_norm: float = 1.0
    shift: int = 1
    threads: int = 1


def build(spec: MiniatureSpec) -> nn.Module:
    """The untrained network of a spec, initialised from its seed."""
    torch.manual_seed(spec.seed)
    module = importlib.import_module(f"{__package__}.{spec.module}")
    model: nn.Module = getattr(module, spec.name)()
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return model.to(memory_format=torch.channels_last)


def to_tensor(images: npt.NDArray[np.uint8]) -> Tensor:
    """(n, 28, 28) bytes to (n, 3, 28, 28) normalised float32, three equal channels."""
    x = (torch.from_numpy(images.astype(np.float32)) / 255 - PIXEL_MEAN) / PIXEL_STD
    return x[:, None].expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def augment(images: Tensor, shift: int, generator: torch.Generator) -> Tensor:
    """Flip half of (b, 3, h, w) images; shift each eighth of it by up to ``shift`` pixels."""
    flip = torch.rand(len(images), generator=generator) < 0.5
    images = torch.where(flip[:, None, None, None], images.flip(3), images)
    padded = nn.functional.pad(images, [shift] * 4, value=-PIXEL_MEAN / PIXEL_STD)
    side = images.shape[-1]
    parts = []
    for part in padded.chunk(8):
        top, left = torch.randint(0, 2 * shift + 1, (2,), generator=generator).tolist()
        parts.append(part[:, :, top : top + side, left : left + side])
    return torch.cat(parts).contiguous(memory_format=torch.channels_last)


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Top-1 in percent, in evaluation mode, of images (n, 3, h, w) with labels (n,)."""
    model.eval()
    with torch.inference_mode():
        correct = sum(
            int((model(x).argmax(1) == y).sum().item())
            for x, y in zip(torch.split(images, 500), torch.split(labels, 500), strict=True)
        )
    return 100 * correct / len(labels)


def _batches(
    images: Tensor, labels: Tensor, recipe: Recipe, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    order = torch.randperm(len(images), generator=generator)
    for rows in torch.split(order, recipe.batch_size):
        yield augment(images[rows], recipe.shift, generator), labels[rows]


def train_one(
    spec: MiniatureSpec,
    data: Path,
    out: Path,
    *,
    recipe: Recipe | None = None,
    report: Callable[[str], None] = print,
) -> Path:
    """Train one miniature, export ``out/NAME/model.onnx`` and ``meta.json``, return the folder.

    ``data`` holds the four gzipped IDX files of Fashion-MNIST. A run that was stopped goes on
    from its last full epoch.
    """
    recipe = recipe or Recipe()
    torch.set_num_threads(recipe.threads)
    images, test_images = (
        to_tensor(read_idx(data / f"{part}-images-idx3-ubyte.gz")) for part in ("train", "t10k")
    )
    labels, test_labels = (
        torch.from_numpy(read_idx(data / f"{part}-labels-idx1-ubyte.gz").astype(np.int64))
        for part in ("train", "t10k")
    )
    model = build(spec)
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        recipe.peak_learning_rate,
        epochs=recipe.epochs,
        steps_per_epoch=math.ceil(len(images) / recipe.batch_size),
    )
    folder = out / spec.name
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoint.pt"
    history: list[float] = []
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        history = state["history"]
    for epoch in range(len(history), recipe.epochs):
        generator = torch.Generator().manual_seed(1000 * spec.seed + epoch)
        model.train()
        for x, y in _batches(images, labels, recipe, generator):
            loss = nn.functional.cross_entropy(model(x), y)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
            optimiser.step()
            schedule.step()
        history.append(accuracy(model, test_images, test_labels))
        report(f"{spec.name}: epoch {epoch + 1}/{recipe.epochs}, test top-1 {history[-1]:.2f} %")
        torch.save(
            {
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
                "history": history,
            },
            checkpoint.with_suffix(".tmp"),
        )
        checkpoint.with_suffix(".tmp").replace(checkpoint)
    export_onnx(model, folder / "model.onnx")
    _write_meta(spec, recipe, model, history, folder)
    checkpoint.unlink()
    return folder


def export_onnx(model: nn.Module, path: Path) -> None:
    """Write a classifier of 28x28 RGB images as one ONNX file with a free batch size."""
    model = model.eval().to(memory_format=torch.contiguous_format)
    like = Preprocessing(input_size=(3, 28, 28), mean=(PIXEL_MEAN,) * 3, std=(PIXEL_STD,) * 3)
    exported = export_module(model, like, source=path.parent.name)
    onnx.save(strip_metadata(exported), path)


def strip_metadata(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop names of source files and stack traces, which the exporter writes beside each node."""
    graph = model.graph
    for part in (model, graph, *graph.node, *graph.initializer, *graph.value_info, *graph.input):
        del part.metadata_props[:]
    for part in (graph, *graph.node, *graph.initializer, *graph.value_info):
        part.doc_string = ""
    del graph.value_info[:]
    return model


def _write_meta(
    spec: MiniatureSpec, recipe: Recipe, model: nn.Module, history: list[float], folder: Path
) -> None:
    meta = {
        "name": spec.name,
        "stands_for": spec.stands_for,
        "family": spec.family,
        "trained_on": "Fashion-MNIST (60,000 training images)",
        "licence": "MIT",
        "input_size": [3, 28, 28],
        "crop_pct": 1.0,
        "interpolation": "bilinear",
        "mean": [PIXEL_MEAN] * 3,
        "std": [PIXEL_STD] * 3,
        "feature_dim": spec.feature_dim,
        "parameters": sum(p.numel() for p in model.parameters()),
        "seed": spec.seed,
        "recipe": asdict(recipe),
        "test_top1_per_epoch": history,
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
