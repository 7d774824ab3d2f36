"""``controls:`` of a study file: which control spaces stand beside its networks."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from samefeatures.base.strict import Strict

ANSWERS, SOFT, PIXELS, LABELS = "answers", "soft answers", "pixels", "labels"
GIVEN = (ANSWERS, SOFT, PIXELS, LABELS)
"""What may be taken as known; of answers, the source's."""
Given = tuple[str, ...]


class ControlsConfig(Strict):
    """Control spaces, and what measures are taken beyond.

    Attributes:
        answers: ``soft`` adds the probabilities of each network to its one-hot answers.
        pixels: Side of the grid that images are averaged to, or whether there are pixels; by
            default 16, and images of at most 28 x 28 as they are.
        seeds: Draws of random weights for each architecture; 0 leaves them out.
        class_noise: Columns of class noise; 0 leaves it out.
        folds: Of the fit rows, for the strengths of ridges.
        given: What is known already, one set of spaces after the other.
    """

    answers: Literal["hard", "soft"] = "hard"
    pixels: bool | int = True
    seeds: int = Field(default=1, ge=0)
    class_noise: int = Field(default=128, ge=0)
    folds: int = Field(default=5, ge=2)
    given: tuple[Given, ...] = ((ANSWERS,), (ANSWERS, PIXELS))

    @field_validator("given", mode="before")
    @classmethod
    def _sets(cls, value: Any) -> Any:
        """Names alone, commas between them, or lists."""
        if not isinstance(value, list | tuple) or not value:
            raise ValueError(f"give a list of sets out of {', '.join(GIVEN)}")
        return [
            [word.strip() for word in entry.split(",")] if isinstance(entry, str) else entry
            for entry in value
        ]

    @field_validator("pixels")
    @classmethod
    def _a_side(cls, value: bool | int) -> bool | int:
        if not isinstance(value, bool) and value < 1:
            raise ValueError(f"pixels is {value}; give the side of the grid, or true, or false")
        return value

    @model_validator(mode="after")
    def _given_is_there(self) -> Self:
        for given in self.given:
            unknown = [word for word in given if word not in GIVEN]
            if unknown or not given:
                raise ValueError(
                    f"given names '{', '.join(unknown)}', which is not there; it can be "
                    f"{', '.join(GIVEN)}"
                )
            if len(set(given)) != len(given):
                raise ValueError(f"given names a space twice in '{', '.join(given)}'")
            if SOFT in given and self.answers != "soft":
                raise ValueError("given names 'soft answers', which 'answers: soft' makes")
            if PIXELS in given and self.pixels is False and self.says("given"):
                raise ValueError("given names 'pixels', which 'pixels: false' leaves out")
        if len({frozenset(given) for given in self.given}) != len(self.given):
            raise ValueError("given names the same set twice")
        return self

    def says(self, key: str) -> bool:
        """Whether the study file gives it: then what can't be done is an error."""
        return key in self.model_fields_set
