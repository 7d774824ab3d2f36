"""Count the images that were found, against those that ImageNet has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from samefeatures.base.errors import SamefeaturesError
from samefeatures.images.imageset import ImageSet
from samefeatures.images.source import ImageSource
from samefeatures.images.sources import open_images
from samefeatures.planning.decoding import photographs
from samefeatures.reproduce.experiment import Experiment
from samefeatures.reproduce.imagenet import CLASSES
from samefeatures.reproduce.published import TRAIN_IMAGES, VAL_IMAGES
from samefeatures.reproduce.val_labels import label_validation


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesFound:
    """Images of one part.

    Attributes:
        part: ``train`` or ``val``.
        whole: Images that ImageNet has (or ``--subset`` takes of it).
        where: The folder, or empty when there is none.
        images: Images that would be used; None when there are none.
        classes: Classes that they are of; None likewise.
        problem: Why they can't be used, with what to do.
        set: The opened set.
    """

    part: str
    whole: int
    where: str = ""
    images: int | None = None
    classes: int | None = None
    problem: str = ""
    set: ImageSet | None = None

    @property
    def planned(self) -> int:
        """What the dry run counts with: those found, or all that ImageNet has."""
        return self.whole if self.images is None else self.images

    @property
    def shown(self) -> ImageSet:
        """To measure on: those found, or made-up ones of a usual size."""
        return self.set or photographs(self.part)


def count_images(experiment: Experiment) -> tuple[ImagesFound, ImagesFound]:
    """List the fit and the eval images; the listing is kept, so that the run need not repeat it."""
    found, subset = experiment.images, experiment.options.subset
    whole = TRAIN_IMAGES if subset is None else min(subset * CLASSES, TRAIN_IMAGES)
    return (
        _counted("train", found.train, whole, subset=subset),
        _counted("val", found.val, VAL_IMAGES, labelled=True, labels=found.labels),
    )


def _counted(
    part: str,
    folder: Path | None,
    whole: int,
    *,
    subset: int | None = None,
    labelled: bool = False,
    labels: Path | None = None,
) -> ImagesFound:
    """Open a set; where a flat one has its labels elsewhere, they are read and checked too."""
    if folder is None:
        return ImagesFound(part=part, whole=whole)
    try:
        source = ImageSource(source=str(folder), name=part, per_class=subset)
        images = open_images(source, labelled=labelled and labels is None)
        if labels is None:
            classes = len({name.partition("/")[0] for name in images.ids})
        else:
            classes = len(set(label_validation(folder, labels).values()))
    except SamefeaturesError as error:
        return ImagesFound(part=part, whole=whole, where=str(folder), problem=str(error))
    return ImagesFound(
        part=part, whole=whole, where=str(folder), images=len(images), classes=classes, set=images
    )
