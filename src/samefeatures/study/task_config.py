"""What a study asks beyond its classes: the key ``tasks`` of its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import field_validator, model_validator

from samefeatures.base.errors import ConfigError
from samefeatures.base.options import check_known
from samefeatures.base.strict import Strict, check_name
from samefeatures.images.questions import RULES
from samefeatures.study.data_config import DataConfig


class TaskConfig(Strict):
    """One task: a rule by its name, or labelled images of its own.

    Attributes:
        name: Of a rule of ``images.questions``, or any, where there are images.
        data: Images that probes are fitted on, and those that they are scored on; None for a rule.
    """

    name: str
    data: DataConfig | None = None

    @model_validator(mode="before")
    @classmethod
    def _images_beside_the_name(cls, value: Any) -> Any:
        """``fit`` and ``eval`` stand beside ``name`` in the file."""
        if not isinstance(value, Mapping) or not {"fit", "eval"} & set(value):
            return value
        missing = {"fit", "eval"} - set(value)
        if missing:
            raise ValueError(f"a task with images of its own needs '{missing.pop()}' too")
        rest = {key: each for key, each in value.items() if key not in ("fit", "eval")}
        return {**rest, "data": {"fit": value["fit"], "eval": value["eval"]}}

    @field_validator("name")
    @classmethod
    def _fit_for_a_file(cls, name: str) -> str:
        check_name(name, "the name")
        return name

    @model_validator(mode="after")
    def _known_rule(self) -> Self:
        if self.data is None:
            try:
                check_known(self.name, RULES, "There is no question", ConfigError)
            except ConfigError as error:
                raise ValueError(
                    f"{error} Or give images of its own, with 'fit' and 'eval'."
                ) from None
        elif any(part.views for part in self.data.fit):
            raise ValueError("views belong to the fit set of maps; a task takes the centre crop")
        return self


def task_entries(value: Any) -> list[Any]:
    """Entries of the list, names alone as mappings.

    Raises:
        ValueError: when it is no list, or two have one name.
    """
    if not isinstance(value, list | tuple):
        raise ValueError(f"give a list of tasks, e.g. [brightness]; rules: {', '.join(RULES)}")
    entries = [{"name": entry} if isinstance(entry, str) else entry for entry in value]
    names = [entry.get("name") for entry in entries if isinstance(entry, Mapping)]
    twice = [str(name) for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"the task '{min(twice)}' stands twice; give one of them another name")
    return entries
