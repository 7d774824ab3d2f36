"""The sentences claim what the numbers show, and no more."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import pytest

from samefeatures.report.sentences import sentences
from samefeatures.report.sentences_shared import ONLY_ACCURACY
from samefeatures.study.results import FitSummary, StudyResults

Make = Callable[..., StudyResults]
CLAIM = "keeps nearly all"


def three(off: float, own: float = 90.0) -> list[list[float]]:
    return [[own if i == j else off for j in range(3)] for i in range(3)]


def deficient(method: str, rank: int) -> list[FitSummary]:
    names = ("net_a", "net_b", "net_c")
    return [
        FitSummary(method=method, source=a, target=b, rank=rank, full_rank=10)
        for a in names
        for b in names
        if a != b
    ]


def test_good_results(good: StudyResults) -> None:
    maps, beyond, naive, logit = sentences(good)
    assert beyond == ONLY_ACCURACY
    assert "6 OLS maps" in maps
    assert "median of −1.10 %" in maps
    assert "(−2.22 % to −0.54 %)" in maps
    assert CLAIM in maps
    assert "10.25 % right (best 12.00 %; chance is 10.00 %)" in naive
    assert "not interchangeable as they are" in naive
    assert "the 2 columns with a lossless head (exactly), as algebra demands" in logit
    assert "nothing about the features" in logit
    assert "net_c can't pass all logits through and changes it by −5.00 points" in logit


@pytest.mark.parametrize(
    ("off", "claims", "text"),
    [
        (89.0, True, CLAIM),
        (80.0, False, "much of what the heads need, but not all"),
        (30.0, False, "does not show that the networks extract the same information"),
    ],
)
def test_the_claim_depends_on_the_numbers(make: Make, off: float, claims: bool, text: str) -> None:
    first = sentences(make({"ols": three(off)}, classes=10))[0]
    assert text in first
    assert (CLAIM in first) is claims


def test_one_bad_pair_withdraws_the_claim(make: Make) -> None:
    table = three(89.5)
    table[0][1] = 40.0
    assert CLAIM not in sentences(make({"ols": table}))[0]


@pytest.mark.parametrize(
    ("usual", "worst", "text"),
    [
        (97.5, 90.0, CLAIM),  # both limits are met, and count
        (97.0, 90.0, "keeps much"),
        (97.5, 89.5, "keeps much"),
        (90.0, 90.0, "keeps much"),
        (89.5, 89.5, "much is lost on the way"),
    ],
)
def test_limits_of_the_claim(make: Make, usual: float, worst: float, text: str) -> None:
    """5 and 20 % of what is above chance: of 50 points, where two classes are to be told."""
    table = three(usual, own=100.0)
    table[0][1] = worst
    assert text in sentences(make({"ols": table}, classes=2))[0]


@pytest.mark.parametrize(
    ("classes", "own", "near"),
    [(10, 15.0, True), (10, 16.0, False), (100, 3.0, True), (100, 4.0, False)],
)
def test_what_is_near_chance(make: Make, classes: int, own: float, near: bool) -> None:
    """Five points above it, and where classes are many three times as much."""
    tables = {"ols": three(own, own=own), "naive": three(own, own=own)}
    maps, _, naive, _ = sentences(make(tables, classes=classes))
    assert ("shows nothing about their features" in maps) is near
    assert ("but the networks themselves are hardly above chance." in naive) is near
    if near:
        share = f"reach only {own:.2f} % where chance is {100 / classes:.2f} %"
        assert share in maps


def test_chance_is_that_of_the_fewest_classes(make: Make) -> None:
    results = make({"ols": three(50.0, own=51.0)}, classes=1000)
    few = dataclasses.replace(results.networks[1], classes=2)
    mixed = dataclasses.replace(results, networks=(results.networks[0], few, results.networks[2]))
    assert "reach only 51.00 % where chance is 50.00 %" in sentences(mixed)[0]


def test_one_map_is_told_without_a_median(make: Make) -> None:
    (first, *_) = sentences(make({"ols": [[90.0, 60.0], [None, 80.0]]}))
    opening = "The one OLS map changes top-1 accuracy by −33.33 % relative to the source network's"
    assert first.startswith(opening)


def test_networks_at_chance_show_nothing(make: Make) -> None:
    first = sentences(make({"ols": three(10.0, own=10.2)}, classes=10))[0]
    assert CLAIM not in first
    assert "shows nothing about their features" in first


def test_too_few_rows_are_named_as_a_possible_reason_and_dead_features_are_not(make: Make) -> None:
    few = make({"ols": three(40.0)}, fits=deficient("ols", 5))
    few = dataclasses.replace(few, fit_data=dataclasses.replace(few.fit_data, rows=10))
    says = "too few fit images may be the reason: 3 of 3 sources have no fewer features than the 10"
    assert says in sentences(few)[0]
    enough = dataclasses.replace(few, fit_data=dataclasses.replace(few.fit_data, rows=11))
    assert "reason" not in sentences(enough)[0]
    whole = dataclasses.replace(few, fits=tuple(deficient("ols", 10)))
    assert "reason" not in sentences(whole)[0]


@pytest.mark.parametrize(
    ("off", "text"),
    [
        (11.0, "are not interchangeable as they are"),
        (30.0, "above chance, yet the features are not interchangeable"),
        (80.0, "partly interchangeable even as they are"),
    ],
)
def test_the_control_may_fail_to_fail(make: Make, off: float, text: str) -> None:
    results = make({"ols": three(89.0), "naive": three(off)}, classes=10)
    assert text in sentences(results)[2]


def test_what_the_control_says_in_numbers(make: Make) -> None:
    """Half of what is above chance lost is the limit, and counts as not interchangeable."""
    table = three(57.5)
    table[0][1] = 59.0
    second = sentences(make({"ols": three(89.0), "naive": table}, classes=4))[2]
    numbers = "the median hybrid gets 57.50 % right (best 59.00 %; chance is 25.00 %)"
    assert f"{numbers}: above chance, yet the features are not interchangeable" in second
    partly = sentences(make({"ols": three(89.0), "naive": three(58.0)}, classes=4))[2]
    assert "partly interchangeable even as they are" in partly


def test_gains_are_counted_and_the_largest_is_named(make: Make) -> None:
    table = three(89.0)
    table[2][0] = 91.5
    second = sentences(make({"ols": table}))[2]
    assert second == (
        "1 of the 6 hybrids beats the target's own network, whose unchanged head they use; the "
        "largest gain is 1.50 points (net_c into net_a)."
    )
    table[0][1] = 90.5
    assert sentences(make({"ols": table}))[2].startswith("2 of the 6 hybrids beat the")


def test_without_the_control_gains_are_counted(published: StudyResults) -> None:
    second = sentences(published)[2]
    assert second.startswith("38 of the 90 hybrids beat the target's own network")
    assert "10.10 points (pnasnet_large into inception_v1)" in second


def test_no_gain_is_said(make: Make) -> None:
    assert sentences(make({"ols": three(80.0)}))[2].startswith("None of the 6 hybrids beats")
    one = sentences(make({"ols": [[90.0, 60.0], [None, 80.0]]}))[2]
    assert one == "The one hybrid does not beat the target's own network, whose head it uses."


def test_networks_without_a_right_answer_have_no_change_to_tell(make: Make) -> None:
    first = sentences(make({"ols": three(0.0, own=0.0)}, classes=10))[0]
    assert first.startswith("No OLS map joins two networks that are above chance")
    assert "–" not in first


def test_logit_that_breaks_the_algebra_is_called_out(make: Make) -> None:
    tables = {"ols": three(89.0), "logit": three(88.0)}
    third = sentences(make(tables, fits=deficient("logit", 10)))[3]
    assert "miss it by up to 2.00 points" in third
    assert "as algebra demands" not in third


def test_logit_within_rounding(make: Make) -> None:
    tables = {"ols": three(89.0), "logit": three(90.01)}
    third = sentences(make(tables, fits=deficient("logit", 10)))[3]
    assert "every column (to within 0.010 points), as algebra demands" in third


def test_the_limit_of_rounding_and_heads_of_which_many_are_too_narrow(make: Make) -> None:
    names = "abcdef"
    narrow = [
        FitSummary(method="logit", source=a, target=b, rank=9 if b in "bcdef" else 10, full_rank=10)
        for a in names
        for b in names
        if a != b
    ]
    off = [[90.0 if i == j else 89.0 if i else 85.0 for j in range(6)] for i in range(6)]
    logit = [
        [90.0 if i == j else 90.04 if j == 0 else 88.0 + i for j in range(6)] for i in range(6)
    ]
    results = make({"ols": off, "logit": logit}, list(names), fits=narrow)
    third = sentences(results)[3]
    assert "with a lossless head (to within 0.040 points), as algebra demands" in third
    assert third.endswith(
        "; b, c, d and 2 more can't pass all logits through and change it by −2.00 to +3.00 points."
    )
    fewer = [dataclasses.replace(f, rank=10) if f.target == "f" else f for f in narrow]
    for row in logit:
        row[5] = 90.0
    four = make({"ols": off, "logit": logit}, list(names), fits=fewer)
    assert "; b, c, d and e can't pass all" in sentences(four)[3]
    logit[1][0] = 90.06
    beyond = make({"ols": off, "logit": logit}, list(names), fits=fewer)
    assert "they miss it by up to 0.06 points" in sentences(beyond)[3]


def test_logit_without_a_lossless_head_claims_nothing(make: Make) -> None:
    tables = {"ols": three(89.0), "logit": three(85.0)}
    third = sentences(make(tables, fits=deficient("logit", 8)))[3]
    assert third.startswith("None of the heads")
    assert "by −5.00 points" in third


def test_logit_of_unknown_rank_claims_nothing(make: Make) -> None:
    third = sentences(make({"ols": three(89.0), "logit": three(90.0)}))[3]
    assert "not recorded" in third


def test_without_logit_the_spread_of_r2_is_told(published: StudyResults) -> None:
    assert sentences(published)[3].startswith("R² of mapped against true features runs from")


def test_the_spread_of_r2_is_that_of_the_hybrids(make: Make) -> None:
    results = make({"ols": [[90.0, 60.0, 72.0], [81.0, 90.0, 66.0], [78.0, 84.0, 90.0]]})
    # By hand: the fixture's R² is top-1 / 120, of the hybrids alone.
    third = sentences(results)[3]
    assert third.startswith("R² of mapped against true features runs from 0.50 to 0.70")
    assert "(median 0.62)" in third
    one = dataclasses.replace(results, cells=results.cells[1:2])
    assert sentences(one)[3] == (
        "R² of mapped against true features is 0.50: the maps miss 50 % of the features' variance, "
        "and the heads need some of that."
    )
    none = tuple(dataclasses.replace(c, measures={"r2": float("nan")}) for c in results.cells)
    assert sentences(dataclasses.replace(results, cells=none))[3].endswith("was not computed.")


@pytest.mark.parametrize(
    ("r2", "off", "text"),
    [
        (1.0, 89.0, "the maps reproduce the features nearly whole."),
        (0.99, 50.0, "the maps reproduce the features nearly whole."),
        (0.98, 86.0, "miss 2 % of the features' variance, and the heads need little of that."),
        (0.61, 55.0, "miss 39 % of the features' variance, and the heads need some of that."),
        (0.1, 55.0, "miss 90 % of the features' variance, and the heads need some of that."),
        (0.0, 10.0, "miss all of the features' variance, and the heads need some of that."),
        (-0.4, 10.0, "miss all of the features' variance, and the heads need some of that."),
    ],
)
def test_what_is_said_of_r2_follows_from_it(make: Make, r2: float, off: float, text: str) -> None:
    results = make({"ols": three(off)}, classes=10)
    cells = tuple(dataclasses.replace(c, measures={"r2": r2}) for c in results.cells)
    last = sentences(dataclasses.replace(results, cells=cells))[3]
    assert last.endswith(text)
    assert "in part" not in last
    assert "can classify well" not in last


def test_one_lossless_head_is_one_column(make: Make) -> None:
    fits = [dataclasses.replace(f, rank=8) for f in deficient("logit", 10) if f.target != "net_a"]
    fits += [f for f in deficient("logit", 10) if f.target == "net_a"]
    logit = [[90.0, 85.0, 85.0], [90.0, 90.0, 85.0], [90.0, 85.0, 90.0]]
    text = sentences(make({"ols": three(89.0), "logit": logit}, fits=fits))[3]
    assert "own accuracy in the one column with a lossless head (exactly)" in text


def test_the_first_fitted_method_stands_in_for_ols(make: Make) -> None:
    results = make({"naive": three(1.0), "ridge": three(89.0)}, options={"ridge": {"alpha": 0.5}})
    assert "6 ridge (alpha 0.5) maps" in sentences(results)[0]


def test_missing_maps_are_told(make: Make) -> None:
    table: list[list[float | None]] = [list(row) for row in three(89.0)]
    table[0][1] = None
    assert "Over the 5 scored of 6 OLS maps" in sentences(make({"ols": table}))[0]


@pytest.mark.parametrize("table", [[[90.0]], [[90.0, None], [None, 80.0]]])
def test_no_hybrid_at_all(make: Make, table: list[list[float | None]]) -> None:
    assert all(text.startswith("No hybrid was scored") for text in sentences(make({"ols": table})))


def test_a_method_without_hybrids_beside_one_that_has_some(make: Make) -> None:
    own = [[90.0, None, None], [None, 90.0, None], [None, None, 90.0]]
    first = sentences(make({"ols": own, "ridge": three(89.0)}))
    assert first[0] == "No OLS hybrid was scored, so nothing can be said of these maps."
    assert first[2] == "No ols hybrid was scored, so none can be compared with its target."
    controls = {"naive": own, "logit": own}
    maps, _, gains, spread = sentences(make({"ols": three(89.0), **controls}))
    assert "6 OLS maps" in maps
    assert gains.startswith("None of the 6 hybrids beats")
    assert spread.startswith("R² of mapped against true features")


def test_no_cells_and_no_methods(make: Make) -> None:
    empty = dataclasses.replace(make({"ols": [[90.0]]}), cells=(), methods=())
    assert all(text.startswith("No hybrid was scored") for text in sentences(empty))


def test_labels_of_a_users_own_do_not_hide_what_a_method_is(good: StudyResults) -> None:
    renamed = {"ols": "plain", "naive": "control", "logit": "through logits"}
    cells = tuple(
        dataclasses.replace(c, method=renamed.get(c.method, c.method)) for c in good.cells
    )
    fits = tuple(dataclasses.replace(f, method=renamed.get(f.method, f.method)) for f in good.fits)
    methods = tuple(
        dataclasses.replace(m, name=renamed.get(m.name, m.name), kind=m.name) for m in good.methods
    )
    same = dataclasses.replace(good, cells=cells, fits=fits, methods=methods)
    assert sentences(same) == sentences(good)


def test_one_network_is_alone(good: StudyResults) -> None:
    network = dataclasses.replace(good.networks[0], top1=90.0)
    (text,) = sentences(dataclasses.replace(good, networks=(network,)))
    assert (
        "is alone, and a map needs two networks. With its own head it is right on 90.00 %" in text
    )
    headless = dataclasses.replace(network, top1=math.nan)
    (text,) = sentences(dataclasses.replace(good, networks=(headless,)))
    assert text.endswith("is alone, and a map needs two networks.")
