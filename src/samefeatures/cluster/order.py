"""What every worker is told: the study, where its files are, and with which versions."""

from __future__ import annotations

import pickle
import socket
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from samefeatures.base.errors import ClusterError
from samefeatures.features.place import Root
from samefeatures.study.config import StudyConfig
from samefeatures.study.versions import installed, versions_of


@dataclass(frozen=True, slots=True)
class Order:
    """The same for all tasks of a run.

    Attributes:
        pickled: The study's config; as bytes, so that an order can be looked up.
        base: Where its relative paths start, on every machine.
        root: Where the feature stores lie, for every machine.
        versions: Of the process that runs the study, by name.
        run: Of its own for each run: what a worker knows of images and stores holds for one.
    """

    pickled: bytes
    base: Path
    root: Root
    versions: tuple[tuple[str, str], ...]
    run: str

    @property
    def config(self) -> StudyConfig:
        """Of the study."""
        config: StudyConfig = pickle.loads(self.pickled)
        return config

    def check_versions(self) -> None:
        """Refuse to work with other versions than those of the run.

        Raises:
            ClusterError: naming this machine, and each version that differs.
        """
        other = [
            f"{name} {installed(name)} instead of {wanted}"
            for name, wanted in self.versions
            if installed(name) != wanted
        ]
        if other:
            raise ClusterError(
                f"The machine {socket.gethostname()} has other versions than the one that runs the "
                f"study: {', '.join(other)}. Features of two versions may differ; install the same "
                "on every machine."
            )


def order_of(config: StudyConfig, *, base: Path, root: Root) -> Order:
    """An order of this process."""
    whole = root.resolve() if isinstance(root, Path) else root
    versions = tuple(versions_of(config).items())
    return Order(pickle.dumps(config), base.resolve(), whole, versions, uuid4().hex)
