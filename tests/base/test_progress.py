"""Progress: bars where a person looks, nothing elsewhere."""

from __future__ import annotations

import io
import sys

import pytest

from samefeatures.base.progress import Silent, on_terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_silent_when_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with on_terminal() as progress:
        assert isinstance(progress, Silent)
        progress.task("work", 2)(1)
    assert capsys.readouterr().err == ""


def test_bars_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with on_terminal() as progress:
        progress.task("extract resnet", 4)(1)
        progress.task("score", 2)(2)
    shown = screen.getvalue()
    assert "extract resnet" in shown
    assert "1/4" in shown


def test_rates_and_notes_stand_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with on_terminal() as progress:
        assert progress.visible
        progress.note("a: memory ran out")
        progress.task("a", 4, rate=lambda: "12 im/s")(1)
    assert "memory ran out" in screen.getvalue()
    assert not Silent().visible
