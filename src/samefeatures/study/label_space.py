"""Classes of heads and labels of images: matched by name where both have names, never by order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np

from samefeatures.base.errors import LabelError
from samefeatures.images.imageset import ImageSet
from samefeatures.networks.record import ImageNetwork, Network

ALIKE = 0.5
"""Share of names that two lists must have in common to be names of the same kind of thing."""


def check_names(networks: Iterable[Network]) -> None:
    """Networks that name their classes must name them in one order.

    Names of two networks are compared where most of them are the same: ImageNet's classes are
    called in several ways.

    Raises:
        LabelError: naming the first class that two networks have in other places.
    """
    for first, second in combinations(_named(networks), 2):
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

    Where all names of the labels are names of classes, these decide. Otherwise labels stay as they
    are.

    Args:
        images: Labelled.
        networks: Their names agree, see ``check_names``.
        mapped: Whether a class map of the user's said the numbers: it must not contradict.

    Raises:
        LabelError: when a class map says other numbers than the network, or a name is none of the
            head's classes though most are.
    """
    named = _named(networks)
    if not named or not images.label_names or images.labels is None:
        return images, None
    network = max(named, key=lambda net: len(_shared(images, net)))
    index, shared = _index(network.class_names), _shared(images, network)
    unknown = [name for name in images.label_names.values() if _plain(name) not in index]
    if unknown:
        if len(shared) > ALIKE * len(images.label_names):
            raise LabelError(
                f"'{images.name}' has the class '{unknown[0]}', which {network.name} does not "
                f"have ({len(unknown)} of {len(images.label_names)} names). Leave its images out, "
                "or give a class map."
            )
        return images, None
    moved = [label for label, number in shared.items() if label != number]
    if not moved:
        return replace(images, in_order=None), None
    label = moved[0]
    says = f"'{images.label_names[label]}' is class {shared[label]} of {network.name}, not {label}"
    if mapped:
        raise LabelError(
            f"The class map of '{images.name}' is not that of the network: {says} "
            f"({len(moved)} of {len(shared)} differ). Mend the class map, or leave it out."
        )
    new = np.array([shared[label] for label in images.labels.tolist()], np.int64)
    renumbered = replace(
        images,
        labels=new,
        label_names={shared[k]: name for k, name in images.label_names.items()},
        in_order=None,
    )
    return renumbered, f"Labels of '{images.name}' follow the names of the classes: {says}."


def _named(networks: Iterable[Network]) -> list[ImageNetwork]:
    return [net for net in networks if isinstance(net, ImageNetwork) and net.class_names]


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
