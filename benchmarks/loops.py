"""Extraction from JPEG files: ours against timm's own loop and thingsvision's.

A ResNet-18 of timm with random weights, photographs that were made up. All three decode, crop,
run and give the same features; ours also stores them. The bare forward loop is the limit, and for
decoding alone Pillow's decoder is.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.record import Line, alternately, at_least, within
from samefeatures.base.arrays import Float32
from samefeatures.features.extract import extract
from samefeatures.images.imageset import ImageSet
from samefeatures.images.sources import ImageSource, open_images
from samefeatures.networks.load import load
from samefeatures.networks.record import ImageNetwork
from samefeatures.planning.decoding import photograph

MODEL, BATCH, IMAGES = "resnet18", 32, 64


def write_photographs(folder: Path, count: int) -> None:
    """``count`` different JPEGs of 500 x 375 pixels."""
    rng = np.random.default_rng(0)
    import io

    base = np.asarray(Image.open(io.BytesIO(photograph()))).astype(np.int16)
    for i in range(count):
        tint = base + rng.integers(-40, 40, (1, 1, 3))
        turned = np.roll(tint, int(rng.integers(0, 500)), axis=1)
        image = Image.fromarray(np.clip(turned, 0, 255).astype(np.uint8))
        image.save(folder / f"{i:05}.jpg", quality=90)


def run() -> list[Line]:
    """Both loops, and decoding alone."""
    with tempfile.TemporaryDirectory() as place:
        base = Path(place)
        (base / "images").mkdir()
        write_photographs(base / "images", IMAGES)
        return list(_lines(base))


def _lines(base: Path) -> Iterator[Line]:
    import torch
    from timm import create_model

    torch.manual_seed(0)
    model = create_model(MODEL, pretrained=False).eval()
    torch.save(model.state_dict(), base / "weights.pth")
    network = load(f"timm:{MODEL}?checkpoint={base / 'weights.pth'}")
    if not isinstance(network, ImageNetwork):
        raise TypeError(f"{MODEL} has no images")
    images = open_images(ImageSource(source="images"), labelled=False, base=base)
    found: dict[str, Float32] = {}

    def ours() -> None:
        with tempfile.TemporaryDirectory() as out:
            (store,) = extract([network], images, Path(out))
            found["ours"] = np.concatenate(list(store.chunks(256)))

    prep = network.preprocessing
    crops = np.stack([prep.pixels(_opened(images, i)) for i in range(IMAGES)])
    batches = [prep.normalise(crops[i : i + BATCH]) for i in range(0, IMAGES, BATCH)]

    def bare() -> None:
        for batch in batches:
            network.backend.features(batch)

    stage = f"extraction from JPEG, {MODEL} at 224, {IMAGES} images"

    def line(peer: str, theirs: float, answer: Float32) -> Line:
        apart = np.abs(found["ours"] - answer).max() / np.abs(answer).max()
        made = at_least(stage, ours_s, peer, theirs, 1.0, difference=float(apart))
        return within(made, bare_s, "bare forward loop")

    def timm() -> None:
        found["timm"] = timm_loop(base)

    bare_s, ours_s, timm_s = alternately(bare, ours, timm, repeat=2)
    yield line("timm's loader and model, 2 workers", timm_s, found["timm"])
    if importlib.util.find_spec("thingsvision") is not None:
        thingsvision_loop(base, batches=1)  # imports TensorFlow, which is not to count
        start = perf_counter()
        answer = thingsvision_loop(base)
        yield line("thingsvision, once", perf_counter() - start, answer)
    yield _decoding(images, network)


def timm_loop(base: Path) -> Float32:
    """Features as timm's documentation takes them: model without classes, its loader."""
    import timm
    import torch
    from timm.data import create_loader, resolve_data_config

    model: Any = timm.create_model(MODEL, pretrained=False)
    model.load_state_dict(torch.load(base / "weights.pth", weights_only=True))
    model.reset_classifier(0)
    model.eval()
    config = resolve_data_config({}, model=model)
    dataset = timm.data.ImageDataset(str(base), class_map="")
    loader = create_loader(
        dataset, batch_size=BATCH, use_prefetcher=False, num_workers=2, device=torch.device("cpu"),
        input_size=config["input_size"], interpolation=config["interpolation"],
        mean=config["mean"], std=config["std"], crop_pct=config["crop_pct"], is_training=False,
    )  # fmt: skip
    with torch.inference_mode():
        return np.concatenate([model(batch).numpy() for batch, _ in loader])


def thingsvision_loop(base: Path, *, batches: int | None = None) -> Float32:
    """Features of the layer before the classifier, by its extractor and its loader."""
    import torch

    if not hasattr(np, "AxisError"):  # it asks for NumPy 1, of which it needs this name alone
        vars(np)["AxisError"] = np.exceptions.AxisError
    from thingsvision import get_extractor
    from thingsvision.utils.data import DataLoader, ImageDataset

    extractor = get_extractor(model_name=MODEL, source="timm", device="cpu", pretrained=False)
    extractor.model.load_state_dict(torch.load(base / "weights.pth", weights_only=True))
    dataset = ImageDataset(
        root=str(base / "images"), out_path=str(base / "things"), backend="pt",
        transforms=extractor.get_transformations(resize_dim=256, crop_dim=224),
    )  # fmt: skip
    loader = DataLoader(dataset=dataset, batch_size=BATCH, backend="pt")
    found = extractor.extract_features(
        batches=loader if batches is None else list(islice(loader, batches)),
        module_name="global_pool",
        flatten_acts=True,
        output_type="ndarray",
    )
    return np.asarray(found, np.float32)


def _opened(images: ImageSet, i: int) -> Image.Image:
    from samefeatures.images.decode import decode

    return decode(images.read(i))


def _decoding(images: ImageSet, network: ImageNetwork) -> Line:
    """Read, decode and crop, against torchvision's transforms; Pillow's decoder is the limit."""
    from timm.data import create_transform

    prep = network.preprocessing
    transform = create_transform(
        prep.input_size, interpolation=prep.interpolation, mean=prep.mean, std=prep.std,
        crop_pct=prep.crop_pct,
    )  # fmt: skip
    paths = [images.read(i) for i in range(len(images))]

    def each(work: Callable[[Any], object]) -> Callable[[], object]:
        def all_of_them() -> None:
            with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                list(pool.map(work, paths))

        return all_of_them

    import io

    def pillow(raw: bytes) -> None:
        Image.open(io.BytesIO(raw)).load()

    def theirs(raw: bytes) -> None:
        transform(Image.open(io.BytesIO(raw)).convert("RGB"))

    def ours(raw: bytes) -> None:
        from samefeatures.images.decode import decode

        prep.normalise(prep.pixels(decode(raw))[None])

    limit, mine, peer = alternately(each(pillow), each(ours), each(theirs))
    line = at_least(
        f"decode and crop to 224, {IMAGES} JPEGs", mine, "timm's transform, same threads", peer, 1.0
    )
    return within(line, limit, "Pillow's decoder alone")
