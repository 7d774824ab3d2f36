"""The state of a fit that takes minutes, kept so that it goes on where it was stopped."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.base.errors import FileError, NoFileError, StoreDamagedError
from samefeatures.base.files import writing
from samefeatures.base.npz import check_kinds, load_npz, write_npz

SECONDS = 20.0
"""Least time between two writes."""

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(slots=True)
class Checkpoint:
    """One file of arrays, written whole at most every 20 seconds.

    Attributes:
        path: The file; None keeps nothing.
        key: Everything that decides the fit; a file of another key is not used.
    """

    path: Path | None
    key: str
    _last: float = field(default_factory=time.monotonic, init=False)

    def load(self) -> dict[str, npt.NDArray[Any]] | None:
        """What was kept of this fit, arrays (…) by name, or None.

        Raises:
            StoreDamagedError: when there is a file that can't be read.
        """
        if self.path is None:
            return None
        try:
            arrays = load_npz(self.path)
            check_kinds(arrays, {"key": ("U", 0)})
            return arrays if str(arrays.pop("key")) == self.key else None
        except NoFileError:
            return None
        except FileError as error:
            raise StoreDamagedError(
                f"{self.path} does not hold the state of a fit ({error}). Delete it; the same "
                "command starts that fit anew."
            ) from None

    @property
    def due(self) -> bool:
        """Whether it is time to save."""
        return self.path is not None and time.monotonic() - self._last >= SECONDS

    def save(self, arrays: Arrays) -> None:
        """Keep these arrays (…) in place of what was kept.

        Raises:
            StoreError: when the file can't be written.
        """
        if self.path is None:
            return
        with writing(self.path):
            write_npz(self.path, {**arrays, "key": np.array(self.key)})
        self._last = time.monotonic()

    def discard(self) -> None:
        """The fit is done.

        Raises:
            StoreError: when the file can't be removed.
        """
        if self.path is not None:
            with writing(self.path):
                self.path.unlink(missing_ok=True)
