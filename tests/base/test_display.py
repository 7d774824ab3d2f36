"""Progress by choice: what is told, what is shown, and where it ends."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from itertools import count

import pytest

import samefeatures as sf
from samefeatures.base.display import Display
from samefeatures.base.notebook import NotebookBars
from samefeatures.base.progress import Progress, Silent
from samefeatures.base.told import Told


def test_a_function_is_told_of_every_step() -> None:
    told: list[sf.ProgressStep] = []
    with sf.progress(told.append) as shown:
        advance = shown.task("fit maps", 4, rate=lambda: "2 maps/s")
        advance(1)
        advance(3)
        shown.note("memory ran out")
    steps, note = told[:-1], told[-1]
    assert [(s.stage, s.done, s.total, s.rate) for s in steps] == [
        ("fit maps", done, 4, "2 maps/s") for done in (0, 1, 4)
    ]
    assert steps[0].seconds_left is None
    assert steps[-1].seconds_left == 0
    assert 0 <= steps[0].seconds <= steps[-1].seconds
    assert note == sf.ProgressStep(note="memory ran out")


def test_time_left_is_by_the_speed_of_what_was_done_here() -> None:
    """Rows that an earlier run stored come at once, and say nothing of the speed."""
    now = 0.0
    told: list[sf.ProgressStep] = []
    advance = Told(told.append, lambda: now).task("extract", 1000)
    advance(900)
    assert told[-1].seconds_left is None
    now = 10.0
    advance(20)
    assert (told[-1].seconds, told[-1].seconds_left) == (10.0, 40.0)


def test_what_a_function_raises_stops_the_work() -> None:
    class Enough(Exception):
        pass

    def stop(step: sf.ProgressStep) -> None:
        if step.done == 2:
            raise Enough

    with sf.progress(stop) as shown:
        advance = shown.task("work", 9)
        advance(1)
        with pytest.raises(Enough):
            advance(1)


@pytest.mark.parametrize("choice", ["bars", "Quiet", "", 3, None, True])
def test_another_choice_is_refused(choice: object) -> None:
    with pytest.raises(sf.SamefeaturesError, match="progress is") as raised:
        Display(choice)  # type: ignore[arg-type]
    assert "quiet" in str(raised.value)


def test_a_misspelt_choice_gets_the_nearest() -> None:
    with pytest.raises(sf.SamefeaturesError, match="Did you mean 'bar'"):
        Display("bars")  # type: ignore[arg-type]


def test_blocks_within_blocks_share_one_display() -> None:
    told: list[sf.ProgressStep] = []
    outer = Display(told.append)
    inner = Display(outer)
    outer.task("before", 1)
    with inner, inner, outer:
        inner.task("within", 1)
    inner.task("after", 1)
    assert [step.stage for step in told] == ["within"]


def test_what_is_a_display_already_is_used_as_it_is() -> None:
    class Mine(Silent):
        visible = True

    mine = Mine()
    assert isinstance(mine, Progress)
    seen: list[str] = []
    mine.note = seen.append  # type: ignore[method-assign]
    shown = Display(mine)
    shown.note("outside")
    with shown:
        shown.note("inside")
    assert seen == ["outside", "inside"]
    assert shown.visible


def test_quiet_is_not_visible() -> None:
    assert not Display().visible
    assert Display("bar").visible


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bars_end_where_the_work_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    display = Display("bar")

    def work() -> None:
        with display:
            display.task("work", 2)(1)
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        work()
    assert "work" in screen.getvalue()
    before = screen.getvalue()
    display.task("later", 1)(1)
    assert screen.getvalue() == before


class Page(NotebookBars):
    """Keeps what it would show."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.shown: list[dict[str, str]] = []

    def _show(self, bundle: dict[str, str]) -> None:
        self.shown.append(bundle)


def test_a_notebook_shows_what_is_under_way() -> None:
    page = Page(count().__next__)
    page(sf.ProgressStep(stage="extract <b>", done=1000, total=4000, seconds_left=75.0, rate="9/s"))
    page(sf.ProgressStep(stage="fit", done=0, total=2))
    last = page.shown[-1]
    assert last["text/plain"].splitlines() == [
        "extract <b>: 1,000 of 4,000, 1:15 left, 9/s",
        "fit: 0 of 2",
    ]
    assert '<progress value="1000" max="4000" aria-label="extract &lt;b&gt;">' in last["text/html"]
    assert "<b>" not in last["text/html"]
    page(sf.ProgressStep(note="a: <i>memory"))
    assert "a: &lt;i&gt;memory" in page.shown[-1]["text/html"]
    page(sf.ProgressStep(stage="extract <b>", done=4000, total=4000, seconds_left=0.0))
    assert "extract" not in page.shown[-1]["text/plain"]
    page.end()
    assert page.shown[-1]["text/plain"].splitlines()[0] == "a: <i>memory"
    assert page.shown[-1]["text/plain"].splitlines()[1].startswith("Done: 1 stage in 0:")


def test_a_notebook_is_drawn_a_few_times_a_second() -> None:
    now = 0.0
    page = Page(lambda: now)
    for done in range(100):
        now = done * 0.01
        page(sf.ProgressStep(stage="work", done=done, total=100))
    assert 4 <= len(page.shown) <= 6


def test_a_notebook_in_which_nothing_was_done_shows_nothing() -> None:
    page = Page(count().__next__)
    page.end()
    assert page.shown == []
