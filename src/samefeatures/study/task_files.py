"""Tasks on disk: ``tasks/NAME.KEY.json`` with what was found, and its probes as ``.npz``."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from samefeatures.base.files import write_whole, writing
from samefeatures.base.records import record
from samefeatures.base.removal import remove
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
        try:
            return record(TaskResults, json.loads(self.path.read_text()))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, found: TaskResults, probes: Mapping[str, Head]) -> None:
        """Keep a task and its probes; those of other settings are removed."""
        arrays = {
            f"{name}.{part}": getattr(head, part)
            for name, head in probes.items()
            for part in ("weight", "bias")
        }
        packed = io.BytesIO()
        np.savez(packed, **arrays)
        with writing(self.path):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.probes, packed.getvalue())
            write_whole(self.path, (json.dumps(asdict(found), indent=1) + "\n").encode())
            for stale in self.folder.glob(f"{self.name}--*"):
                if stale not in (self.path, self.probes):
                    remove(stale, within=self.folder.parent)
