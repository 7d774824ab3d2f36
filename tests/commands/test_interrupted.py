"""Ctrl-C and SIGTERM in a terminal: one line, and no ghost of a bar on the screen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from screens import Screen, on_pty

SLOW = """
import threading, time
from pathlib import Path
import samefeatures as sf
from samefeatures.commands.app import main
from samefeatures.study.study import Study

def score(self):
    with self.progress:
        advances = [self.progress.task(f"fit: images: net_{k}", 100) for k in range(12)]
        for advance in advances:
            advance(40)
        self.progress.note("net_3: memory ran out; it goes on with batches of 16.")
        threading.Event().wait()

Study.score = score
main()
"""


@pytest.mark.parametrize(("sent", "code"), [("\x03", 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("columns", [40, 80, 120])
def test_the_last_screen_has_one_line_and_no_bar(
    tmp_path: Path, sent: str | int, code: int, columns: int
) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "study.yaml").write_text("networks: ['mini:resnet_v1', 'mini:nasnet']\nout: out\n")
    seen: list[str] = []

    def stop(screen: Screen, process: subprocess.Popen[bytes]) -> bool:
        if "40 %" not in screen.text or "more" not in screen.text:
            return False
        seen.append(screen.text)
        # The keys are read by the terminal, which sends the signal to all of its processes.
        os.killpg(process.pid, signal.SIGINT if sent == "\x03" else int(sent))
        return True

    command = [sys.executable, "slow.py", "run", "study.yaml"]
    ended, screen = on_pty(command, cwd=tmp_path, columns=columns, when=stop)
    assert ended == code
    assert max(map(len, seen[0].splitlines()[1:])) <= columns
    assert "–:–– left" in seen[0]
    assert "+ 8 more" in seen[0]
    assert screen.text.splitlines()[-1] == "Stopped; the same command goes on."
    assert "memory ran out" in screen.text
    for ghost in ("%", "━", "net_0 ", "more", "left"):
        assert ghost not in screen.text
    assert not screen.hidden
