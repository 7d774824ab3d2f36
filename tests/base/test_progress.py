"""Progress: live where a person looks, a line a minute elsewhere."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable

import pytest
from rich.console import Console

from samefeatures.base.lines import Lines, in_lines
from samefeatures.base.progress import Silent
from samefeatures.base.screen import Screen
from samefeatures.base.showing import on_terminal
from samefeatures.base.stages import Stages, clock_time


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def drawn(screen: Screen, *, width: int, height: int = 25) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width, height=height).print(screen)
    return [line.rstrip() for line in file.getvalue().splitlines()]


def extraction(shown: Screen | Lines, networks: int) -> list[Callable[[int], None]]:
    return [
        shown.task(f"fit: fashion-mnist-fit: network_{k:02}", 1000, rate=lambda: "90 images/s")
        for k in range(networks)
    ]


def test_short_runs_say_nothing_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with on_terminal() as progress:
        assert isinstance(progress, Lines)
        assert not progress.visible
        progress.task("work", 2)(1)
    assert capsys.readouterr().err == ""


def test_without_stderr_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with on_terminal() as progress:
        assert isinstance(progress, Silent)


def test_notes_are_said_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    with on_terminal() as progress:
        progress.note("a: memory ran out\x1b[2J")
    assert capsys.readouterr().err == "a: memory ran out\\x1b[2J\n"


def test_a_line_comes_again_and_again() -> None:
    said: list[str] = []
    enough = threading.Event()

    def write(line: str) -> None:
        said.append(line)
        if len(said) == 3:
            enough.set()

    with Lines(write, every=0.001) as lines:
        lines.task("work", 4)(1)
        assert enough.wait(60)
    assert set(said) == {"25 %, time left not known yet: work, 1 of 4"}


def test_lines_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    told = threading.Event()

    def rate() -> str:
        told.set()
        return ""

    with in_lines(every=0.001) as lines:
        advance = lines.task("work", 4, rate=rate)
        advance(1)
        while not (said := capsys.readouterr().err):
            pass
    assert said.startswith("25 %, time left not known yet: work, 1 of 4\n")
    assert not told.is_set()


def test_what_a_line_says_of_many_networks() -> None:
    clock, lines = Clock(), Lines(lambda _: None)
    lines = Lines(lambda _: None, clock=clock)
    assert lines.line == ""
    advances = extraction(lines, 10)
    for advance in advances:
        advance(100)  # an earlier run has stored these
    clock.now += 10
    for advance in advances:
        advance(300)
    clock.now += 5
    # 3,000 rows in 10 s, 6,000 are left, and 5 s have gone by since.
    assert lines.line == ("40 %, 0:15 left: fit: fashion-mnist-fit: 10 networks, 4,000 of 10,000")
    for advance in advances:
        advance(600)
    assert lines.line == ""


def test_a_line_says_what_goes_on_inside_of_a_stage() -> None:
    """Of a stage whose first step takes minutes, all else would be 0 % all the time."""
    lines = Lines(lambda _: None)
    lines.task("fit maps", 450)
    advance = lines.task("moments of the fit set", 200_000)
    advance(86_000)
    known = "0 %, time left not known yet: fit maps, 0 of 450"
    assert lines.line == f"{known}; moments of the fit set, 43 %"
    advance(114_000)
    assert lines.line == known


def test_the_outermost_stage_leads() -> None:
    stages = Stages(Clock())
    outer = stages.task("fit maps", 3)
    inner = stages.task("cosine from a", 2)
    inner(1)
    assert [stage.words for stage in stages.open] == ["fit maps", "cosine from a"]
    inner(1)
    outer(1)
    assert [(stage.words, stage.percent) for stage in stages.open] == [("fit maps", 33)]
    stages.task("cosine from a", 2)
    assert [stage.done for stage in stages.open] == [1, 0]


def test_time_left_is_unknown_until_something_was_done_here() -> None:
    clock = Clock()
    stages = Stages(clock)
    advance = stages.task("score", 100)
    advance(50)
    clock.now += 20
    (stage,) = stages.open
    assert stage.left(clock.now) is None
    advance(0)
    assert stage.left(clock.now) is None
    advance(10)
    assert stage.left(clock.now) == pytest.approx(80)
    assert stage.left(clock.now + 5) == pytest.approx(75)


def test_a_step_that_takes_long_leaves_the_time_of_those_behind_it() -> None:
    clock = Clock()
    stages = Stages(clock)
    advance = stages.task("score", 100)
    for _ in range(2):
        clock.now += 20
        advance(10)
    (stage,) = stages.open
    assert stage.left(clock.now + 1000) == pytest.approx(140)
    advance(70)
    assert stage.left(clock.now + 1000) == 0


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(None, "–:––"), (0, "0:00"), (59.6, "1:00"), (754, "12:34"), (7450, "2:04:10")],
)
def test_times(seconds: float | None, says: str) -> None:
    assert clock_time(seconds) == says


@pytest.mark.parametrize("width", [30, 80, 120])
def test_the_total_and_the_time_left_come_first_at_any_width(width: int) -> None:
    clock = Clock()
    screen = Screen(clock=clock)
    for advance in extraction(screen, 10):
        clock.now += 1
        advance(400)
    lines = drawn(screen, width=width)
    assert lines[0].startswith("  40 %  0:1")
    assert "left" in lines[0]
    assert max(map(len, lines)) <= width
    assert len(lines) == 1 + 4 + 1
    assert lines[-1].strip() == "+ 6 more"
    if width >= 80:
        assert lines[0].endswith("fit: fashion-mnist-fit: 10 networks")
        assert lines[1].split() == ["network_00", "400", "of", "1,000", "90", "images/s"]


def test_every_network_has_a_line_when_asked_for() -> None:
    screen = Screen(verbose=True)
    advances = extraction(screen, 40)
    assert len(drawn(screen, width=80, height=60)) == 41
    assert drawn(screen, width=80, height=24)[-1].strip() == "+ 19 more"
    for advance in advances[:38]:
        advance(1000)
    lines = drawn(screen, width=80)
    assert [line.split()[0] for line in lines[1:]] == ["network_38", "network_39"]


def test_long_titles_are_cut_in_the_middle() -> None:
    screen = Screen()
    screen.task(f"fit: {'x' * 90}: the_network", 3)
    (line,) = drawn(screen, width=80)
    assert len(line) <= 80
    assert line.endswith("the_network")
    assert "fit: xx" in line


def test_a_stage_within_another_has_a_line() -> None:
    screen = Screen()
    screen.task("fit maps", 90)(12)
    screen.task("cosine from a", 9)(3)
    first, second = drawn(screen, width=80)
    assert first.split()[0] == "13"
    assert first.endswith("fit maps")
    assert second.split() == ["cosine", "from", "a", "3", "of", "9"]
    assert drawn(Screen(), width=80) == []


def test_nothing_is_left_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    from screens import Screen as Seen

    seen_twice = threading.Event()

    class Watched(Terminal):
        def write(self, text: str) -> int:
            done = super().write(text)
            if self.getvalue().count("extract resnet") > 1:
                seen_twice.set()
            return done

    terminal = Watched()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    with pytest.raises(KeyboardInterrupt), on_terminal() as progress:  # noqa: PT012
        assert progress.visible
        progress.task("extract resnet", 4)(1)
        progress.note("a: memory ran out")
        assert seen_twice.wait(60)
        raise KeyboardInterrupt
    assert "extract resnet" in terminal.getvalue()
    seen = Seen()
    seen.write(terminal.getvalue())
    assert seen.text == "a: memory ran out"
    assert not seen.hidden


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "dumb")
    with on_terminal() as progress:
        assert isinstance(progress, Lines)
