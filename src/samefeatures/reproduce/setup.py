"""What differs between a study and the document that it redoes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samefeatures.reproduce.published import VAL_IMAGES, Thesis
from samefeatures.study.results import DataSummary, NetworkSummary, StudyResults

THESIS_FIT = "1.3 million training images of ILSVRC2012"
PAPER_FIT = "1.1 million training images of ILSVRC2012 (as the paper says)"


def thesis_setup(thesis: Thesis, results: StudyResults) -> tuple[str, ...]:
    """Weights, crops, resizing and images, where they are not the thesis' or not known to be."""
    crops = {name: network.local_crop for name, network in thesis.networks.items()}
    return (
        *_weights(results),
        *_crops(results, crops, "thesis"),
        *_resizing(results, "The thesis does not say how its images were resized"),
        *_images(results, THESIS_FIT),
    )


def paper_setup(
    results: StudyResults, *, used: str | None, normalised: str | None
) -> tuple[str, ...]:
    """The same for the paper, and which maps stand for its normalised loss."""
    if used is None:
        method = ("Maps: the study has no method that can stand beside the paper's.",)
    elif normalised is None:
        method = (
            f"Maps: ours are by {used} (least squares, closed form); the paper's minimise the "
            "distance between unit-normalised vectors, by Adam in 100,000 steps of 2,048 images.",
        )
    else:
        method = (f"Maps: ours are by {normalised}, which fits the paper's normalised loss.",)
    sizes = ", ".join(f"{n.name} {crop_of(n)}" for n in results.networks if crop_of(n))
    crops = (
        f"Crop: ours {sizes}. The paper does not say which it used; it quotes others' figures at "
        "299 (Inception-v4) and 320 (ResNet-v2 152), and says that both were trained with "
        "identical preprocessing.",
    )
    return (
        *method,
        *_weights(results),
        *(crops if sizes else ()),
        *_resizing(results, "The paper does not say how its images were resized"),
        *_images(results, PAPER_FIT),
    )


def crop_of(network: NetworkSummary) -> int | None:
    """Pixels of the input's side, where the network sees images."""
    if network.preprocessing is None:
        return None
    return int(network.preprocessing["input_size"][-1])


def _weights(results: StudyResults) -> Iterator[str]:
    """Networks that are not the thesis' own are said to be others."""
    others = [n for n in results.networks if not n.source.startswith("thesis:")]
    if others:
        listed = "; ".join(f"{n.name} is {n.source}" for n in others)
        yield f"Weights: {len(others)} networks are not the document's own: {listed}."
    own = len(results.networks) - len(others)
    if own:
        yield (
            f"Weights: {own} networks are loaded by name, as thesis:NAME. Which published file "
            "serves each, and what shows that it is the one that was used then, the page 'The ten "
            "networks' (docs/ten-networks.md) says. A file put there by hand is taken as it is."
        )


def _crops(results: StudyResults, crops: Mapping[str, int], document: str) -> Iterator[str]:
    other = [
        f"{n.name} {crop_of(n)} instead of {crops[n.name]}"
        for n in results.networks
        if n.name in crops and crop_of(n) not in (None, crops[n.name])
    ]
    if other:
        yield f"Crop: {', '.join(other)} pixels."
    elif results.networks:
        yield f"Crop: as in the {document} for every network."


def _resizing(results: StudyResults, said: str) -> Iterator[str]:
    ways: dict[str, list[str]] = {}
    for network in results.networks:
        if network.preprocessing is not None:
            prep = network.preprocessing
            way = f"{prep['interpolation']}, central {prep['crop_pct']:g}, {prep['crop_mode']} crop"
            ways.setdefault(way, []).append(network.name)
    if len(ways) == 1:
        yield f"Resizing: ours {next(iter(ways))}. {said}."
    elif ways:
        listed = "; ".join(f"{way} ({', '.join(names)})" for way, names in ways.items())
        yield f"Resizing: ours {listed}. {said}."


def _images(results: StudyResults, fit: str) -> Iterator[str]:
    yield f"Fit: {_described(results.fit_data)}{_subset(results)}; theirs {fit}."
    found = results.eval_data
    same = found.rows == VAL_IMAGES and not found.left_out
    theirs = "as many as theirs" if same else f"theirs {VAL_IMAGES:,}, the validation images"
    yield f"Eval: {_described(found)}; {theirs}."


def _subset(results: StudyResults) -> str:
    """How images were chosen, where not all were taken."""
    data = results.settings.get("data") or {}
    for part in data.get("fit", ()):
        if part.get("per_class"):
            return f", at most {part['per_class']} of each class, evenly spread over its files"
    return ""


def _described(data: DataSummary) -> str:
    text = f"ours {data.rows:,} rows of {data.images:,} images ({data.name})"
    if data.views:
        text += f", {data.views['count']} random views each"
    if data.left_out:
        text += f", {len(data.left_out):,} left out because they can't be read"
    return text
