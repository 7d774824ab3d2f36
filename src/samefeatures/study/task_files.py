"""Tasks on disk: ``tasks/NAME.KEY.json`` with what was found, and its probes as ``.npz``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from samefeatures.base.files import writing
from samefeatures.base.kept_records import kept_record
from samefeatures.base.npz import write_npz
from samefeatures.base.removal import remove
from samefeatures.base.sealed import write_sealed
from samefeatures.networks.record import Head
from samefeatures.study.results import TaskResults


@dataclass(frozen=True, slots=True)
class TaskFile:
    """Where one task is kept.

    Attributes:
        folder: ``tasks`` in the study's folder.
        name: Of the task.
        key: Changes whenever its numbers do.
    """

    folder: Path
    name: str
    key: str

    @property
    def path(self) -> Path:
        """Of what was found."""
        return self.folder / f"{self.name}--{self.key[:16]}.json"

    @property
    def probes(self) -> Path:
        """Of the probes: ``NETWORK.weight`` (classes, d) and ``NETWORK.bias`` (classes,)."""
        return self.path.with_suffix(".npz")

    def read(self) -> TaskResults | None:
        """What an earlier run left, or None when there is nothing that can be read."""
        return kept_record(TaskResults, self.path)

    def write(self, found: TaskResults, probes: Mapping[str, Head]) -> None:
        """Keep a task and its probes; those of other settings are removed."""
        arrays = {
            f"{name}.{part}": getattr(head, part)
            for name, head in probes.items()
            for part in ("weight", "bias")
        }
        with writing(self.path):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_npz(self.probes, arrays)
            write_sealed(self.path, asdict(found))
            for stale in self.folder.glob(f"{self.name}--*"):
                if stale not in (self.path, self.probes):
                    remove(stale, within=self.folder.parent)
