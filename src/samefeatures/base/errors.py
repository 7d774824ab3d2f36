"""Every error that samefeatures raises on purpose.

    SamefeaturesError
    ├── ConfigError           a study file or an option
    ├── FileError             a file is not what it should be; readers say what to do
    │   └── NoFileError
    ├── UnknownNameError      a name that a record does not have; a KeyError, too
    ├── MissingExtraError     a package that an extra would have brought
    ├── DataError             an image set
    │   ├── DuplicateIdError
    │   ├── LabelError        labels, class maps, class counts
    │   └── UnreadableImageError
    ├── NetworkError          a network that can't be loaded
    │   ├── CheckpointError
    │   ├── SplitError        no linear head, or the split is not the network
    │   └── OutOfMemoryError  a batch that does not fit into memory
    ├── FeatureError          NaN, infinite or mismatched features
    ├── StoreError            the feature store
    │   ├── StoreDamagedError
    │   └── StoreVersionError
    ├── MapError              a map used where it does not belong
    ├── ClusterError          machines that do not work together
    ├── ReportError           something that can't be drawn
    └── ExportError

A message says what came, why it is wrong, and what to do. Errors of other libraries are turned
into these where they enter; the command line prints the message in one line and exits with 1.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from types import ModuleType

from samefeatures.base.shown import plain


class SamefeaturesError(Exception):
    """Base of all errors of this package. What it says is one line, whatever names are in it."""

    def __str__(self) -> str:
        return plain(super().__str__())


class ConfigError(SamefeaturesError):
    """A study file or an option is wrong."""


class FileError(SamefeaturesError):
    """A file can't be read as what it should be: why, in one line.

    Whoever reads the file turns this into an error of its own, with what to do.
    """


class NoFileError(FileError):
    """There is no such file."""


class UnknownNameError(SamefeaturesError, KeyError):
    """A record is asked for a method, network or measure that it does not have."""

    def __str__(self) -> str:
        return plain(str(self.args[0]))  # KeyError's own would put quotes around it


class MissingExtraError(SamefeaturesError):
    """A package that belongs to an extra is not installed."""


class DataError(SamefeaturesError):
    """An image set is wrong."""


class DuplicateIdError(DataError):
    """Two images of a set have the same id."""


class LabelError(DataError):
    """Labels, a class map, or class counts do not fit."""


class UnreadableImageError(DataError):
    """An image can't be decoded."""


class NetworkError(SamefeaturesError):
    """A network can't be loaded or run."""


class CheckpointError(NetworkError):
    """A checkpoint is damaged or belongs to another network."""


class SplitError(NetworkError):
    """A network has no linear head, or features and head together are not the network."""


class OutOfMemoryError(NetworkError):
    """Memory ran out while a network ran; a smaller batch may fit."""


class FeatureError(SamefeaturesError):
    """Features are not finite, or two sets of features do not belong together."""


class StoreError(SamefeaturesError):
    """The feature store can't be read or written."""


class StoreDamagedError(StoreError):
    """Stored bytes are missing or not those that were written."""


class StoreVersionError(StoreError):
    """The store was written in another format."""


class MapError(SamefeaturesError):
    """A map is applied where it does not belong, or can't be fitted."""


class ClusterError(SamefeaturesError):
    """A cluster can't be reached, its machines differ, or none is left."""


class ReportError(SamefeaturesError):
    """A figure can't be drawn from these numbers."""


class ExportError(SamefeaturesError):
    """A hybrid can't be exported, or its predictions are not the study's."""


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import ``module``, or say which extra brings it.

    Raises:
        MissingExtraError: with the pip command.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".", maxsplit=1)[0]:
            raise
        raise MissingExtraError(
            f"{purpose} needs the package '{error.name}', which is not installed. "
            f"Install it with: pip install 'samefeatures[{extra}]'"
        ) from None


def did_you_mean(word: str, valid: Iterable[str]) -> str:
    """``"Did you mean 'x'? "`` if one of the valid words is near, else nothing."""
    near = difflib.get_close_matches(word, list(valid), n=1, cutoff=0.5)
    return f"Did you mean '{near[0]}'? " if near else ""


def said(error: BaseException) -> str:
    """The start of what a foreign error says; its kind where it says nothing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:200].rstrip(".") if lines else type(error).__name__


def first_line(error: BaseException) -> str:
    """Kind of a foreign error, and the start of what it says."""
    kind, start = type(error).__name__, said(error)
    return kind if start == kind else f"{kind}: {start}"
