"""Open what a study names: networks and image sets, checked against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from samefeatures.base.brief import brief
from samefeatures.base.errors import ConfigError, LabelError
from samefeatures.base.progress import Progress
from samefeatures.base.strict import check_name
from samefeatures.images.class_names import class_names
from samefeatures.images.imageset import ImageSet, image_id
from samefeatures.images.labels import SORTED
from samefeatures.images.sources import open_images
from samefeatures.images.views import Views, rows_per_image
from samefeatures.networks.arithmetic import Arithmetic
from samefeatures.networks.load import check_arithmetic, load
from samefeatures.networks.record import FeatureFile, ImageNetwork, Network
from samefeatures.networks.source import parse_source
from samefeatures.study.config import StudyConfig
from samefeatures.study.data_config import PartConfig
from samefeatures.study.headless import check_heads, possible
from samefeatures.study.label_space import by_name, check_labels, check_names
from samefeatures.study.ranks_config import check_ranks

OF_IMAGES = ("data", "store", "batch_size", "workers", "threads", "resident", "strict")
"""Keys of a study file that say what is extracted, and how."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of an image set: images of one source, and the views taken of each.

    ``prefix`` is its name where ids carry it: where a set has several parts.
    """

    images: ImageSet
    views: Views | None
    prefix: str | None = None

    @property
    def views_per_image(self) -> int:
        """Rows that every image gives."""
        return rows_per_image(self.views)

    @property
    def rows(self) -> int:
        """Of features, if every image can be read."""
        return len(self.images) * self.views_per_image


@dataclass(frozen=True, slots=True, eq=False)
class StudyInputs:
    """Networks by name, in the order of the study, and the parts of both image sets.

    ``class_names`` is empty where the study names no classes; ``notes`` say what was left out for
    want of a head, and what was done so that labels fit the networks.
    """

    networks: dict[str, Network]
    fit: tuple[Part, ...]
    eval: tuple[Part, ...]
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return brief(
            self,
            networks=list(self.networks),
            fit_images=sum(len(part.images) for part in self.fit),
            eval_images=sum(len(part.images) for part in self.eval),
        )

    @property
    def classes(self) -> int:
        """Of every network that has a head; 0 where none has."""
        return next((net.head.classes for net in self.networks.values() if net.head), 0)

    @property
    def image_networks(self) -> list[ImageNetwork]:
        """Those that see images."""
        return [net for net in self.networks.values() if isinstance(net, ImageNetwork)]


def open_inputs(config: StudyConfig, *, base: Path, progress: Progress) -> StudyInputs:
    """Load the networks and list the images; relative paths start at ``base``.

    Raises:
        ConfigError: when names clash, images are missing from the study, or the names of the
            classes are not those of the networks.
        LabelError: when class counts differ, or labels do not fit them.
    """
    networks = open_networks(config, base=base, progress=progress)
    _check_classes(networks)
    check_names(networks.values())
    check_heads(config, networks)
    dims = {name: network.dim for name, network in networks.items()}
    for entry in config.methods:
        entry.build().check(dims)
    check_ranks(config.ranks, dims)
    _, without = possible(config, networks)
    if config.controls or config.tasks:
        _refuse_names_of_spaces(list(networks))
    names = _class_names(config, networks, base)
    if not any(isinstance(net, ImageNetwork) for net in networks.values()):
        _refuse_keys_of_images(config)
        return StudyInputs(networks, (), (), names, without)
    if config.data is None:
        raise ConfigError(
            "data: missing. A study of networks that see images needs 'data' with 'fit' and 'eval'."
        )
    fit = open_parts(config.data.fit, labelled=False, base=base)
    evaluation = open_parts(config.data.eval, labelled=True, base=base)
    evaluation, notes = _by_name(evaluation, config.data.eval, networks)
    for part in evaluation:
        for network in networks.values():
            if network.head is not None:
                check_labels(part.images, network)
    return StudyInputs(networks, fit, evaluation, names, (*without, *notes))


def _by_name(
    parts: Sequence[Part], entries: Sequence[PartConfig], networks: Mapping[str, Network]
) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """The parts with labels as the networks name their classes, and what was done to them."""
    found, notes = [], []
    for part, entry in zip(parts, entries, strict=True):
        images, note = by_name(
            part.images, networks.values(), mapped=entry.class_map not in (None, SORTED)
        )
        found.append(replace(part, images=images))
        notes += [note] if note else []
    return tuple(found), tuple(notes)


SPACES = ("pixels", "questions", "labels", "noise")
"""Names of spaces that controls and tasks put beside the networks."""


def _refuse_names_of_spaces(names: Sequence[str]) -> None:
    """Two spaces of one name would be taken for each other."""
    for name in names:
        twin = next((n for n in names if name.startswith(f"{n}.random")), None)
        if name in SPACES or twin is not None:
            what = (
                f"'{twin}' with random weights" if twin else "a space that controls and tasks use"
            )
            raise ConfigError(
                f"networks: the name '{name}' is that of {what}. Give this network another with "
                "'name:'."
            )


def open_networks(config: StudyConfig, *, base: Path, progress: Progress) -> dict[str, Network]:
    """Load the networks of a study, by name, in order.

    Raises:
        ConfigError: when two have the same name, or some can't run in the study's precision.
    """
    arithmetic = Arithmetic(precision=config.precision, compile=config.compile)
    check_arithmetic([parse_source(entry.load) for entry in config.networks], arithmetic)
    networks: dict[str, Network] = {}
    advance = progress.task("load networks", len(config.networks))
    for entry in config.networks:
        if isinstance(entry.loaded, ImageNetwork):
            _check_loaded(entry.loaded, arithmetic)
        network = entry.loaded or load(
            entry.load,
            name=entry.name,
            preprocessing=entry.overrides or None,
            threads=config.threads,
            device=config.device,
            precision=config.precision,
            compile=config.compile,
            base=base,
        )
        if network.name in networks:
            raise ConfigError(
                f"networks: the name '{network.name}' stands twice ({entry.load}). Give each "
                "network its own with 'name:'."
            )
        try:
            check_name(network.name, "the name")
        except ValueError as error:
            raise ConfigError(f"networks: {entry.load}: {error}. Give it another.") from None
        networks[network.name] = network
        advance(1)
    return networks


def _check_loaded(network: ImageNetwork, arithmetic: Arithmetic) -> None:
    """Refuse a network that was loaded in another precision than the study's."""
    effect = network.effect
    has = Arithmetic(
        precision=effect.precision if effect else "float32", compile=bool(effect and effect.compile)
    )
    if has != arithmetic:
        raise ConfigError(
            f"networks: {network.name} was loaded with {has}, and the study says {arithmetic}. "
            "Load it with the same precision and compile."
        )


def open_parts(entries: Sequence[PartConfig], *, labelled: bool, base: Path) -> tuple[Part, ...]:
    """List the images of one side, without any network.

    Raises:
        ConfigError: when a setting has no effect, or two parts have one name.
        DataError: when they are not there.
    """
    sets = [open_images(entry, labelled=labelled, base=base) for entry in entries]
    names = [images.name for images in sets]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ConfigError(
            f"data: two parts of one list have the name '{min(twice)}'. Give each its own with "
            "'name:'; ids are built from it."
        )
    return tuple(
        Part(images, entry.views, images.name if len(sets) > 1 else None)
        for images, entry in zip(sets, entries, strict=True)
    )


def _refuse_keys_of_images(config: StudyConfig) -> None:
    """Where no network sees an image, nothing is extracted."""
    fields = StudyConfig.model_fields
    given = [key for key in OF_IMAGES if getattr(config, key) != fields[key].get_default()]
    if given:
        keys = ", ".join(f"'{key}'" for key in given)
        raise ConfigError(
            f"{given[0]}: all networks of this study bring their own features; images, and how "
            f"they are extracted, would have no effect. Leave {keys} out."
        )


def _check_classes(networks: dict[str, Network]) -> None:
    counts = {name: net.head.classes for name, net in networks.items() if net.head}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise LabelError(
            f"The networks have different numbers of classes: {listed}. Labels and hybrids make "
            "sense only between networks of the same classes; study them apart."
        )


def _class_names(config: StudyConfig, networks: dict[str, Network], base: Path) -> tuple[str, ...]:
    if config.class_names is None:
        return ()
    classes = next(net.head.classes for net in networks.values() if net.head)
    return class_names(config.class_names, classes=classes, base=base)


def named_images(parts: Sequence[Part]) -> Iterator[tuple[str, Part, int]]:
    """Every image by the id that it has in a study, with its part and its place there."""
    for part in parts:
        for i, name in enumerate(part.images.ids):
            yield image_id(name, part=part.prefix), part, i


def feature_file_networks(inputs: StudyInputs) -> list[FeatureFile]:
    """The networks whose features come from outside."""
    return [net for net in inputs.networks.values() if isinstance(net, FeatureFile)]
