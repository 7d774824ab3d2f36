"""What is printed fits, says everything, and obeys no markup from outside."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console
from spaces_by_hand import with_spaces

from samefeatures.report.terminal import print_facts, print_tables
from samefeatures.study.results import StudyResults

Make = Callable[..., StudyResults]


def printed(results: StudyResults, *, width: int = 100, colours: str | None = None) -> str:
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=colours is not None,
        color_system=colours,  # type: ignore[arg-type]
        legacy_windows=False,
        _environ={},
    )
    print_tables(results, console)
    return file.getvalue()


def test_heads_of_lists_are_not_broken_within_a_word(spaced: StudyResults) -> None:
    text = printed(spaced, width=80)
    heads = text[text.index("Whom the hybrids follow") :]
    for word in ("consistency", " disagree,", " repeated,", " anyway,"):
        assert word in heads
    assert max(cell_len(line) for line in text.splitlines()) <= 80


def test_ten_networks_fit_into_100_columns_in_one_block(published: StudyResults) -> None:
    text = printed(published)
    assert max(cell_len(line) for line in text.splitlines()) <= 100
    row = next(line for line in text.splitlines() if "inception_v4" in line)
    cells = "7 inception_v4 78.29 78.49 79.84 79.75 79.57 79.79 [80.39] 79.68 79.64 79.61"
    assert " ".join(row.split()) == cells
    assert "over the 90 maps" in text
    assert "38 of 90 hybrids beat" in text


def test_change_stands_under_its_accuracy(published: StudyResults) -> None:
    lines = printed(published).splitlines()
    at = next(i for i, line in enumerate(lines) if "inception_v1 " in line)
    end = lines[at].index("62.82") + len("62.82")
    assert lines[at + 1][:end].endswith("−11.60")


def test_marks_take_no_room(unsure: StudyResults) -> None:
    lines = printed(unsure).splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("1 net_a"))
    assert lines[at].split() == ["1", "net_a", "[80.00]", "79.80ᵗ"]
    assert lines[at + 3].split() == ["−0.50ˢ", "0.00"]
    assert len({cell_len(line) for line in lines[at : at + 4]}) == 1
    text = " ".join(printed(unsure).split())
    assert "ᵗ at the accuracy: the hybrid does not differ significantly from the target's" in text
    assert "these 10000 images could have shown is 7 images (0.07 points)" in text


def test_no_escape_sequences_without_colours(good: StudyResults) -> None:
    assert "\x1b" not in printed(good)


@pytest.mark.parametrize("colours", ["truecolor", "256"])
def test_a_greater_penalty_is_shaded_darker(make: Make, colours: str) -> None:
    results = make({"ols": [[80.0, 79.0, 20.0], [85.0, 80.0, 79.0], [79.0, 79.0, 80.0]]})
    text = printed(results, colours=colours)
    assert re.search(r"\x1b\[[\d;]*48;", text)
    if colours == "truecolor":
        found = re.search(r"48;2;(\d+);\d+;\d+m +79\.00.*?48;2;(\d+);\d+;\d+m +20\.00", text)
        assert found is not None
        assert int(found[1]) > int(found[2])


def test_sixteen_colours_are_too_few_to_shade(good: StudyResults) -> None:
    assert "48;" not in printed(good, colours="standard")


def test_a_wide_table_is_cut_into_blocks_and_loses_no_cell(published: StudyResults) -> None:
    text = printed(published, width=60)
    assert max(cell_len(line) for line in text.splitlines()) <= 60
    for cell in published.cells:
        assert f"{cell.top1:.2f}" in text
    assert text.count(" 7 inception_v4") > 1


def test_long_names_are_cut_and_listed(make: Make) -> None:
    names = ["network_with_a_very_long_name_a", "b", "网络网络网络网络网络网络网络"]
    text = printed(make({"ols": [[80.0, 70.0, 60.0]] * 3}, names))
    assert "1 = network_with_a_very_long_name_a" in text
    assert "3 = 网络" in text
    rows = [line for line in text.splitlines() if "[" in line and "60.00" in line]
    assert len({cell_len(line) for line in rows}) == 1


def test_markup_and_escapes_in_names_are_printed_as_they_are(
    nasty: StudyResults, make: Make
) -> None:
    text = printed(nasty)
    assert "[red]not markup[/red]" in text
    assert "[bold]co_" in text
    tagged = printed(make({"ols": [[70.0, 85.0], [65.0, 80.0]]}, ["[red]a[/red]", "b"]))
    assert "([red]a[/red] into b)" in " ".join(tagged.split())
    assert "\x1b" not in printed(make({"ols": [[1.0, 2.0]] * 2}, ["a\x1b[31m", "b"]))


def test_warnings_stand_before_the_tables_and_sentences_after(good: StudyResults) -> None:
    text = printed(good)
    assert text.index("Warning: net_b: 80") < text.index("top-1 %") < text.index("To take away")


def test_missing_cells_are_dashes(good: StudyResults) -> None:
    ridge = printed(good).split("ridge (alpha 0.01)")[1].split("logit")[0]
    row = next(line for line in ridge.splitlines() if "net_a" in line)
    assert row.split() == ["1", "net_a", "[90.00]", "89.20", "–"]


def test_facts_are_printed_as_they_are() -> None:
    file = io.StringIO()
    facts = [{"name": "a[b]", "source": "onnx:x", "top-1": "79 %"}, {"name": "c", "split": "[red]"}]
    facts.append({"name": "d\x1b[2J", "left out": "x\x1b[31m\n.png"})
    print_facts(facts, Console(file=file, width=60))
    shown = [line.rstrip() for line in file.getvalue().splitlines()]
    assert shown == [
        *("a[b]", "  source    onnx:x", "  top-1     79 %"),
        *("c", "  split    [red]"),
        *(r"d\x1b[2J", r"  left out    x\x1b[31m\n.png"),
    ]


def test_what_was_listed_stands_in_one_line(good: StudyResults) -> None:
    data = replace(good.eval_data, taken=4000, passed_over={".txt": 12, "hidden": 3})
    lines = printed(replace(good, eval_data=data)).splitlines()
    assert "Eval: took 4,000 images; passed over 12 .txt, 3 hidden" in lines
    assert "took" not in printed(good)


def many(make: Make, count: int) -> StudyResults:
    names = [f"efficientnet_lite{k}_of_a_very_long_name_imagenet_1k" for k in range(count)]
    table = [
        [80.0 if i == j else 79.0 + (i + j) % 9 / 10 for j in range(count)] for i in range(count)
    ]
    return with_spaces(make({"ols": table, "ridge": table}, names, classes=10, n=10_000))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("count", [2, 10, 16, 40])
def test_any_number_of_networks_fits_the_width(make: Make, count: int, width: int) -> None:
    text = printed(many(make, count), width=width)
    assert max(cell_len(line) for line in text.splitlines()) <= width


def test_many_networks_have_a_line_each_in_one_table(make: Make) -> None:
    results = many(make, 40)
    text = printed(results, width=80)
    rows = [line for line in text.splitlines() if re.match(r" ?\d+ effic", line)]
    blocks = text.count("Target (classifier), by the numbers of the rows")
    assert len(rows) == 40 * blocks
    assert len({line.split()[1] for line in rows}) == 40, "names differ"
    found = [cell for line in rows for cell in line.split()[2:]]
    assert len(found) == 1600
    assert found.count("[80.0]") == 40
    assert "ridge\nMedian change" in text
    assert "top-1 of one method is printed here" in text
    assert "40 rows: see report/tables.md." in text
    assert "ᵗ" not in text
    assert len(text.splitlines()) < 350
    few = printed(many(make, 15), width=80)
    assert "printed here" not in few
    assert "ᵗ" in few


@pytest.mark.parametrize("width", [80, 120])
def test_facts_of_many_networks_have_a_line_each(width: int) -> None:
    facts = [
        {"name": f"efficientnet_b{k}_of_a_very_long_name_imagenet_1k", "features": "1,280",
         "classes": "1,000", "split": "fc", "own top-1": "79.00 % (79 of 100)"}
        for k in range(40)
    ]  # fmt: skip
    facts[3]["warning"] = "Labels look permuted"
    file = io.StringIO()
    print_facts(facts, Console(file=file, width=width))
    lines = file.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= width
    assert len({line.split()[0] for line in lines[1:41]}) == 40
    assert all(line.endswith("1,280    1,000  79.00 % (79 of 100)  ") for line in lines[1:41])
    said = " ".join(lines[41:])
    assert "efficientnet_b3_of_a_very_long_name_imagenet_1k: warning: Labels look permuted" in said
    file = io.StringIO()
    print_facts(facts, Console(file=file, width=width), whole=True)
    assert len(file.getvalue().splitlines()) == 40 * 5 + 1
