"""Count the images that were found, against those that ImageNet has."""

from __future__ import annotations

from dataclasses import dataclass

from samefeatures.base.errors import SamefeaturesError
from samefeatures.images.imageset import ImageSet
from samefeatures.images.sources import ImageSource, open_images
from samefeatures.reproduce.experiment import Experiment
from samefeatures.reproduce.imagenet import CLASSES
from samefeatures.reproduce.published import TRAIN_IMAGES, VAL_IMAGES
from samefeatures.reproduce.val_labels import label_validation


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesFound:
    """Images of one part.

    Attributes:
        part: ``train`` or ``val``.
        where: The folder, or empty when there is none.
        images: Images that would be used; None when there are none.
        classes: Classes that they are of; None likewise.
        whole: Images that ImageNet has (or ``--subset`` takes of it).
        problem: Why they can't be used, with what to do.
        set: The opened set, to measure on.
    """

    part: str
    where: str
    images: int | None
    classes: int | None
    whole: int
    problem: str = ""
    set: ImageSet | None = None

    @property
    def planned(self) -> int:
        """What the plan counts with: those found, or all that ImageNet has."""
        return self.whole if self.images is None else self.images


def count_images(experiment: Experiment) -> tuple[ImagesFound, ImagesFound]:
    """List the fit and the eval images; the listing is kept, so that the run need not repeat it."""
    found, subset = experiment.images, experiment.options.subset
    whole = TRAIN_IMAGES if subset is None else min(subset * CLASSES, TRAIN_IMAGES)
    fit = ImagesFound(part="train", where="", images=None, classes=None, whole=whole)
    if found.train is not None:
        source = ImageSource(source=str(found.train), name="train", per_class=subset)
        fit = _counted("train", source, whole, None)
    evaluation = ImagesFound(part="val", where="", images=None, classes=None, whole=VAL_IMAGES)
    if found.val is not None:
        source = ImageSource(source=str(found.val), name="val")
        evaluation = _counted("val", source, VAL_IMAGES, experiment)
    return fit, evaluation


def _counted(part: str, source: ImageSource, whole: int, flat: Experiment | None) -> ImagesFound:
    """Open a set; where a flat one has its labels elsewhere, they are read and checked too."""
    labels = flat.images.labels if flat else None
    try:
        images = open_images(source, labelled=flat is not None and labels is None)
        if flat is not None and flat.images.val is not None and labels is not None:
            classes = len(set(label_validation(flat.images.val, labels).values()))
        else:
            classes = len({name.partition("/")[0] for name in images.ids})
    except SamefeaturesError as error:
        return ImagesFound(
            part=part, where=source.source, images=None, classes=None, whole=whole,
            problem=str(error),
        )  # fmt: skip
    return ImagesFound(
        part=part, where=source.source, images=len(images), classes=classes, whole=whole, set=images
    )
