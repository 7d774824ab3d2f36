"""The study file: networks, images, methods. Unknown keys are errors that name the nearest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from samefeatures.algebra import Precision
from samefeatures.base.brief import brief
from samefeatures.base.devices import check_device
from samefeatures.base.documents import read_yaml
from samefeatures.base.errors import ConfigError, FileError, NoFileError
from samefeatures.base.paths import PathLike, as_path
from samefeatures.base.strict import Strict, problems
from samefeatures.maps import METHODS
from samefeatures.similarity import MEASURES
from samefeatures.study.canonical.config import CanonicalConfig
from samefeatures.study.controls_config import ControlsConfig
from samefeatures.study.curve_config import CurveConfig
from samefeatures.study.data_config import DataConfig
from samefeatures.study.methods import MethodConfig, method_entry
from samefeatures.study.network_config import NetworkConfig, network_entries
from samefeatures.study.ranks_config import RanksKey, check_ranks_have_maps
from samefeatures.study.task_config import TaskConfig, task_entries


class AlgebraConfig(Strict):
    """Where moments, maps and scores are computed, and how exactly the moments' products.

    Attributes:
        device: None is the device of the study; ``cpu`` is NumPy.
        precision: Of the moments' products: see ``samefeatures.joint.sums``.
    """

    device: str | None = None
    precision: Precision = "float64"

    @field_validator("device")
    @classmethod
    def _known_device(cls, device: str | None) -> str | None:
        return None if device is None else _device(device)


class ClusterConfig(Strict):
    """How much of a cluster a study takes, when it runs on one.

    Attributes:
        cpus: Processors that Ray reserves for a worker.
        gpus: Graphics cards that Ray reserves for a worker; a half puts two workers on one.
        chunks: Chunks of 256 rows in one task; what a task has stored is not lost with it.
        leaf_rows: Rows in one task of the moments. Each sends D² numbers on, so few are better.
        patience: Seconds without any machine that could work, after which the run is given up.
    """

    cpus: float = Field(default=1.0, gt=0)
    gpus: float = Field(default=0.0, ge=0)
    chunks: int = Field(default=4, ge=1)
    leaf_rows: int = Field(default=32_768, ge=1)
    patience: float = Field(default=300.0, gt=0)


class StudyConfig(Strict):
    """A whole study."""

    title: str = "Do these networks extract the same features?"
    networks: tuple[NetworkConfig, ...]
    data: DataConfig | None = None
    methods: tuple[MethodConfig, ...] = ()
    measures: tuple[str, ...] = Field(default_factory=lambda: tuple(MEASURES.defaults))
    class_names: str | tuple[str, ...] | None = None
    out: str | None = None
    store: bool | str = True
    batch_size: int = Field(default=32, ge=1)
    workers: int | None = Field(default=None, ge=1)
    threads: int | None = Field(default=None, ge=1)
    device: str = "cpu"
    algebra: AlgebraConfig = AlgebraConfig()
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    compile: bool = False
    resident: Literal["auto", "all", "one"] = "auto"
    sample: int | None = Field(default=None, ge=1)
    strict: bool = False
    controls: bool | ControlsConfig = False
    ranks: RanksKey = None
    spectra: bool | None = None
    canonical: bool | CanonicalConfig = False
    tasks: tuple[TaskConfig, ...] = ()
    curve: bool | CurveConfig = False
    cluster: ClusterConfig = ClusterConfig()

    def __repr__(self) -> str:
        return brief(
            self,
            title=self.title,
            networks=[entry.load for entry in self.networks],
            methods=[entry.label for entry in self.methods],
            measures=self.measures,
        )

    __str__ = __repr__  # pydantic's would say all of it

    @field_validator("networks", mode="before")
    @classmethod
    def _network_entries(cls, value: Any) -> Any:
        return network_entries(value)

    @field_validator("methods", mode="before")
    @classmethod
    def _method_entries(cls, value: Any) -> Any:
        if not isinstance(value, list) or not value:
            raise ValueError(f"give a list of methods out of {', '.join(METHODS.names)}")
        return [method_entry(entry) for entry in value]

    @field_validator("measures")
    @classmethod
    def _known_measures(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            MEASURES.each(names)
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return names

    @model_validator(mode="before")
    @classmethod
    def _devices_by_their_key(cls, value: Any) -> Any:
        for key in ("gpu", "gpus", "cuda") if isinstance(value, Mapping) else ():
            if key in value:
                raise ValueError(
                    f"unknown key '{key}'. Did you mean 'device: cuda'? One of several GPUs is "
                    "cuda:N, N a number from 0"
                )
        return value

    @field_validator("device")
    @classmethod
    def _known_device(cls, device: str) -> str:
        return _device(device)

    @field_validator("tasks", mode="before")
    @classmethod
    def _task_entries(cls, value: Any) -> Any:
        return task_entries(value)

    @field_validator("store")
    @classmethod
    def _stored_somewhere(cls, value: bool | str) -> bool | str:
        if value == "":
            raise ValueError("give a folder or a URL for the features, or leave it out")
        return value

    @model_validator(mode="after")
    def _defaults(self) -> Self:
        if not self.methods:
            entries = tuple(MethodConfig(name=n, label=n, options={}) for n in METHODS.defaults)
            object.__setattr__(self, "methods", entries)
        labels = [entry.label for entry in self.methods]
        twice = {label for label in labels if labels.count(label) > 1}
        if twice:
            raise ValueError(
                f"the method label '{min(twice)}' stands twice; give one of them its own 'label'"
            )
        if "own" in labels:
            raise ValueError(
                "the label 'own' stands for networks with their own heads; give another"
            )
        return self

    @model_validator(mode="after")
    def _a_sample_is_read(self) -> Self:
        if self.sample is None or any(MEASURES.get(name).reads == "rows" for name in self.measures):
            return self
        raise ValueError(
            f"'sample: {self.sample}' has no effect: no measure of this study reads rows. Leave it "
            "out, or add one that does, e.g. mutual_knn"
        )

    @model_validator(mode="after")
    def _rows_are_kept_for_those_who_need_them(self) -> Self:
        if self.store is not False:
            return self
        for entry in self.methods:
            if METHODS.get(entry.name).needs_rows:
                raise ValueError(
                    f"the method '{entry.label}' reads the fit features many times, but "
                    "'store: false' keeps none. Leave the method out, or say 'store: true'"
                )
        if self.controls:
            raise ValueError(
                "the controls read the fit features again, but 'store: false' keeps none. Leave "
                "'controls' out, or say 'store: true'"
            )
        if self.canonical:
            raise ValueError(
                "the canonical space reads the fit features again, but 'store: false' keeps none. "
                "Leave 'canonical' out, or say 'store: true'"
            )
        if self.tasks:
            raise ValueError(
                "the tasks read the fit features again, but 'store: false' keeps none. Leave "
                "'tasks' out, or say 'store: true'"
            )
        if self.curve:
            raise ValueError(
                "the curve reads parts of the fit features again, but 'store: false' keeps none. "
                "Leave 'curve' out, or say 'store: true'"
            )
        return self

    @model_validator(mode="after")
    def _every_key_has_an_effect(self) -> Self:
        if self.controls and len(self.networks) < 2:
            raise ValueError("controls are of maps, and one network has none. Leave 'controls' out")
        check_ranks_have_maps(self.ranks, networks=len(self.networks))
        if self.curve and len(self.networks) < 2:
            raise ValueError("the curve is of maps, and one network has none. Leave 'curve' out")
        if self.canonical and len(self.networks) < 2:
            raise ValueError(
                "a canonical space is of several networks, and there is one. Leave 'canonical' out"
            )
        if self.resident != "auto" and self.device == "cpu":
            raise ValueError(
                f"'resident: {self.resident}' has no effect on the processor, which networks never "
                "leave. Leave it out, or name a 'device'"
            )
        return self

    @model_validator(mode="after")
    def _tasks_have_maps(self) -> Self:
        if not self.tasks:
            return self
        if len(self.networks) < 2:
            raise ValueError("tasks are asked of maps, and one network has none. Leave 'tasks' out")
        if not any(METHODS.get(entry.name).uses == "images" for entry in self.methods):
            raise ValueError(
                "tasks are asked of maps that images are fitted on, and no method of this study "
                "uses images. Add one, e.g. ols, or leave 'tasks' out"
            )
        return self

    @property
    def chosen_controls(self) -> ControlsConfig | None:
        """None where there are none."""
        if isinstance(self.controls, ControlsConfig):
            return self.controls
        return ControlsConfig() if self.controls else None

    @property
    def chosen_curve(self) -> CurveConfig | None:
        """None where there is none."""
        if isinstance(self.curve, CurveConfig):
            return self.curve
        return CurveConfig() if self.curve else None

    @property
    def chosen_canonical(self) -> CanonicalConfig | None:
        """None where there is none."""
        if isinstance(self.canonical, CanonicalConfig):
            return self.canonical
        return CanonicalConfig() if self.canonical else None

    @property
    def algebra_device(self) -> str:
        """Where moments, maps and scores are computed."""
        return self.device if self.algebra.device is None else self.algebra.device


def _device(name: str) -> str:
    try:
        return check_device(name)
    except ConfigError as error:
        raise ValueError(str(error).removeprefix("device is ").rstrip(".")) from None


def read_config(path: PathLike) -> StudyConfig:
    """Read and validate a study file.

    Raises:
        ConfigError: with the place in the file, what is wrong and what is valid.
    """
    path = as_path(path)
    try:
        raw = read_yaml(path)
    except NoFileError:
        raise ConfigError(f"There is no study file at {path}. Check the path.") from None
    except FileError as error:
        raise ConfigError(f"{path} can't be read as YAML: {error}. Mend the file.") from None
    if not isinstance(raw, dict):
        raise ConfigError(
            f"{path} holds {type(raw).__name__}, not keys. A study needs at least 'networks'."
        )
    return parse_config(raw, where=str(path))


def parse_config(raw: Mapping[str, Any], *, where: str = "study") -> StudyConfig:
    """Validate a study given as plain values.

    Raises:
        ConfigError: as ``read_config``.
    """
    try:
        config = StudyConfig.model_validate(dict(raw))
    except ValidationError as error:
        raise ConfigError(f"{where}: {problems(error)}") from None
    for entry in config.methods:
        if entry.build().needs_folds and config.store is False:
            raise ConfigError(
                f"{where}: the method '{entry.label}' reads the fit features again, fold by fold, "
                "but 'store: false' keeps none. Give it a strength, or say 'store: true'."
            )
    return config
