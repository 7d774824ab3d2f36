"""LaTeX that compiles, whatever the networks are called."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from spaces_by_hand import with_spaces

from samefeatures.report import figure
from samefeatures.report.beyond import heats
from samefeatures.report.grid import Grid, grids
from samefeatures.report.latex import PREAMBLE, escape, heat, table
from samefeatures.study.results import StudyResults

PACKAGES = "".join(f"{line}\n" for line in re.findall(r"\\usepackage.*", PREAMBLE))


ONE = r"\documentclass{article}"
TWO = r"\documentclass[twocolumn]{article}\usepackage[margin=.75in,columnsep=.3in]{geometry}"


def compile_tex(folder: Path, texts: list[str], document: str = ONE) -> str:
    """The log of pdflatex over these tables."""
    program = shutil.which("pdflatex")
    if program is None:
        pytest.skip("pdflatex is not installed")
    for package in ("booktabs.sty", "colortbl.sty", "xcolor.sty", "geometry.sty"):
        if subprocess.run(["kpsewhich", package], check=False, capture_output=True).returncode:
            pytest.skip(f"the LaTeX package {package} is not installed")
    body = []
    for i, text in enumerate(texts):
        (folder / f"table_{i}.tex").write_text(text)
        body.append(rf"\input{{table_{i}}}")
    source = "\n".join([document, PACKAGES, r"\begin{document}", *body, r"\end{document}", ""])
    (folder / "main.tex").write_text(source)
    done = subprocess.run(
        [program, "-interaction=nonstopmode", "-halt-on-error", "main.tex"],
        cwd=folder,
        check=False,
        capture_output=True,
    )
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-3000:]
    return log


def words(folder: Path) -> list[tuple[str, float, float]]:
    """Every word of the PDF, with its width on paper and its height in points."""
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("pdftotext is not installed")
    subprocess.run([reader, "-bbox", "main.pdf"], cwd=folder, check=True)
    pattern = r'<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)</word>'
    found = re.findall(pattern, (folder / "main.html").read_text())
    return [(text, float(c) - float(a), float(d) - float(b)) for a, b, c, d, text in found]


def test_tables_compile_and_fit_the_line(
    good: StudyResults,
    nasty: StudyResults,
    unsure: StudyResults,
    make: Callable[..., StudyResults],
    tmp_path: Path,
) -> None:
    wide = make({"wide": [[70.0 + (i != j) for j in range(20)] for i in range(20)]})
    two = make({"two": [[70.0, 60.0], [50.0, 80.0]]})
    tables = [*grids(good), *grids(wide), *grids(two), *grids(unsure)]
    log = compile_tex(tmp_path, [*(table(grid) for grid in tables)])
    assert "Overfull" not in log
    assert "multiply" not in log
    other = tmp_path / "other"
    other.mkdir()
    assert "Overfull" not in compile_tex(other, [table(grid) for grid in grids(nasty)])


def test_the_thesis_compiles_and_reads_back(published: StudyResults, tmp_path: Path) -> None:
    compile_tex(tmp_path, [table(grids(published)[0])])
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("pdftotext is not installed")
    subprocess.run([reader, "-layout", "main.pdf"], cwd=tmp_path, check=True)
    text = (tmp_path / "main.txt").read_text()
    for cell in published.cells:
        assert f"{cell.top1:.2f}" in text


def of_many(make: Callable[..., StudyResults], count: int) -> Grid:
    names = [f"network_{i}" for i in range(count)]
    table = [[80.0 if i == j else 70.54 for j in range(count)] for i in range(count)]
    (grid,) = grids(make({"ols": table}, names))
    return grid


@pytest.mark.parametrize(
    ("count", "shown", "over"),
    [(2, "70.54", "table"), (10, "70.54", "table*"), (16, "70.5", "table*"), (40, "71", "table*")],
)
@pytest.mark.parametrize("document", [ONE, r"\documentclass[twocolumn]{article}"])
def test_letters_can_be_read_in_one_column_and_in_two(
    make: Callable[..., StudyResults],
    tmp_path: Path,
    document: str,
    count: int,
    shown: str,
    over: str,
) -> None:
    text = table(of_many(make, count))
    told = text.replace(r"\endgroup", r"\typeout{Over: \samefeaturesfloat.}\endgroup")
    log = compile_tex(tmp_path, [told], document)
    assert "Overfull" not in log
    if document == TWO:
        assert f"Over: {over}." in log
    cells = [wide for word, wide, _ in words(tmp_path) if word == shown]
    assert len(cells) == count * (count - 1)
    # A digit of Computer Modern is half as wide as it is large, at 5 points two thirds.
    digit = min(cells) / (len(shown.replace(".", "")) + 0.55 * ("." in shown))
    assert digit / (0.68 if count == 40 else 0.54) > 4


def test_the_figure_stands_in_where_there_is_no_room(
    make: Callable[..., StudyResults], tmp_path: Path
) -> None:
    grid = of_many(make, 41)
    figure.draw(grid, tmp_path, f"table_{grid.slug}")
    text = table(grid)
    assert r"\begin{tabular}" not in text
    assert "70" not in text.replace(r"\rotatebox{90}", "")
    for document in (ONE, TWO):
        assert "Overfull" not in compile_tex(tmp_path, [text], document)


def test_the_caption_says_n_method_and_marks(
    unsure: StudyResults, make: Callable[..., StudyResults]
) -> None:
    (text,) = re.findall(r"\\caption\[\{(.*)\}\]\{(.*)\}", table(grids(unsure)[0]))
    assert text[0] == "Hybrids by ols"
    assert text[1].startswith(
        "Hybrids by ols, n = 10,000 held-out images, maps fitted on 2,000 rows: features of"
    )
    assert "superscript{t} at the accuracy: the hybrid does not differ" in text[1]
    (text,) = re.findall(r"\\caption\[\{(.*)\}\]\{(.*)\}", table(of_many(make, 26)))
    assert "Cells: top-1 accuracy in whole percents." in text[1]
    assert "In italics: the hybrid does not differ significantly" in text[1]
    assert "superscript" not in text[1]
    naive = grids(make({"naive": [[80.0, 1.0], [1.0, 80.0]]}))[0]
    assert "maps fitted" not in table(naive)


def test_italics_are_for_what_is_not_unlike_the_target(make: Callable[..., StudyResults]) -> None:
    count = 16
    found = make({"ols": [[80.0] * count] * count})
    cells = [replace(c, p_vs_target=1.0) if c.source == "net_b" else c for c in found.cells]
    text = table(grids(replace(found, cells=tuple(cells)))[0])
    rows = {line.split(" & ")[0]: line for line in text.splitlines() if line.startswith("net")}
    assert rows[r"net\_b"].count(r"\textit{80.0}") == count - 1
    assert r"\textit" not in rows[r"net\_a"]


def test_darker_is_worse_and_text_turns_white(make: Callable[..., StudyResults]) -> None:
    text = table(grids(make({"ols": [[80.0, 79.0], [1.0, 80.0]]}))[0])
    assert text.count(r"\cellcolor") == 2
    assert re.search(r"\\cellcolor\[HTML\]\{[0-9A-F]{6}\}\\hybrid\{79\.00\}\{\$-\$1\.25\}", text)
    assert re.search(r"\\color\{white\}\\hybrid\{1\.00\}", text)


def test_marks_are_superscripts(unsure: StudyResults) -> None:
    text = table(grids(unsure)[0])
    assert r"\hybrid{79.80\textsuperscript{t}}{$-$0.25}" in text
    assert r"\hybrid{79.60}{$-$0.50\textsuperscript{s}}" in text
    assert r"\textsuperscript{t} at the accuracy: the hybrid does not" in text


def test_gains_and_the_diagonal_are_not_shaded(make: Callable[..., StudyResults]) -> None:
    text = table(grids(make({"ols": [[80.0, 85.0], [75.0, 70.0]]}))[0])
    assert r"\cellcolor" not in text
    assert r"\fbox{\textbf{80.00}}" in text
    assert "{+6.25}" in text


def test_it_says_which_packages_it_needs() -> None:
    assert PACKAGES.split() == [
        r"\usepackage{booktabs}",
        r"\usepackage{graphicx}",
        r"\usepackage[table]{xcolor}",
    ]


def test_escape() -> None:
    assert escape(r"a_b&50%#{\}") == r"a\_b\&50\%\#\{\textbackslash{}\}"


def test_heat_maps_compile_with_intervals_and_nulls(spaced: StudyResults, tmp_path: Path) -> None:
    found = [heat(each) for each in heats(spaced)]
    assert "Overfull" not in compile_tex(tmp_path, found)
    text = found[0]
    assert text.count(r"\fbox{\textbf{1.00}}") == 3
    row = r"net\_a & \fbox{\textbf{1.00}} & \cellcolor[HTML]{"
    assert row in text
    assert re.search(r"\\hybrid\{0\.59\}\{0\.57--0\.61\}", text)
    assert "Noise that knows the answers alone: median $-$0.01" in text
    assert r"\label{tab:samefeatures-r2-beyond-answers}" in text


@pytest.mark.parametrize("document", [ONE, r"\documentclass[twocolumn]{article}"])
def test_a_tall_table_stays_on_its_page(
    make: Callable[..., StudyResults], tmp_path: Path, document: str
) -> None:
    names = [f"network_{i}" for i in range(11)]
    names.append("vit_large_patch14_clip_224_laion2b_ft_in12k_in1k_of_my_own_60")
    results = with_spaces(make({"ols": [[80.0] * 12] * 12}, names))
    log = compile_tex(tmp_path, [table(grids(results)[0])], document)
    assert "too large for page" not in log
