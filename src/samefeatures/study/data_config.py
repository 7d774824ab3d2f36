"""Which images a study takes: keys of ``data``, and of tasks with images of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, get_type_hints

from pydantic import field_validator, model_validator
from pydantic.dataclasses import dataclass

from samefeatures.base.strict import Strict, refuse_unknown
from samefeatures.images.source import ImageSource
from samefeatures.images.views import Views


@dataclass(frozen=True, kw_only=True)
class PartConfig(ImageSource):
    """A part of an image set, from one source, and the views taken of each image."""

    views: Views | None = None

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        return refuse_unknown(value, get_type_hints(cls))

    @field_validator("views", mode="before")
    @classmethod
    def _count_alone(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError(f"views is {value}; give the number of crops per image")
        value = {"count": value} if isinstance(value, int) else value
        return refuse_unknown(value, get_type_hints(Views))


class DataConfig(Strict):
    """The images that maps are fitted on (no labels used), and those that hybrids are scored on."""

    fit: tuple[PartConfig, ...]
    eval: tuple[PartConfig, ...]

    @field_validator("fit", "eval", mode="before")
    @classmethod
    def _spread(cls, value: Any) -> Any:
        """A string, a mapping, a list of them, or a mapping whose ``source`` is a list."""
        if isinstance(value, str):
            value = {"source": value}
        if isinstance(value, Mapping) and isinstance(value.get("source"), list):
            common = {k: v for k, v in value.items() if k != "source"}
            entries = [
                {"source": entry} if isinstance(entry, str) else entry for entry in value["source"]
            ]
            if not all(isinstance(entry, Mapping) for entry in entries):
                raise ValueError("each entry of 'source' is a string or a mapping with 'source'")
            value = [{**common, **entry} for entry in entries]
        if isinstance(value, Mapping):
            value = [value]
        if not isinstance(value, list) or not value:
            raise ValueError("give a source, a mapping with 'source', or a list of them")
        return [{"source": entry} if isinstance(entry, str) else entry for entry in value]

    @model_validator(mode="after")
    def _no_views_on_eval(self) -> Self:
        if any(part.views for part in self.eval):
            raise ValueError("views belong to the fit set; the eval set takes the centre crop")
        return self
