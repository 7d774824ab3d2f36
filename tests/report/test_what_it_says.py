"""Sentences of worlds whose answer is known: what is shared, and what only looks shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spaces_by_hand import with_spaces

from npz_worlds import write_npz
from samefeatures.report.follows import follow_lines
from samefeatures.report.sentences import sentences
from samefeatures.report.sentences_shared import ONLY_ACCURACY, answers_suffice, of_following
from samefeatures.report.write import write_report
from samefeatures.study.config import parse_config
from samefeatures.study.results import StudyResults
from samefeatures.study.results.spaces import SpaceFindings
from samefeatures.study.study import Study

Make = Callable[..., StudyResults]
EQUAL = [[90.0 if i == j else 89.5 for j in range(3)] for i in range(3)]


def test_answers_that_do_as_well_are_named_beside_the_maps(make: Make) -> None:
    first, second, *_ = sentences(with_spaces(make({"ols": EQUAL}, classes=10)))
    assert first.endswith(
        "an affine map keeps nearly all that the heads need. But the source's answers alone, "
        "without its features, change it by 0.00 %: accuracy does not tell shared features from "
        "shared answers."
    )
    assert second == (
        "Of what the source's answers leave unexplained in the target's features, the source's "
        "features explain a median of 59 % (59 % to 60 %; 6 of 6 intervals lie above 0); of what "
        "the source's answers and the pixels leave, 44 %. In their place noise that knows the "
        "answers alone explains nothing (−1 %). So these networks share most of what their "
        "features hold beyond their answers."
    )


@pytest.mark.parametrize(("lost", "tells"), [(1.5, False), (1.6, True), (40.0, True)])
def test_answers_that_fall_short(make: Make, lost: float, tells: bool) -> None:
    """Features lose 0.56 %: answers do as well while they lose at most a point more."""
    first = sentences(with_spaces(make({"ols": EQUAL}, classes=10), lost=lost))[0]
    assert ("accuracy does not tell shared features" in first) is not tells
    assert (f"change it by −{lost:.2f} %: this accuracy takes more" in first) is tells


def test_noise_that_knows_the_answers_speaks_where_it_does_better(make: Make) -> None:
    results = with_spaces(make({"ols": EQUAL}, classes=10), lost=30.0)
    assert results.controls is not None
    spaces = results.controls.spaces
    rows = [replace(r, top1=90.0) if r.kind == "class noise" else r for r in spaces.rows]
    controls = replace(results.controls, spaces=replace(spaces, rows=tuple(rows)))
    first = sentences(replace(results, controls=controls))[0]
    assert (
        "But noise that knows the source's answers, and nothing else, changes it by 0.00" in first
    )


@pytest.mark.parametrize(
    ("beyond", "null", "r2", "text"),
    [
        (0.60, -0.01, 0.7, "share most of what their features hold beyond their answers."),
        (0.30, -0.01, 0.7, "share a part of what their features hold beyond their answers."),
        (0.60, 0.20, 0.7, "share a part of what their features hold beyond their answers."),
        (0.30, 0.28, 0.7, "share hardly more than their answers."),
        (0.01, -0.01, 0.7, "share hardly more than their answers."),
        (0.01, -0.01, 0.0, "an affine map finds hardly anything that these networks share."),
    ],
)
def test_what_is_shared_beyond_answers(
    make: Make, beyond: float, null: float, r2: float, text: str
) -> None:
    results = with_spaces(make({"ols": EQUAL}, classes=10), beyond=beyond, null=null, r2=r2)
    assert sentences(results)[1].endswith(f"{text}")


def test_intervals_that_hold_zero_show_nothing(make: Make) -> None:
    results = with_spaces(make({"ols": EQUAL}, classes=10))
    assert results.controls is not None
    spaces = results.controls.spaces
    rows = tuple(replace(row, ci_low=-0.1) for row in spaces.beyond)
    controls = replace(results.controls, spaces=replace(spaces, beyond=rows))
    second = sentences(replace(results, controls=controls))[1]
    assert "0 of 6 intervals lie above 0" in second
    assert "share hardly more than their answers" in second


def test_a_study_without_control_spaces_says_that_accuracy_can_not_tell(
    make: Make, controlled: StudyResults
) -> None:
    for results in (make({"ols": EQUAL}), controlled):
        found = sentences(results)
        assert found[1] == ONLY_ACCURACY
        assert "same information" not in found[0]
        assert "answers" not in found[0]


def test_spaces_without_r2_beyond_them_are_said_to_lack_it(make: Make) -> None:
    results = with_spaces(make({"ols": EQUAL}))
    assert results.controls is not None
    only = SpaceFindings(rows=results.controls.spaces.rows)
    found = sentences(replace(results, controls=replace(results.controls, spaces=only)))
    assert found[1] == "What is shared beyond the answers was not measured."
    assert "change it by 0.00 %" in found[0]


def test_whether_answers_suffice(make: Make) -> None:
    results = make({"ols": EQUAL})
    assert answers_suffice(results) == ""
    enough = answers_suffice(with_spaces(results, labelled_right=10))
    assert enough.startswith("Here answers alone suffice for the heads: for the median pair")
    assert "labels 10 of 10 means" in enough
    few = answers_suffice(with_spaces(results, labelled_right=8))
    assert few.startswith("Here answers alone do not suffice")
    assert few.endswith("an answer was given on 201 fit images (median).")


@pytest.mark.parametrize(
    ("share", "says"),
    [
        (0.75, "on 75 % of the images, what the target says on 20 %, and another class on 5 %"),
        (0.75, "it follows the source."),
        (0.39, "it follows neither of them clearly."),
        (0.10, "it follows the target, whose head it uses."),
    ],
)
def test_whom_the_hybrids_follow(make: Make, share: float, says: str) -> None:
    results = with_spaces(make({"ols": EQUAL}), follows=share)
    (found,) = follow_lines(results)
    assert says in of_following(found)
    assert says in sentences(results)[3]
    assert follow_lines(make({"ols": EQUAL})) == []


CLASSES, DIM, LATENT = 5, 12, 6
ROWS = {"fit": 2000, "eval": 1000}


def networks(folder: Path, *, answers: bool, latent: bool) -> list[str]:
    """Two networks by their features: class means of each, and six directions beyond the class.

    Args:
        folder: For the files.
        answers: Whether both see the same class; else the second sees one of its own.
        latent: Whether the directions beyond the class are the same; else they are noise.
    """
    rng = np.random.default_rng(0)
    classes = {side: rng.integers(0, CLASSES, n) for side, n in ROWS.items()}
    common = {side: rng.standard_normal((n, LATENT)) for side, n in ROWS.items()}
    sources = []
    for name in ("a", "b"):
        means = 1.3 * rng.standard_normal((CLASSES, DIM))
        mix = rng.standard_normal((LATENT, DIM))
        world: dict[str, np.ndarray] = {}
        for side, n in ROWS.items():
            seen = classes[side] if answers or name == "a" else rng.integers(0, CLASSES, n)
            beyond = common[side] if latent else rng.standard_normal((n, LATENT))
            values = means[seen] + beyond @ mix + 0.1 * rng.standard_normal((n, DIM))
            world[f"{side}_features"] = values.astype(np.float32)
            if side == "fit":
                # Linear discriminants, so that directions beyond the class do not disturb them.
                within = np.cov((values - means[seen]).T) + 0.01 * np.eye(DIM)
                world["head_weight"] = means @ np.linalg.inv(within)
                world["head_bias"] = -0.5 * (world["head_weight"] * means).sum(axis=1)
        world["eval_labels"] = classes["eval"]
        sources.append(write_npz(folder, name, world))
    return sources


def studied(folder: Path, *, answers: bool, latent: bool) -> StudyResults:
    sources = networks(folder, answers=answers, latent=latent)
    config = parse_config({"networks": sources, "methods": ["ols"], "controls": True})
    return Study(config, out=folder / "out", base=folder).score()


def test_networks_that_share_answers_alone_are_said_to(tmp_path: Path) -> None:
    results = studied(tmp_path, answers=True, latent=False)
    first, second, *_ = sentences(results)
    assert "keeps nearly all that the heads need" in first
    assert first.endswith("accuracy does not tell shared features from shared answers.")
    assert second.endswith("So these networks share hardly more than their answers.")
    page = next(path for path in write_report(results, tmp_path / "report"))
    assert second.split(".")[0] in page.read_text(encoding="utf-8").replace("&#39;", "'")


def test_networks_that_share_what_lies_beyond_the_class_are_said_to(tmp_path: Path) -> None:
    results = studied(tmp_path, answers=True, latent=True)
    first, second, *_ = sentences(results)
    assert first.endswith("accuracy does not tell shared features from shared answers.")
    assert "2 of 2 intervals lie above 0" in second
    assert second.endswith("share most of what their features hold beyond their answers.")


def test_networks_that_share_nothing_are_said_to(tmp_path: Path) -> None:
    results = studied(tmp_path, answers=False, latent=False)
    first, second, *_ = sentences(results)
    # The second sees classes of its own: by the labels of the first it is at chance.
    assert first.startswith("No OLS map joins two networks that are above chance")
    assert "shared answers" not in first
    assert second.endswith("So an affine map finds hardly anything that these networks share.")


def test_networks_that_share_features_without_answers_are_said_to(tmp_path: Path) -> None:
    second = sentences(studied(tmp_path, answers=False, latent=True))[1]
    assert second.endswith("share most of what their features hold beyond their answers.")
