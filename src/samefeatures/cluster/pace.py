"""How fast all workers are together."""

from __future__ import annotations

from samefeatures.cluster.worker import Stored
from samefeatures.features.rates import Meter


class Pace:
    """Rates of the networks over all workers of a run.

    Args:
        meter: Adds up what the workers measured.
    """

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self._since = meter.clock()
        self._rows: dict[str, int] = {}

    def start(self) -> None:
        """Forget what came before: pauses between two sets of images are not counted."""
        self._since = self.meter.clock()
        self._rows = {}

    def add(self, stored: Stored) -> None:
        """A task that ended."""
        self.meter.add(stored.rates, stored.waited)
        for name, rows in stored.rows.items():
            self._rows[name] = self._rows.get(name, 0) + rows

    def words(self, name: str) -> str:
        """For a display: images/s of all workers, of one while it runs this network, the wait."""
        rows = self._rows.get(name, 0)
        seconds = self.meter.clock() - self._since
        if not rows or seconds <= 0:
            return ""
        speed = self.meter.rate(name).speed
        one = "" if speed is None else f", {speed:,.0f} a worker"
        return f"{rows / seconds:,.0f} images/s{one}, {self.meter.waiting:.0%} waiting"
