"""The walk from an output back to its head, on graphs made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from samefeatures.base.errors import SplitError
from samefeatures.networks.walk import NotLinear, Step, find_head, refuse_kernel, split_sum, walk

W = np.arange(6, dtype=np.float32).reshape(3, 2)
B = np.array([1.0, -2.0, 0.5], np.float32)
LINEAR = Step("features", "Gemm 'g'", weight=W, constant=B)
MAP = Step("map", "Conv 'c'", weight=W, is_map=True)


def follow(*behind: Step, head: Step = LINEAR) -> Step:
    """Walk through steps, the last operation first, to a head."""
    steps = iter([*behind, head])
    return walk("output", lambda _: next(steps))


def soft(name: str = "softmax") -> Step:
    return Step("x", f"Softmax '{name}'", after=name)


def added(value: float) -> Step:
    return Step("x", constant=np.full(3, value, np.float32))


def averaged(over: object = (1, 2)) -> Step:
    return Step("x", "Mean 'm'", over=over)


def test_a_head_alone() -> None:
    found = follow()
    assert (found.tensor, found.label, found.after, found.over) == (
        "features",
        "Gemm 'g'",
        None,
        None,
    )
    np.testing.assert_array_equal(found.head.weight, W)
    np.testing.assert_array_equal(found.head.bias, B)
    assert found.head.weight.dtype == found.head.bias.dtype == np.float32


def test_what_stands_behind_is_taken_into_account() -> None:
    found = follow(soft("logsoftmax"), Step("x"), added(4.0), Step("x"), added(0.25))
    assert found.after == "logsoftmax"
    np.testing.assert_array_equal(found.head.bias, B + 4.25)


def test_a_bias_of_one_number_is_that_of_every_class() -> None:
    one = Step("features", "Gemm", weight=W, constant=np.array([0.5], np.float32))
    np.testing.assert_array_equal(follow(head=one).head.bias, [0.5, 0.5, 0.5])
    none = Step("features", "Gemm", weight=W)
    np.testing.assert_array_equal(follow(head=none).head.bias, [0, 0, 0])


def test_a_softmax_of_the_layer_itself_counts() -> None:
    own = Step("features", "Dense 'd'", weight=W, after="softmax")
    assert follow(head=own).after == "softmax"
    for behind in (soft(), added(1.0)):
        with pytest.raises(NotLinear, match="ends in Dense 'd'"):
            follow(behind, head=own)


def test_an_average_commutes_with_a_map_alone() -> None:
    found = follow(soft(), averaged("sides"), head=MAP)
    assert (found.over, found.tensor, found.after) == ("sides", "map", "softmax")
    with pytest.raises(NotLinear, match="averages Gemm 'g'"):
        follow(averaged())


@pytest.mark.parametrize(
    "behind",
    [
        (soft(), soft("logsoftmax")),  # two of them are not one
        (averaged(), soft()),  # a mean of probabilities is no softmax of means
        (added(1.0), soft()),
        (averaged(), averaged()),
    ],
)
def test_what_does_not_commute_is_refused(behind: tuple[Step, ...]) -> None:
    with pytest.raises(NotLinear, match=f"ends in {behind[1].label}"):
        follow(*behind, head=MAP)


def test_zeros_that_are_added_in_front_of_a_softmax_change_nothing() -> None:
    assert follow(added(0.0), soft()).after == "softmax"


# --- the output that holds the logits -------------------------------------------------------------

GRAPH = {
    "logits": LINEAR,
    "prob": Step("logits", "Softmax", after="softmax"),
    "aux": Step("y", "Gemm 'aux'", weight=2 * W),
}


def made(tensor: str) -> Step:
    if tensor in GRAPH:
        return GRAPH[tensor]
    raise NotLinear(f"ends in '{tensor}'")


def head(*outputs: str, output: str | None = None, usual: tuple[str, ...] = ()) -> tuple[str, Step]:
    return find_head(
        {name: name for name in outputs},
        made,
        last=lambda tensor: f"last of {tensor}",
        must="Gemm",
        source="s",
        output=output,
        usual=usual,
    )


def test_which_output() -> None:
    assert head("prob", "x", "logits")[0] == "logits", "the one with less behind it"
    assert head("prob", "x")[0] == "prob"
    assert head("aux", "prob", output="aux")[0] == "aux"
    assert head("aux", "logits", usual=("absent", "logits"))[0] == "logits"


@pytest.mark.parametrize(
    ("outputs", "output", "message"),
    [
        (("aux", "logits"), None, r"several outputs .*: aux, logits\. .*\?output=aux"),
        (("aux", "logits"), "gone", r"no output 'gone'\. It has: aux, logits"),
        (("x", "y"), None, r"'x' ends in 'x'; 'y' ends in 'y'\. The last layers are: last of x"),
        (("x", "logits"), "x", r"no linear head: 'x' ends .* of x\. A classifier must end in Gemm"),
    ],
)
def test_outputs_without_one_clear_head(outputs, output, message) -> None:
    with pytest.raises(SplitError, match=message):
        head(*outputs, output=output)


def test_the_constant_of_a_sum() -> None:
    values = {"c": np.ones((1, 3, 1, 1)), "table": np.ones((2, 3))}
    for pair in (("x", "c"), ("c", "x")):
        tensor, constant = split_sum(pair, values.get, "Add")
        assert (tensor, constant.shape) == ("x", (3,))
    with pytest.raises(NotLinear, match="ends in Add of two activations"):
        split_sum(("x", "y"), values.get, "Add")
    with pytest.raises(NotLinear, match=r"shape \(2, 3\), not one per class"):
        split_sum(("x", "table"), values.get, "Add")
    assert "kernel (3, 3)" in str(refuse_kernel("Conv", [3, 3]))
