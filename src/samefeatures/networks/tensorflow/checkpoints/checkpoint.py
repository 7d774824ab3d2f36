"""Variables by name from a TensorFlow checkpoint or SavedModel, without TensorFlow.

Three kinds are read: the single file that ``tf.train.Saver`` wrote before 2017 (the Slim
checkpoints of 2016), the ``.index`` and ``.data-*`` files that it writes since, and the
``variables`` folder of a SavedModel (TensorFlow Hub, Kaggle). Nothing in a file is executed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from samefeatures.base.border import border
from samefeatures.base.errors import CheckpointError, FileError
from samefeatures.networks.misfits import unreadable
from samefeatures.networks.tensorflow.checkpoints.bundle import bundle
from samefeatures.networks.tensorflow.checkpoints.single import single_file
from samefeatures.networks.tensorflow.checkpoints.variables import Array, Reader, map_file


@dataclass(frozen=True, slots=True, eq=False)
class TensorFlowCheckpoint:
    """The variables of one checkpoint.

    Attributes:
        path: What was opened.
        shapes: By variable name, of all variables of numbers.
    """

    path: Path
    shapes: Mapping[str, tuple[int, ...]]
    _readers: Mapping[str, Reader]

    @classmethod
    def open(cls, path: Path) -> TensorFlowCheckpoint:
        """Open a checkpoint.

        Args:
            path: A single file, a prefix with ``.index`` beside it, that ``.index`` file, or the
                folder of a SavedModel or of one checkpoint.

        Raises:
            CheckpointError: when there is none, or it is damaged or cut short.
        """
        found = find_checkpoint(path)
        with _mapped(found):
            is_bundle = found.suffix == ".index"
            variables = bundle(found) if is_bundle else single_file(map_file(found))
        return cls(
            path=found,
            shapes={name: shape for name, (shape, _) in variables.items()},
            _readers={name: read for name, (_, read) in variables.items()},
        )

    def read(self, name: str) -> Array:
        """One variable, of its shape in ``shapes``.

        Raises:
            CheckpointError: when its bytes are damaged or missing.
            KeyError: when there is no such variable.
        """
        with _mapped(self.path):
            return self._readers[name]()


def find_checkpoint(path: Path) -> Path:
    """The ``.index`` file or the single file of what a user names.

    Raises:
        CheckpointError: when there is none, or a folder holds several.
    """
    index = path.parent / f"{path.name}.index"  # of / too
    if path.name.endswith((".tgz", ".tar.gz", ".tar", ".zip")):
        raise CheckpointError(f"{path} is an archive. Unpack it, and give what comes out of it.")
    if path.is_file():
        return path
    if index.is_file():
        return index
    if path.is_dir():
        candidates = [path / "variables" / "variables.index"]
        if not candidates[0].is_file():
            candidates = sorted([*path.glob("*.index"), *path.glob("*.ckpt")])
        if len(candidates) > 1:
            names = ", ".join(c.name for c in candidates[:5])
            raise CheckpointError(f"{path} holds several checkpoints ({names}). Name one of them.")
        if candidates:
            return candidates[0]
        raise CheckpointError(
            f"{path} holds no TensorFlow checkpoint: no variables/variables.index, no *.index, no "
            "*.ckpt. Give the folder that the archive was unpacked to."
        )
    raise CheckpointError(f"There is no TensorFlow checkpoint at {path}. Check the path.")


@contextmanager
def _mapped(path: Path) -> Iterator[None]:
    """Turn what damaged bytes raise into one error."""
    try:
        with border():
            yield
    except FileError as error:
        raise unreadable(path, "TensorFlow checkpoint", error) from None
