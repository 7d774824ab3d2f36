"""How much of a cluster a study takes."""

from __future__ import annotations

from dataclasses import dataclass

from samefeatures.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOptions:
    """What a worker holds, and how long to be patient.

    Attributes:
        cpus: Processors that Ray reserves for a worker; with ``threads`` in the study, give it as
            many.
        gpus: Graphics cards that Ray reserves for a worker; a half puts two workers on one.
        chunks: Chunks of 256 rows in one task; what a task has stored is not lost with it.
        leaf_rows: Rows of one task of the moments. Each sends D² numbers home, so few are better.
        patience: Seconds without any machine that could work, after which the run is given up.
    """

    cpus: float = 1
    gpus: float = 0
    chunks: int = 4
    leaf_rows: int = 32_768
    patience: float = 300.0

    def __post_init__(self) -> None:
        for name in ("cpus", "chunks", "leaf_rows", "patience"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"cluster: {name} is {getattr(self, name)}; it must be above 0.")
        if self.gpus < 0:
            raise ConfigError(f"cluster: gpus is {self.gpus}; it must be at least 0.")
