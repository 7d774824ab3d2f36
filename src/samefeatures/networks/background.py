"""A background class: row 0 of the 1,001-class heads that Google trained on ImageNet."""

from __future__ import annotations

from dataclasses import replace

from samefeatures.base.digests import digest
from samefeatures.base.errors import NetworkError
from samefeatures.networks.record import FeatureFile, Head, Network, with_note
from samefeatures.networks.source import Source

WITH_BACKGROUND = 1001


def without_background(source: Source, network: Network) -> Network:
    """The network without a background class, for kinds that leave this to us.

    See ``background_rows``.

    Raises:
        NetworkError: when the option is wrong or has no effect, or labels of a file of features
            count the class.
    """
    if network.head is None:
        if "background" in source.query:
            raise NetworkError(
                f"'{source.text}': 'background' is of heads, and this file has none. Leave it out."
            )
        return network
    head, names = network.head, () if isinstance(network, FeatureFile) else network.class_names
    rows, note = background_rows(source, names[0] if names else None, head.classes)
    if rows:
        labels = network.eval_labels if isinstance(network, FeatureFile) else None
        if labels is not None and labels.max() >= head.classes - rows:
            raise NetworkError(
                f"{source.text}: eval_labels run to {labels.max()}, so that they "
                "count the background class too. Leave out 'background'."
            )
        head = Head(head.weight[rows:].copy(), head.bias[rows:].copy())
        fingerprint = digest(network.fingerprint, f"without the first {rows} classes")
        if isinstance(network, FeatureFile):
            return replace(network, head=head, fingerprint=fingerprint)
        network = replace(network, head=head, fingerprint=fingerprint, class_names=names[rows:])
    if note is None or isinstance(network, FeatureFile):
        return network
    return with_note(network, note)


def background_rows(source: Source, name: str | None, classes: int) -> tuple[int, str | None]:
    """How many rows are cut off the head's top, 0 or 1, and a note about it.

    Labels of ImageNet images count from 0 to 999 without a background class; a head that has one
    would be right about nothing. Row 0 is therefore left out where the model itself calls it
    ``background`` and there are 1,001 rows. ``?background=keep`` keeps it, ``?background=drop``
    drops it where the model does not name its classes, however many they are.

    Args:
        source: Its query may hold ``background``.
        name: Of class 0, as the model has it; None where it has no names.
        classes: Rows of the head.

    Raises:
        NetworkError: when the option is neither, or has no effect on this model.
    """
    wish = source.query.get("background")
    named = name is not None and name.lower() == "background"
    open_case = named or (name is None and (classes == WITH_BACKGROUND or wish == "drop"))
    if wish is not None and wish not in ("drop", "keep"):
        raise NetworkError(f"'{source.text}': background is '{wish}'; use 'drop' or 'keep'.")
    if wish is not None and not open_case:
        called = "has no name" if name is None else f"is '{name}'"
        raise NetworkError(
            f"'{source.text}': 'background' has no effect: of {classes} classes, class 0 {called}. "
            "Leave it out."
        )
    if wish == "drop" or (wish is None and named and classes == WITH_BACKGROUND):
        return 1, (
            f"row 0 of the head ({name or 'unnamed'}) is left out as the background class; "
            f"{classes - 1:,} classes remain. ?background=keep keeps it"
        )
    if wish is None and open_case:
        return 0, (
            f"{classes:,} classes, class 0 is {name or 'unnamed'}: if it is a background class, "
            "?background=drop leaves it out"
        )
    return 0, None
