"""``curve:`` of a study file: at which numbers of fit rows the maps are judged."""

from __future__ import annotations

from pydantic import Field, field_validator

from samefeatures.base.strict import Strict

FEWEST = 2
"""Rows that a map needs."""


class CurveConfig(Strict):
    """How many images?

    Attributes:
        sizes: Fit rows of each subset; None: all of them, and half as many again and again.
        seeds: Orders of the images, a nest of subsets each.
        methods: Labels of methods of the study; None: ``ols`` and ``ridge``, those that it has.
    """

    sizes: tuple[int, ...] | None = None
    seeds: int = Field(default=3, ge=1)
    methods: tuple[str, ...] | None = None

    @field_validator("sizes")
    @classmethod
    def _sizes(cls, sizes: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if sizes is None:
            return None
        if not sizes:
            raise ValueError("sizes is empty; name numbers of rows, or leave it out")
        few = [size for size in sizes if size < FEWEST]
        if few:
            raise ValueError(f"a map needs at least {FEWEST} rows to be fitted on, not {few[0]}")
        _once("the size", sizes)
        return tuple(sorted(sizes))

    @field_validator("methods")
    @classmethod
    def _methods(cls, labels: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if labels is not None:
            if not labels:
                raise ValueError("methods is empty; name labels of the study, or leave it out")
            _once("the method", labels)
        return labels


def _once(what: str, values: tuple[object, ...]) -> None:
    twice = [value for value in values if values.count(value) > 1]
    if twice:
        raise ValueError(f"{what} {twice[0]!r} stands twice; name it once")
