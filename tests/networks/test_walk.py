"""The walk from an output back to its head, on graphs made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from samefeatures.base.errors import SplitError
from samefeatures.networks.walk import NotLinear, Step, arithmetic, find_head, refuse_kernel, walk

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


VALUES = {"c": np.array([1, 2, -4.0]).reshape(1, 3, 1, 1), "table": np.ones((2, 3))}
X = np.array([0.5, 3.0, -2.0])


@pytest.mark.parametrize(
    ("sign", "operands", "expected"),
    [
        ("+", ("x", "c"), X + VALUES["c"].ravel()),
        ("+", ("c", "x"), X + VALUES["c"].ravel()),
        ("-", ("x", "c"), X - VALUES["c"].ravel()),
        ("-", ("c", "x"), VALUES["c"].ravel() - X),
        ("*", ("x", "c"), X * VALUES["c"].ravel()),
        ("*", ("c", "x"), X * VALUES["c"].ravel()),
        ("/", ("x", "c"), X / VALUES["c"].ravel()),
    ],
)
def test_arithmetic_with_a_constant(sign: str, operands, expected) -> None:
    made = arithmetic(sign, operands, VALUES.get, "Op 'o'")
    assert made.tensor == "x"
    scaled = X * (1 if made.scale is None else made.scale)
    np.testing.assert_allclose(scaled + (0 if made.constant is None else made.constant), expected)
    head = follow(made)  # 3 classes of 2 features
    features = np.array([[1.0, -1.0]], np.float32)
    logits = features @ W.T + B
    values = {"x": logits.ravel(), "c": VALUES["c"].ravel()}
    theirs = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[sign](
        *(values[name] for name in operands)
    )
    np.testing.assert_allclose(head.head.logits(features)[0], theirs, rtol=1e-6)


@pytest.mark.parametrize(
    ("sign", "operands", "message"),
    [
        ("+", ("x", "y"), "ends in Op of two activations"),
        ("*", ("x", "y"), "ends in Op of two activations"),
        ("+", ("x", "table"), r"adds a constant of shape \(2, 3\), not one per class"),
        ("*", ("table", "x"), r"multiplies by a constant of shape \(2, 3\), not one per class"),
        ("/", ("c", "x"), "divides by the activations or by 0"),
        ("/", ("x", "zero"), "divides by the activations or by 0"),
    ],
)
def test_arithmetic_that_is_not_linear(sign: str, operands, message: str) -> None:
    values = VALUES | {"zero": np.zeros(1)}
    with pytest.raises(NotLinear, match=message):
        arithmetic(sign, operands, values.get, "Op")


def test_scales_and_sums_are_taken_in_their_order() -> None:
    """3·((W f + B)·2 + 1) − 5, the last operation first."""
    steps = (
        Step("x", constant=np.array([-5.0])),
        Step("x", scale=np.array([3.0])),
        Step("x", constant=np.array([1.0])),
        Step("x", scale=np.array([2.0])),
    )
    found = follow(*steps)
    np.testing.assert_allclose(found.head.weight, 6 * W)
    np.testing.assert_allclose(found.head.bias, 3 * (2 * B + 1) - 5)
    with pytest.raises(NotLinear, match="ends in Softmax"):
        follow(steps[1], soft())
    assert follow(soft("sigmoid"), steps[1]).after == "sigmoid"


def test_a_kernel_is_named() -> None:
    assert "kernel (3, 3)" in str(refuse_kernel("Conv", [3, 3]))
