"""An algebra that is not the host's, and progress that is written down."""

from __future__ import annotations

import pytest

from samefeatures.algebra.host import Host
from samefeatures.base.progress import Advance, Rate

WORK = (
    "product",
    "inverse",
    "_inverse_by_halves",
    "eigenvalues",
    "singular_values",
    "singular_values_alone",
    "heads",
)


class Elsewhere(Host):
    """Computes as the host does, also where that must not."""


for _name in WORK:
    setattr(Elsewhere, _name, vars(Host)[_name])


def not_on_the_host(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    """From here on the host refuses; sums of moments alone, which have no other place, go on."""
    for name in WORK:
        monkeypatch.setattr(Host, name, lambda *_: pytest.fail("the host computed"))
    return Elsewhere()


class Told:
    """Notes every task: its steps in all, and those that were done, one call after the other."""

    visible = True

    def __init__(self) -> None:
        self.tasks: dict[str, tuple[int, list[int]]] = {}
        self.notes: list[str] = []

    def task(self, description: str, total: int, *, rate: Rate | None = None) -> Advance:
        """Opens a line."""
        self.tasks[description] = total, []
        return self.tasks[description][1].append

    def note(self, text: str) -> None:
        """Keeps it."""
        self.notes.append(text)
