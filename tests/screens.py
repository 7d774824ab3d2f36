"""What a person sees in a terminal: the screen that is left of what was written to it."""

from __future__ import annotations

import os
import pty
import re
import signal
import struct
import subprocess
import termios
from codecs import getincrementaldecoder
from collections.abc import Callable, Sequence
from fcntl import ioctl
from pathlib import Path

CODES = re.compile(r"\x1b\[([\d;?]*)([A-Za-z])")


class Screen:
    """Lines of a terminal that is never full; knows the codes that rich uses."""

    def __init__(self) -> None:
        self.lines: list[str] = [""]
        self.row = self.column = 0
        self.hidden = False
        self._rest = ""

    def write(self, text: str) -> None:
        text, self._rest = self._rest + text, ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                code = CODES.match(text, at)
                if code is None:
                    self._rest = text[at:]
                    return
                self._obey(code[1], code[2])
                at = code.end()
            else:
                self._put(text[at])
                at += 1

    def _obey(self, number: str, letter: str) -> None:
        if letter == "A":
            self.row = max(0, self.row - int(number or 1))
        elif letter == "K":
            start = "" if number == "2" else self.lines[self.row][: self.column]
            self.lines[self.row] = start
        elif letter in "hl" and number == "?25":
            self.hidden = letter == "l"
        elif letter != "m":
            raise AssertionError(f"the code {number}{letter} is not known here")

    def _put(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        else:
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
            self.column += 1

    @property
    def text(self) -> str:
        """Without what is blank at the ends of lines, and of the screen."""
        return "\n".join(line.rstrip() for line in self.lines).rstrip("\n")


def on_pty(
    command: Sequence[str],
    *,
    cwd: Path,
    columns: int = 80,
    when: Callable[[Screen, subprocess.Popen[bytes]], bool] = lambda *_: True,
    env: dict[str, str] | None = None,
) -> tuple[int, Screen]:
    """Run a command whose three streams are one terminal; returns its exit code and the screen.

    Args:
        command: What to run.
        cwd: Where.
        columns: Width of the terminal.
        when: Asked after everything that was written, until it says that it has done its part.
        env: More of the environment.
    """
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    given = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        command,
        cwd=cwd,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**given, "TERM": "xterm-256color", **(env or {})},
        start_new_session=True,
        # Where tests run in the background the shell has Ctrl-C ignored, and children inherit it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    os.close(theirs)
    screen, done, decoder = Screen(), False, getincrementaldecoder("utf-8")()
    try:
        while written := _read(ours):
            screen.write(decoder.decode(written))
            done = done or when(screen, process)
        return process.wait(timeout=60), screen
    finally:
        os.close(ours)
        process.kill()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other end is closed
        return b""


MINUTE = re.compile(r"^\d+ %, .+ of [\d,]+\n", re.MULTILINE)


def without_minutes(text: str) -> str:
    """What was said beside the line a minute, which only a busy machine is slow enough to see."""
    return MINUTE.sub("", text)
