"""Networks known by rows in memory, and what watches over the work on them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from samefeatures.algebra.device import TorchDevice
from samefeatures.algebra.host import Host
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.record import Moments
from samefeatures.networks.record import FeatureFile, Head

World = Mapping[str, Any]


def networks_of(
    worlds: Mapping[str, World], *, headless: Collection[str] = ()
) -> dict[str, FeatureFile]:
    return {
        name: FeatureFile(
            name=name,
            source=f"npz:{name}.npz",
            head=None if name in headless else Head(
                world["head_weight"].astype(np.float32), world["head_bias"].astype(np.float32)
            ),
            fingerprint=f"print of {name}",
            fit_features=world["fit_features"],
            eval_features=world["eval_features"],
            eval_labels=world["eval_labels"],
        )
        for name, world in worlds.items()
    }  # fmt: skip


def rows_of(
    worlds: Mapping[str, World], kind: str, *, ids: Sequence[str] | None = None
) -> dict[str, ArrayRows]:
    return {
        name: ArrayRows(
            name=name,
            values=world[f"{kind}_features"],
            fingerprint=f"{kind} rows of {name}",
            ids=ids,
        )
        for name, world in worlds.items()
    }


def moments_of(rows: Mapping[str, ArrayRows]) -> Moments:
    out = Moments(list(rows), [part.dim for part in rows.values()])
    out.update(*(part.values for part in rows.values()))
    return out


def off_the_host(monkeypatch: pytest.MonkeyPatch) -> TorchDevice:
    """Another place for algebra; whatever the host is asked for fails."""
    alone = ("singular_values_alone", "_inverse_by_halves", "sums")
    for name in ("product", "inverse", "eigenvalues", "singular_values", "heads", *alone):
        monkeypatch.setattr(Host, name, lambda *_: pytest.fail("the host computed"))
    return TorchDevice("cpu")


class Unread(ArrayRows):
    """Rows that must not be read."""

    def chunks(self, rows: int) -> Iterator[Any]:
        pytest.fail(f"{rows} rows of {self.name} were read")

    def span(self, start: int, stop: int) -> Any:
        pytest.fail(f"rows {start} to {stop} of {self.name} were read")
