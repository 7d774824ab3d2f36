"""The loss of an iterative fit, step by step, and its file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from samefeatures.base.brief import brief
from samefeatures.base.errors import FileError, StoreDamagedError
from samefeatures.base.npz import check_kinds, load_npz, write_npz
from samefeatures.base.paths import PathLike, as_path

Unit = Literal["batch", "pass"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LossCurve:
    """Loss at every step of a fit.

    Attributes:
        unit: ``batch``: the mean over a step's batch, before its update (paper, Figure 4).
            ``pass``: the mean over all fit rows, of the best map after each pass.
        loss: (steps,) float64.
    """

    unit: Unit
    loss: npt.NDArray[np.float64]

    def __repr__(self) -> str:
        return brief(self, unit=self.unit, steps=len(self.loss), last=self.loss[-1:].tolist())

    def save(self, path: PathLike) -> None:
        """Write an uncompressed ``.npz`` whole or not at all: ``unit`` and ``loss``.

        Raises:
            OSError: as the system says.
        """
        write_npz(as_path(path), {"unit": np.array(self.unit), "loss": self.loss})

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Read what ``save`` wrote.

        Raises:
            StoreDamagedError: when the file is missing, damaged or another.
        """
        try:
            return cls.kept(path)
        except FileError as error:
            raise StoreDamagedError(
                f"{path} does not hold a loss curve ({error}). Delete the map beside it and fit "
                "again."
            ) from None

    @classmethod
    def kept(cls, path: PathLike) -> Self:
        """As ``load``, for whoever fits again.

        Raises:
            NoFileError: when there is none.
            FileError: when it is damaged or another.
        """
        file = load_npz(as_path(path), ["unit", "loss"])
        check_kinds(file, {"unit": ("U", 0), "loss": ("f", 1)})
        unit, loss = str(file["unit"]), file["loss"].astype(np.float64)
        if unit not in ("batch", "pass"):
            raise FileError(f"its unit is '{unit}'")
        return cls(unit="batch" if unit == "batch" else "pass", loss=loss)
