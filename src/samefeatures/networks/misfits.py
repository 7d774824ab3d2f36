"""Files that can't be read, or are those of another network: one way to say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from samefeatures.base.errors import (
    CheckpointError,
    FileError,
    OutOfMemoryError,
    SamefeaturesError,
    first_line,
    said,
)
from samefeatures.base.shown import plain
from samefeatures.networks.memory import is_out_of_memory

LONGEST = 2000
"""Characters of a message."""
Shapes = Mapping[str, tuple[int, ...]]
"""Of tensors, by name."""


def differences(ours: Shapes, theirs: Shapes) -> list[str]:
    """What does not fit between a model and a file, a sentence a tensor."""
    missing = [f"{name} is missing" for name in ours if name not in theirs]
    extra = [f"{name} is not in the model" for name in theirs if name not in ours]
    other = [
        f"{name} is {theirs[name]}, the model has {shape}"
        for name, shape in ours.items()
        if name in theirs and theirs[name] != shape
    ]
    return missing + extra + other


def misfit(
    problems: Sequence[str], path: Path, *, source: str, remedy: str | None = None
) -> CheckpointError:
    """A file of weights that is not that of a network, with the first five problems."""
    remedy = remedy or (
        "Name the model that it was saved from; for other shapes build it yourself and use "
        "python:module:callable."
    )
    return CheckpointError(
        f"{path} is not a checkpoint of {source}: {len(problems)} tensors do not fit. "
        f"{'; '.join(problems[:5])}{'; …' if len(problems) > 5 else ''}. {remedy}"
    )


@contextmanager
def foreign_errors(source: str, what: str) -> Iterator[None]:
    """Turn every error of the libraries that open a network into one of ours, on one line.

    Names of layers and tensors are those of a file: what can't be printed in them is written out.

    Args:
        source: The network.
        what: Its file should be, e.g. ``an ONNX file``.

    Raises:
        OutOfMemoryError: where memory ran out.
        CheckpointError: for any other error that is not ours yet.
    """
    try:
        yield
    except SamefeaturesError as error:
        text = plain(str(error)[:LONGEST])
        if text == str(error):
            raise
        raise type(error)(text) from None
    except Exception as error:  # libraries raise what they like, of a damaged file above all
        if is_out_of_memory(error):
            raise OutOfMemoryError(
                f"{source} needs more memory than is free ({plain(first_line(error))}). It is "
                "larger than this machine, or damaged."
            ) from error
        raise CheckpointError(
            f"{source} can't be opened as {what} ({plain(first_line(error))}). It is damaged, or "
            "of a form that is not known: fetch it again, or save it anew."
        ) from error


def unreadable(path: Path, what: str, error: Exception) -> CheckpointError:
    """A file that is missing or damaged; ``what`` it should be, e.g. ``Keras file``."""
    if isinstance(error, FileNotFoundError) or not path.exists():
        return CheckpointError(f"There is no {what} at {path}. Check the path.")
    if path.is_dir():
        return CheckpointError(f"{path} is a folder, not a {what}. Name the file in it.")
    if other := _in_its_place(path):
        return CheckpointError(f"{path} is {other[0]}, not a {what}. {other[1]}.")
    why = said(error) if isinstance(error, FileError) else first_line(error)
    return CheckpointError(
        f"{path} is cut short or is not a {what} ({why}). Copy or download it again."
    )


IN_ITS_PLACE = {
    b"version https://git-lfs": ("a pointer of git-lfs", "Fetch what it stands for: git lfs pull"),
    b"<!doctype html": ("a web page", "Download the file itself, not the page that shows it"),
    b"<html": ("a web page", "Download the file itself, not the page that shows it"),
}
"""What downloads leave in a file's place: how it begins, what it is, what to do."""


def _in_its_place(path: Path) -> tuple[str, str] | None:
    try:
        with path.open("rb") as file:
            begins = file.read(64).lstrip().lower()
    except OSError:  # of which the error at hand tells
        return None
    return next((said for start, said in IN_ITS_PLACE.items() if begins.startswith(start)), None)
