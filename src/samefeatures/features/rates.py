"""How fast every network runs, and at which batch size."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Float32
from samefeatures.base.files import write_whole, writing
from samefeatures.networks.record import ImageNetwork

Clock = Callable[[], float]
T = TypeVar("T")
PASSES = 5


@dataclass(slots=True)
class Rate:
    """Of one network.

    Attributes:
        rows: Images (or views) that were run.
        seconds: That its runs took, with normalising and copying, without decoding.
        batch_size: What it was halved to; None where the whole batch fitted.
        bare: Rows per second of the forward pass alone; None where it was not measured.
    """

    rows: int = 0
    seconds: float = 0.0
    batch_size: int | None = None
    bare: float | None = None

    @property
    def speed(self) -> float | None:
        """Rows per second."""
        return self.rows / self.seconds if self.seconds > 0 else None

    @property
    def share(self) -> float | None:
        """Of the bare forward pass."""
        return self.speed / self.bare if self.speed and self.bare else None


@dataclass(slots=True)
class Meter:
    """Rates of the networks of a run, over all its image sets.

    Args:
        measure_bare: Whether to run one batch of each network once more, to time it alone.
        on_halved: Told a sentence when a batch was halved, once for each size.
        clock: Seconds.
        waited: Seconds in which no network ran, because the next images were not decoded yet.
    """

    measure_bare: bool = False
    on_halved: Callable[[str], None] = lambda _: None
    clock: Clock = time.perf_counter
    rates: dict[str, Rate] = field(default_factory=dict)
    waited: float = 0.0

    @property
    def waiting(self) -> float:
        """Share of the time that went by without a network running; 0 before there is any."""
        whole = self.waited + sum(rate.seconds for rate in self.rates.values())
        return self.waited / whole if whole else 0.0

    def awaited(self, chunks: Iterator[T]) -> Iterator[T]:
        """The same items; how long each was waited for is counted."""
        while True:
            start = self.clock()
            try:
                item = next(chunks)
            except StopIteration:
                return
            self.waited += self.clock() - start
            yield item

    def words(self, name: str) -> str:
        """For a display: images/s, share of the bare forward pass, and the wait for images."""
        rate = self.rate(name)
        if rate.speed is None:
            return ""
        share = "" if rate.share is None else f", {rate.share:.0%} of bare"
        return f"{rate.speed:,.0f} images/s{share}, {self.waiting:.0%} waiting"

    def rate(self, name: str) -> Rate:
        """Of a network, zero at first."""
        return self.rates.setdefault(name, Rate())

    def batch_size(self, name: str, wanted: int) -> int:
        """What is known to fit, or what is wanted."""
        return min(wanted, self.rate(name).batch_size or wanted)

    def halved(self, name: str, batch_size: int) -> None:
        """Remember a smaller batch."""
        self.rate(name).batch_size = batch_size
        self.on_halved(f"{name}: memory ran out; it goes on with batches of {batch_size}.")

    @contextmanager
    def timed(self, name: str, rows: int) -> Iterator[None]:
        """Count rows and seconds of a block that ends well."""
        start = self.clock()
        yield
        rate = self.rate(name)
        rate.seconds += self.clock() - start
        rate.rows += rows

    def ready(self, network: ImageNetwork, pixels: npt.NDArray[np.uint8]) -> None:
        """Time the forward pass alone on one batch, if that is wanted and not done.

        The fastest of some passes: the first takes memory and warms up.

        Args:
            network: Whose pass it is.
            pixels: (b, h, w, 3) bytes.
        """
        rate = self.rate(network.name)
        if not self.measure_bare or rate.bare is not None:
            return
        batch = network.preprocessing.normalise(pixels)
        best = min(self._pass(network, batch) for _ in range(PASSES))
        rate.bare = len(batch) / max(best, 1e-9)

    def _pass(self, network: ImageNetwork, batch: Float32) -> float:
        start = self.clock()
        network.backend.features(batch)
        return self.clock() - start

    def add(self, rates: Mapping[str, Rate], waited: float) -> None:
        """Rates that another process measured; told of batches that it halved further."""
        self.waited += waited
        for name, more in rates.items():
            rate = self.rate(name)
            rate.rows += more.rows
            rate.seconds += more.seconds
            if more.batch_size and more.batch_size < (rate.batch_size or more.batch_size + 1):
                self.halved(name, more.batch_size)

    def take(self) -> tuple[dict[str, Rate], float]:
        """What was counted since it was last taken; batch sizes stay."""
        rates = {name: replace(rate) for name, rate in self.rates.items()}
        waited, self.waited = self.waited, 0.0
        for rate in self.rates.values():
            rate.rows, rate.seconds = 0, 0.0
        return rates, waited

    def as_dict(self) -> dict[str, object]:
        """Everything, for a file."""
        networks = {
            name: {
                "rows": rate.rows,
                "seconds": rate.seconds,
                "rows_per_second": rate.speed,
                "halved_to": rate.batch_size,
                "bare_rows_per_second": rate.bare,
            }
            for name, rate in self.rates.items()
        }
        return {"seconds_waiting_for_images": self.waited, "networks": networks}


def keep_rates(meter: Meter, folder: Path) -> None:
    """The last run's rates, beside the study; a run that had nothing to do leaves them.

    Raises:
        StoreError: when the folder can't be written.
    """
    if not any(rate.rows for rate in meter.rates.values()):
        return
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(meter.as_dict(), indent=1) + "\n"
        write_whole(folder / "extraction.json", text.encode())
