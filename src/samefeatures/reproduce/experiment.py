"""From options to a study of the document's shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from samefeatures.base.documents import read_yaml
from samefeatures.base.errors import ConfigError, DataError, FileError, NoFileError, did_you_mean
from samefeatures.base.files import write_whole, writing
from samefeatures.networks.source import anchored
from samefeatures.reproduce.document import Document, document
from samefeatures.reproduce.imagenet import ImageNet, find_imagenet
from samefeatures.reproduce.networks import Catalogue, Weights, source_of
from samefeatures.reproduce.val_labels import label_validation, write_labels
from samefeatures.study.config import StudyConfig, parse_config


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What ``samefeatures reproduce`` is asked to do.

    Attributes:
        data: Folder with ImageNet.
        out: Folder for everything that comes out.
        weights_dir: Folder with the networks' weights.
        networks: Only these; all of the document when empty.
        networks_from: YAML file that gives other networks under the document's names.
        subset: Fit on at most this many images of each class.
        labels: Labels of a flat validation folder.
        crops: Pixels by network, instead of the document's.
        download: Let networks fetch weights that are missing.
        strict: Stop at a missing network or an image that can't be read.
    """

    data: Path
    out: Path
    weights_dir: Path | None = None
    networks: tuple[str, ...] = ()
    networks_from: Path | None = None
    subset: int | None = None
    labels: Path | None = None
    workers: int | None = None
    crops: Mapping[str, int] = field(default_factory=dict)
    device: str = "cpu"
    batch_size: int = 32
    download: bool = False
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One network of the document.

    Attributes:
        crop: Pixels; None for a network from ``networks_from``, which has its own.
        load: Entry of a study file, or None when it is left out.
        found: Where its weights are; empty when they are missing.
        why: What is missing, and what to do.
        weights: What is published; None for a network from ``networks_from``.
    """

    name: str
    crop: int | None
    load: Mapping[str, Any] | None
    found: str = ""
    why: str = ""
    weights: Weights | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Everything that is known before a network is loaded or an image is read."""

    document: Document
    options: Options
    chosen: tuple[Chosen, ...]
    images: ImageNet

    @property
    def missing(self) -> dict[str, str]:
        """Why networks that were asked for are left out, by name."""
        return {c.name: c.why for c in self.chosen if c.load is None}

    @property
    def absent(self) -> dict[str, str]:
        """The same, and those that were not asked for."""
        chosen = {c.name for c in self.chosen}
        others = {name: "not asked for." for name in self.document.crops if name not in chosen}
        return {**self.missing, **others}


def plan_experiment(name: str, options: Options, catalogue: Catalogue) -> Experiment:
    """Look for networks and images; nothing is loaded, and what is missing is no error yet.

    Raises:
        ConfigError: when an option names what the document does not have, or has no effect.
    """
    found = document(name)
    wanted = _wanted(found, options)
    if options.subset is not None and options.subset < 1:
        raise ConfigError(f"--subset is {options.subset}; it must be at least 1.")
    if options.networks_from is not None:
        chosen = _others(options.networks_from, wanted, options)
    else:
        chosen = tuple(_own(n, found, options, catalogue) for n in wanted)
    images = find_imagenet(options.data.resolve(), labels=options.labels)
    return Experiment(document=found, options=options, chosen=chosen, images=images)


def check_ready(experiment: Experiment) -> None:
    """Refuse to start where images are missing, or fewer than two networks are there.

    Raises:
        ConfigError: naming what is missing and what to do; with ``strict`` for any network.
        DataError: about the images.
    """
    if experiment.images.problems:
        raise DataError(" ".join(experiment.images.problems))
    missing = experiment.missing
    listed = " ".join(f"{name}: {why}" for name, why in missing.items())
    if missing and experiment.options.strict:
        raise ConfigError(f"{listed} (--strict leaves no network out.)")
    there = len(experiment.chosen) - len(missing)
    if there < 2:
        raise ConfigError(
            f"{there} of {len(experiment.chosen)} networks can be loaded; a comparison needs two. "
            f"{listed}"
        )


def study_settings(experiment: Experiment, labels_csv: Path | None) -> dict[str, Any]:
    """The study as a study file would have it."""
    options, images = experiment.options, experiment.images
    fit: dict[str, Any] = {"source": str(images.train), "name": "train"}
    if options.subset is not None:
        fit["per_class"] = options.subset
    evaluation: dict[str, Any] = {"source": str(images.val), "name": "val"}
    if labels_csv is not None:
        evaluation["labels"] = str(labels_csv)
    settings: dict[str, Any] = {
        "title": experiment.document.title,
        "networks": [dict(c.load) for c in experiment.chosen if c.load is not None],
        "data": {"fit": fit, "eval": evaluation},
        "methods": list(experiment.document.methods),
        # The table from answers alone, which needs no other network and no image again.
        "controls": {"seeds": 0, "pixels": False, "given": ["answers"]},
        "batch_size": options.batch_size,
        "device": options.device,
        "strict": options.strict,
    }
    if options.workers is not None:
        settings["workers"] = options.workers
    return settings


def write_study(experiment: Experiment) -> StudyConfig:
    """The validated study; leaves it as ``study.yaml`` in the out folder, with the labels."""
    out = experiment.options.out.resolve()
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    labels_csv = None
    if experiment.images.labels is not None and experiment.images.val is not None:
        found = label_validation(experiment.images.val, experiment.images.labels)
        labels_csv = write_labels(found, out / "val_labels.csv")
    settings = study_settings(experiment, labels_csv)
    config = parse_config(settings, where=f"reproduce {experiment.document.name}")
    path = out / "study.yaml"
    with writing(path):
        write_whole(path, yaml.safe_dump(settings, sort_keys=False).encode())
    return config


def names_of(text: str) -> tuple[str, ...]:
    """Names that stand between commas."""
    return tuple(name for part in text.split(",") if (name := part.strip()))


def crops_of(given: Sequence[str]) -> dict[str, int]:
    """Pixels by network, of texts ``NAME=PIXELS``.

    Raises:
        ConfigError: when one is another text, or a network is named twice.
    """
    crops: dict[str, int] = {}
    for text in given:
        name, _, pixels = text.partition("=")
        if not (pixels.isascii() and pixels.isdecimal() and len(pixels) < 6 and int(pixels)):
            raise ConfigError(f"--crop is '{text}'; write NAME=PIXELS, e.g. inception_v4=299.")
        if name in crops:
            raise ConfigError(f"--crop names {name} twice. Give one crop for a network.")
        crops[name] = int(pixels)
    return crops


def _wanted(found: Document, options: Options) -> list[str]:
    for what, names in (("--networks", options.networks), ("--crop", options.crops)):
        for name in names:
            if name not in found.crops:
                raise ConfigError(f"{what}: {_unknown(name, found)}")
    return [name for name in found.crops if name in (options.networks or found.crops)]


def _unknown(name: str, found: Document) -> str:
    hint = did_you_mean(name, found.crops)
    return f"the {found.name} has no network '{name}'. {hint}It has: {', '.join(found.crops)}."


def _own(name: str, found: Document, options: Options, catalogue: Catalogue) -> Chosen:
    folder = options.weights_dir.resolve() if options.weights_dir else None
    crop = options.crops.get(name, found.crops[name])
    load = {"load": source_of(name, crop=crop, weights_dir=folder), "name": name}
    weights = catalogue.weights(name, folder)
    there = weights.found or options.download
    return Chosen(
        name=name,
        crop=crop,
        load=load if there else None,
        found=weights.found,
        why="" if weights.found else weights.missing,
        weights=weights,
    )


def _others(path: Path, wanted: list[str], options: Options) -> tuple[Chosen, ...]:
    for what, given in (
        ("--weights-dir", options.weights_dir),
        ("--crop", options.crops),
        ("--download", options.download),
    ):
        if given:
            raise ConfigError(
                f"{what} has no effect beside --networks-from, whose networks bring their own. "
                "Leave it out."
            )
    entries = _read_mapping(path)
    out = []
    for name in wanted:
        entry = entries.get(name)
        if entry is None:
            why = f"not in {path}."
            out.append(Chosen(name=name, crop=None, load=None, why=why))
        else:
            load = {**entry, "name": name}
            out.append(Chosen(name=name, crop=None, load=load, found=str(entry["load"])))
    return tuple(out)


def _read_mapping(path: Path) -> dict[str, dict[str, Any]]:
    """Entries of a study file by the document's names; relative paths start at the file."""
    try:
        raw = read_yaml(path)
    except NoFileError:
        raise ConfigError(f"There is no file at {path} (--networks-from). Check it.") from None
    except FileError as error:
        raise ConfigError(f"{path} can't be read as YAML: {error}. Mend the file.") from None
    if not isinstance(raw, Mapping) or not raw:
        raise ConfigError(f"{path} must hold 'name: source', one per network.")
    out: dict[str, dict[str, Any]] = {}
    known = document("thesis")  # one file serves both: the paper's two are among the ten
    for name, entry in raw.items():
        if name not in known.crops:
            raise ConfigError(f"{path}: {_unknown(str(name), known)}")
        given = {"load": entry} if isinstance(entry, str) else entry
        if not isinstance(given, Mapping) or not isinstance(given.get("load"), str):
            raise ConfigError(f"{path}: '{name}' must be a source, or a mapping with 'load'.")
        out[name] = {**given, "load": anchored(given["load"], path.parent)}
    return out
