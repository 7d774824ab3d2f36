"""The benchmark's own arithmetic, its table, and the command that writes the docs' tables."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks import pages, record, similarity
from benchmarks.algebra import THESIS_DIMS, factorisation_work
from benchmarks.record import Line, allowed, alternately, at_least, at_most, within
from benchmarks.scaling import JOBS, costs, exponent
from benchmarks.table import WIDTH, as_table, cells, markdown
from rich.console import Console

PROJECT = Path(__file__).parents[1]


def test_the_share_of_a_limit_is_at_most_one_for_times_and_for_rates() -> None:
    slow = within(at_most("moments", 4.0, "dsyrk", 3.0, 1.3), 3.0, "products")
    assert (slow.share, slow.met) == (0.75, False)
    rate = at_least("loop", 80.0, "peer", 40.0, 1.0, unit="images/s")
    assert within(rate, 100.0, "bare loop").share == 0.8


def test_ratios_say_what_their_goal_says() -> None:
    assert at_most("a", 1.3, "b", 1.0, 1.3).met
    assert at_least("a", 1.0, "b", 8.0, 8.0).ratio == 8
    assert not at_least("a", 1.0, "b", 7.9, 8.0).met
    full = allowed("a", 12.0, 12.0, "GB")
    assert (full.met, full.ratio, full.goal, full.unit) == (True, 1, "at most 12 GB", "GB")
    assert not allowed("a", 12.1, 12.0, "GB").met


def test_runs_take_turns_and_the_fastest_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    times = iter([3.0, 1.0, 2.0, 4.0])

    def measured(work: Callable[[], object]) -> float:
        work()
        return next(times)

    monkeypatch.setattr(record, "seconds", measured)
    works = (lambda: order.append("ours"), lambda: order.append("theirs"))
    assert alternately(*works, repeat=2) == [2.0, 1.0]
    assert order == ["ours", "theirs"] * 2


def test_lines_that_were_kept_before_there_were_limits_are_read() -> None:
    old = {
        "stage": "s", "ours": 1.0, "peer": "p", "theirs": 2.0, "ratio": 2.0, "goal": "none",
        "met": True, "unit": "s",
    }  # fmt: skip
    line = Line(**old)  # type: ignore[arg-type]
    assert (line.limit, line.share, line.difference) == (None, None, None)
    assert cells(line)[5:7] == ("", "")


def test_measures_of_the_similarity_suite_are_those_of_its_peers() -> None:
    lines = similarity.run(dims=(5, 8, 6), rows=300, repeat=1)
    against = [line.difference for line in lines if line.difference is not None]
    assert len(against) == 3
    assert max(against) < 1e-9
    assert sum(similarity.DIMS) == 5352


def test_the_table_fits_and_says_what_missed() -> None:
    line = at_least("90 maps of ten networks, " * 3, 1.0, "a peer", 0.5, 1.0, difference=2e-15)
    console = Console(width=WIDTH, record=True, file=io.StringIO())
    console.print(as_table([within(line, 0.25, "products")]))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= WIDTH <= 120
    assert "25%" in text
    assert "NO" in text
    assert "2e-15" in text
    assert markdown([line]).count("\n") == 2


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0, 3.0])
def test_the_exponent_is_that_of_the_power(power: float) -> None:
    sizes = (10, 20, 40, 80)
    assert exponent(sizes, [0.3 * s**power for s in sizes]) == pytest.approx(power)


def test_the_thesis_job_is_as_large_as_it_is_said_to_be() -> None:
    (ilsvrc,) = (job for job in JOBS if job.name == "10 networks, ILSVRC")
    assert sum(THESIS_DIMS) == 21_408
    unit = dict.fromkeys(kept_rates(), 1.0)
    found = costs(ilsvrc, unit)
    assert ilsvrc.feature_bytes == pytest.approx(114e9, rel=0.01)
    assert pytest.approx(5.9e14, rel=0.01) == 1_281_167 * 21_408**2
    assert found["multiply-adds"] == 1_331_167 * 21_408**2 / 2
    assert found["decode"] == 1_331_167
    assert found["networks"] == 13_311_670


def kept_rates() -> list[str]:
    kept = json.loads((record.RESULTS / "scaling.json").read_text())
    return list(kept["rates"])


def test_factorisations_are_one_inverse_per_source_and_one_product_per_pair() -> None:
    assert factorisation_work([2, 3]) == 8 + 27 + 4 * 3 + 9 * 2


def test_the_pages_hold_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("speed.md", "scaling.md", "robustness.md", "similarity.md", "canonical-space.md")
    for name in names:
        (tmp_path / name).write_text((PROJECT / "docs" / name).read_text())
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    written = pages.write_pages()
    assert [path.name for path in written] == [
        "speed.md",
        "scaling.md",
        "scaling.png",
        "robustness.md",
        "similarity.md",
        "canonical-space.md",
    ]
    assert (tmp_path / "scaling.png").stat().st_size > 10_000
    for name in names:
        assert (tmp_path / name).read_text() == (PROJECT / "docs" / name).read_text()


def test_a_page_without_the_place_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here")
    with pytest.raises(ValueError, match="no place for 'costs'"):
        pages.fill(page, {"costs": lambda: "x"})


def test_every_growth_has_four_sizes() -> None:
    kept = json.loads((record.RESULTS / "scaling.json").read_text())
    assert {g["over"] for g in kept["growths"]} == {"networks", "features", "images"}
    for growth in kept["growths"]:
        assert len(growth["sizes"]) == len(growth["seconds"]) == 4
        assert growth["exponent"] == pytest.approx(exponent(growth["sizes"], growth["seconds"]))
