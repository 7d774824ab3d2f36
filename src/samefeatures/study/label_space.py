"""Classes of heads and labels of images: matched by name where both have names, never by order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np

from samefeatures.base.errors import LabelError
from samefeatures.images.imageset import ImageSet
from samefeatures.images.labels import by_imagenet
from samefeatures.networks.record import ImageNetwork, Network, head_of

IMAGENET = (1000, 1001)
"""Classes of heads that count as ImageNet-1k's, the second with a background class."""

ALIKE = 0.5
"""Share of names that two lists must have in common to be names of the same kind of thing."""


def check_names(networks: Iterable[Network]) -> None:
    """Networks that name their classes must name them in one order.

    Names of two networks are compared where most of them are the same: ImageNet's classes are
    called in several ways.

    Raises:
        LabelError: naming the first class that two networks have in other places.
    """
    for first, second in combinations(named(networks), 2):
        ours, theirs = _index(first.class_names), _index(second.class_names)
        common = ours.keys() & theirs.keys()
        if len(common) < ALIKE * min(len(ours), len(theirs)):
            continue
        moved = [name for name in common if ours[name] != theirs[name]]
        if moved:
            name = min(moved, key=ours.__getitem__)
            raise LabelError(
                f"{first.name} and {second.name} have their classes in other orders: class "
                f"{ours[name]} of {first.name}, '{first.class_names[ours[name]]}', is class "
                f"{theirs[name]} of {second.name} ({len(moved)} of {len(common)} differ). Labels "
                "and hybrids would be read in the wrong order; study them apart."
            )


def by_name(
    images: ImageSet, networks: Iterable[Network], *, mapped: bool
) -> tuple[ImageSet, str | None]:
    """The images with labels as the networks number their classes, and what a person should know.

    Where all names of the labels are names of classes, these decide. Where most are, the numbers
    of these must be those of the head; the others are said, for they may be other words for the
    same. Otherwise labels stay as they are.

    Args:
        images: Labelled.
        networks: Their names agree, see ``check_names``.
        mapped: Whether a class map of the user's said the numbers: it must not contradict.

    Raises:
        LabelError: when names say other numbers than a class map, or than labels of which some
            have names that the head does not have.
    """
    known = named(networks)
    if not known or not images.label_names or images.labels is None:
        return images, None
    network = max(known, key=lambda net: len(_shared(images, net)))
    shared, names = _shared(images, network), images.label_names
    if len(shared) <= ALIKE * len(names):
        return images, None
    moved = [label for label, number in shared.items() if label != number]
    # A name that stands twice tells no place, but it may stand at the label's own.
    unknown = [k for k in names if k not in shared and (moved or not _at(k, names[k], network))]
    if moved and (mapped or unknown):
        label = moved[0]
        raise LabelError(
            f"Labels of '{images.name}' are not numbered as {network.name} numbers its classes: "
            f"'{names[label]}' is its class {shared[label]}, not {label} ({len(moved)} of "
            f"{len(shared)} names differ, {len(unknown)} are not its own). Give a class map with "
            "the numbers of the network."
        )
    if unknown:
        label = unknown[0]
        calls = network.class_names[label] if label < network.head.classes else "no class"
        return images, (
            f"'{images.name}' has names that {network.name} does not have: '{names[label]}' is "
            f"label {label}, which {network.name} calls '{calls}' ({len(unknown)} of {len(names)} "
            "names). Check that they are the same classes."
        )
    if not moved:
        return replace(images, in_order=None), None
    label = moved[0]
    renumbered = replace(
        images,
        labels=np.array([shared[label] for label in images.labels.tolist()], np.int64),
        label_names={shared[k]: name for k, name in names.items()},
        in_order=None,
    )
    return renumbered, (
        f"Labels of '{images.name}' follow the names of the classes: '{names[label]}' is class "
        f"{shared[label]} of {network.name}, not {label}."
    )


def check_labels(images: ImageSet, network: Network) -> None:
    """Images that are counted on must have labels, of the classes of the network.

    Raises:
        LabelError: when they do not.
    """
    if images.labels is None:
        raise LabelError(
            f"'{images.name}' has no labels. Counting correct predictions needs them; give a "
            "labels CSV, class folders, or another set."
        )
    classes = head_of(network).classes
    if images.in_order not in (None, classes):
        raise LabelError(
            f"'{images.name}' has {images.in_order} class names, which 'class_map: sorted' numbers "
            f"in their order, but {network.name} has {classes} classes, so that a "
            "class that is missing here shifts all behind it. Give a class map with name and index "
            "(.csv, .json), or all names in order (.txt)."
        )
    if by_imagenet(images.label_names) and not named([network]) and classes not in IMAGENET:
        raise LabelError(
            f"'{images.name}' is labelled by ImageNet's synsets, but {network.name} has "
            f"{classes:,} classes, of which no name is known: which is which can't be told. Give "
            "a class map with the synsets and the indices of its classes."
        )
    low, high = int(images.labels.min()), int(images.labels.max())
    if low < 0 or high >= classes:
        raise LabelError(
            f"'{images.name}' has labels from {low} to {high}, but {network.name} has "
            f"{classes} classes (0 to {classes - 1}). Check the class "
            "map, and that these networks were trained on these classes."
        )


def named(networks: Iterable[Network]) -> list[ImageNetwork]:
    """Those that name their classes."""
    return [net for net in networks if isinstance(net, ImageNetwork) and net.class_names]


def _at(label: int, name: str, network: ImageNetwork) -> bool:
    """Whether the class of that number has that name."""
    return label < network.head.classes and _plain(network.class_names[label]) == _plain(name)


def _shared(images: ImageSet, network: ImageNetwork) -> dict[int, int]:
    """Class of the head by label, where it has the label's name."""
    index = _index(network.class_names)
    names = images.label_names.items()
    return {label: index[_plain(name)] for label, name in names if _plain(name) in index}


def _index(names: Iterable[str]) -> Mapping[str, int]:
    """Place by name; names that stand twice tell no place."""
    found: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        found.setdefault(_plain(name), []).append(i)
    return {name: places[0] for name, places in found.items() if len(places) == 1}


def _plain(name: str) -> str:
    """Without case, and words parted by spaces, however they were."""
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
