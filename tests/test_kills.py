"""What a kill may end in, and the table of kills; the kills themselves are a benchmark."""

from __future__ import annotations

import signal

import pytest
from benchmarks import pages
from benchmarks.kills import SIGNALS, STOPPED, how_it_ended


@pytest.mark.parametrize(("which", "code"), SIGNALS.items())
def test_an_end_with_its_code_and_one_line_is_right(which: signal.Signals, code: int) -> None:
    said = "" if which == signal.SIGKILL else f"a warning\n{STOPPED}\n"
    assert how_it_ended(code, said, which) == ""


@pytest.mark.parametrize(
    ("code", "said", "which"),
    [
        (143, STOPPED, signal.SIGINT),
        (1, "Error: the file is damaged", signal.SIGTERM),
        (143, "", signal.SIGTERM),
        (130, f"Traceback (most recent call last):\n{STOPPED}", signal.SIGINT),
        (0, "", signal.SIGKILL),
        (None, "", signal.SIGKILL),
    ],
)
def test_any_other_end_is_wrong(code: int | None, said: str, which: signal.Signals) -> None:
    assert how_it_ended(code, said, which)


def test_the_table_counts_every_kill() -> None:
    record = pages.kept("kills")
    found = [each["outcome"] for each in record["kills"]]
    whole = pages.kills(record).splitlines()[-1].split("|")
    counts = [int(cell) if cell.strip() else 0 for cell in whole[4:8]]
    assert counts[0] == len(found) == sum(counts[1:])
    assert counts[3] == 0, "what was wrong has been mended, and is run again"
