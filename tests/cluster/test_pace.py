"""Rates of several workers, added up."""

from __future__ import annotations

from samefeatures.cluster.pace import Pace
from samefeatures.cluster.worker import Stored
from samefeatures.features.rates import Meter, Rate


def test_rates_of_all_workers_and_of_one() -> None:
    now = 100.0
    notes: list[str] = []
    pace = Pace(Meter(clock=lambda: now, on_halved=notes.append))
    pace.start()
    assert pace.words("a") == ""
    now = 110.0
    # Two workers of 50 rows a second each while they run; a quarter of the time they waited.
    for size in (None, 16):
        pace.add(Stored({"a": 300}, {"a": Rate(300, 6.0, size)}, 2.0))
    assert pace.words("a") == "60 images/s, 50 a worker, 25% waiting"
    pace.add(Stored({"a": 0}, {"a": Rate(0, 0.0, 16)}, 0.0))
    pace.add(Stored({"a": 0}, {"a": Rate(0, 0.0, 8)}, 0.0))
    assert [note.rsplit(" ", 1)[1] for note in notes] == ["16.", "8."], "each size once"
    pace.start()
    assert pace.words("a") == "", "a new set begins anew"
    assert pace.meter.rate("a").rows == 600


def test_what_is_taken_is_not_counted_twice() -> None:
    meter = Meter()
    with meter.timed("a", 5):
        pass
    meter.halved("a", 4)
    meter.waited = 3.0
    rates, waited = meter.take()
    assert (rates["a"].rows, rates["a"].batch_size, waited) == (5, 4, 3.0)
    rates, waited = meter.take()
    assert (rates["a"].rows, rates["a"].seconds, waited) == (0, 0.0, 0.0)
    assert meter.batch_size("a", 32) == 4, "what fits is still known"
