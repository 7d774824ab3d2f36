"""``canonical:`` of a study file: how many dimensions the networks share."""

from __future__ import annotations

from pydantic import Field, field_validator

from samefeatures.base.strict import Strict


class CanonicalConfig(Strict):
    """The canonical space, and how many of its directions are looked at.

    Attributes:
        k: Numbers of directions, ascending; by default powers of two up to 256, as far as the
            features go.
        alpha: Of the ridge, as in the method; 0 is none.
    """

    k: tuple[int, ...] | None = None
    alpha: float = Field(default=0.01, ge=0, allow_inf_nan=False)

    @field_validator("k")
    @classmethod
    def _ascending(cls, ks: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if ks is None:
            return None
        if not ks or min(ks) < 1 or list(ks) != sorted(set(ks)):
            raise ValueError(f"k is {list(ks)}; give whole numbers from 1, ascending, each once")
        return ks
