"""SavedModels that do more than compute are not loaded, wherever in them they do it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import keras_on_torch

from samefeatures.base.errors import CheckpointError
from samefeatures.networks.load import load
from samefeatures.networks.tensorflow.setup import quiet_tensorflow

with keras_on_torch(), quiet_tensorflow():
    import tensorflow as tf
    from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
    from tensorflow.python.framework import op_def_registry

    from samefeatures.networks.tensorflow import operations
    from samefeatures.networks.tensorflow.refusing import (
        LARGEST,
        Refused,
        check_loops,
        check_operations,
    )

from savedmodels import SIZE, Net, save

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorflow"),
]
HALF = {"mean": [0.5] * 3, "std": [0.5] * 3}


def refused(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load(f"savedmodel:{path}", preprocessing=HALF)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- the list -------------------------------------------------------------------------------------


def test_the_list_names_operations_that_are_there() -> None:
    missing = [name for name in operations.KNOWN if op_def_registry.get(name) is None]
    assert missing == []


def test_what_reaches_beyond_a_graph_is_not_on_the_list() -> None:
    """Every operation of TensorFlow whose name says files, readers, queues, calls, devices, …"""
    reaching = re.compile(
        "File|Dataset|Reader|Queue|PyFunc|Print|Debug|Remote|Send|Recv|TPU|Iterator|Collective|Sql|"
        "Vocab|Remap|Immutable|Abort|Writer|Copy|Stage|Session|Summary|Worker|Barrier|Timestamp|"
        "Save|Checkpoint|Restore|Snapshot|Gradient$|Defun|Record"
    )
    harmless = {
        *("DisableCopyOnRead", "ShardedFilename", "ShardedFilespec", "Snapshot"),
        *("HistogramSummary", "ImageSummary", "MergeSummary", "ScalarSummary"),
        *("TensorSummary", "TensorSummaryV2", "StopGradient", "PreventGradient"),
    }
    known = operations.PURE | operations.WEIGHTS | operations.LOOPS
    assert {name for name in known if reaching.search(name)} == harmless


# --- operations in signatures ---------------------------------------------------------------------


def printing(to: Path) -> Any:
    tf.print("x", output_stream=f"file://{to}")
    return None


def saving(to: Path) -> Any:
    tf.raw_ops.SaveV2(
        prefix=str(to), tensor_names=["a"], shape_and_slices=[""], tensors=[tf.constant(1.0)]
    )


def reading(to: Path) -> Any:
    return tf.cast(tf.strings.length(tf.io.read_file(__file__)), tf.float32)


def restoring(to: Path) -> Any:
    (out,) = tf.raw_ops.RestoreV2(
        prefix=str(to), tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32]
    )
    return out


def matching(to: Path) -> Any:
    return tf.cast(tf.size(tf.io.matching_files(f"{to.parent}/*")), tf.float32)


def calling_python(to: Path) -> Any:
    return tf.py_function(lambda: to.write_bytes(b"x") * 0.0, [], tf.float32)


def looping(to: Path) -> Any:
    return tf.while_loop(lambda i: i < 3.0, lambda i: [i + 1.0], [tf.constant(0.0)])[0]


DONE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "PrintV2": (printing, "not among the operations"),
    "SaveV2": (saving, "which writes files"),
    "ReadFile": (reading, "not among the operations"),
    "RestoreV2": (restoring, "which reads files"),
    "MatchingFiles": (matching, "not among the operations"),
    "EagerPyFunc": (calling_python, "not among the operations"),
    "While": (looping, "which may never end"),
}


def plain(net: Net, act: Callable[[], Any]) -> Callable[[Any], dict[str, Any]]:
    def signature(x: Any) -> dict[str, Any]:
        more = act()
        return {"y": net.logits(x) + (0.0 if more is None else more)}

    return signature


def in_a_function(net: Net, act: Callable[[], Any]) -> Callable[[Any], dict[str, Any]]:
    inner = tf.function(lambda: tf.constant(0.0) if (out := act()) is None else out)
    return lambda x: {"y": net.logits(x) + tf.function(inner)()}


def in_a_branch(net: Net, act: Callable[[], Any]) -> Callable[[Any], dict[str, Any]]:
    def yes() -> Any:
        more = act()
        return tf.constant(0.0) if more is None else more

    return lambda x: {
        "y": net.logits(x) + tf.cond(tf.reduce_sum(x) > 1e9, yes, lambda: tf.constant(0.0))
    }


@pytest.mark.parametrize("place", [plain, in_a_function, in_a_branch])
@pytest.mark.parametrize("name", DONE)
def test_a_signature_that_reaches_beyond_itself(tmp_path: Path, name: str, place) -> None:
    act, why = DONE[name]
    net, marker = Net(), tmp_path / "marker"
    save(net, tmp_path / "net", {"serving_default": place(net, lambda: act(marker))})
    said = refused(tmp_path / "net")
    assert "runs " in said
    assert name in said
    assert why in said
    assert list(tmp_path.iterdir()) == [tmp_path / "net"]


@pytest.mark.parametrize("name", [name for name in DONE if name != "EagerPyFunc"])
def test_what_runs_while_a_resource_is_loaded(tmp_path: Path, name: str) -> None:
    act, why = DONE[name]
    marker = tmp_path / "marker"

    class Resource(tf.saved_model.experimental.TrackableResource):
        quiet = True

        def _create_resource(self) -> Any:
            return tf.raw_ops.HashTableV2(key_dtype=tf.int64, value_dtype=tf.float32)

        def _initialize(self) -> None:
            if not self.quiet:
                act(marker)

    net = Net()
    with pytest.MonkeyPatch.context() as patch:
        net.resource = Resource()
        patch.setattr(Resource, "quiet", False)
        save(net, tmp_path / "net")
    marker.unlink(missing_ok=True)
    for left in tmp_path.glob("marker*"):
        left.unlink()
    said = refused(tmp_path / "net")
    assert name in said
    assert why in said
    assert list(tmp_path.iterdir()) == [tmp_path / "net"]


@pytest.mark.parametrize("name", [name for name in DONE if name != "EagerPyFunc"])
@pytest.mark.parametrize("where", ["main", "table", "restore"])
def test_what_runs_while_a_graph_of_tensorflow_1_is_loaded(
    tmp_path: Path, name: str, where: str
) -> None:
    act, why = DONE[name]
    v1 = tf.compat.v1
    marker = tmp_path / "marker"
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        x = v1.placeholder(tf.float32, [None, SIZE, SIZE, 3])
        weight = v1.get_variable("w", initializer=tf.ones([3, 4]))
        y = tf.matmul(tf.reduce_mean(x, [1, 2]), weight)
        before = set(graph.get_operations())
        if name == "While":
            v1.disable_control_flow_v2()
        act(marker)
        v1.enable_control_flow_v2()
        made = [op for op in graph.get_operations() if op not in before]
        bad = tf.group(*made)
        session.run(weight.initializer)
        if where == "table":
            graph.add_to_collection(v1.GraphKeys.TABLE_INITIALIZERS, bad)
        saver = v1.train.Saver([weight])
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder = v1.saved_model.Builder(str(tmp_path / "net"))
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {"serving_default": signature},
            main_op=bad if where == "main" else None,
            saver=saver,
        )
        builder.save()
    if where == "restore":
        pb = tmp_path / "net" / "saved_model.pb"
        model = saved_model_pb2.SavedModel.FromString(pb.read_bytes())
        (meta,) = model.meta_graphs
        (node,) = (n for n in meta.graph_def.node if n.name == meta.saver_def.restore_op_name)
        node.input.append(f"^{bad.name}")
        pb.write_bytes(model.SerializeToString())
    said = refused(tmp_path / "net")
    assert (name if name != "While" else "Enter") in said
    assert (
        "a file that it names itself" if (name, where) == ("RestoreV2", "restore") else why
    ) in said
    assert list(tmp_path.iterdir()) == [tmp_path / "net"]


@pytest.mark.parametrize(
    "does",
    [
        lambda v, x: v.scatter_nd_update([[0]], [x[0]]),
        lambda v, x: v.scatter_max(tf.IndexedSlices(x[:1], tf.constant([1]))),
        lambda v, x: [
            tf.raw_ops.ResourceApplyAdadelta(
                var=v.handle,
                accum=v.handle,
                accum_update=v.handle,
                lr=0.1,
                rho=0.9,
                epsilon=0.1,
                grad=x,
            ),
            x,
        ][1],
        lambda v, x: [
            tf.raw_ops.ResourceSparseApplyAdagrad(
                var=v.handle, accum=v.handle, lr=0.1, grad=x, indices=[0, 1, 2]
            ),
            x,
        ][1],
        lambda _, x: tf.abs(tf.signal.fft3d(tf.complex(x, x)[None])),
        lambda _, x: tf.linalg.svd(x)[0],
        lambda _, x: tf.linalg.solve(x, x),
        lambda _, x: tf.linalg.det(x),
        lambda _, x: tf.tensor_scatter_nd_max(x, [[0]], [x[1]]),
        lambda _, x: tf.math.unsorted_segment_prod(x, [0, 0, 1], 2),
        lambda _, x: tf.nn.conv3d_transpose(
            tf.reshape(x, [1, 1, 3, 3, 1]), tf.ones([1, 1, 1, 1, 1]), [1, 1, 3, 3, 1], 1
        ),
    ],
)
def test_training_and_linear_algebra_beside_a_network_do_no_harm(
    tmp_path: Path, does: Callable[[Any, Any], Any]
) -> None:
    net = Net()
    net.more = tf.Variable(tf.eye(3))
    net.train = tf.function(
        lambda x: does(net.more, x), input_signature=[tf.TensorSpec([3, 3], tf.float32)]
    )
    network = load(f"savedmodel:{save(net, tmp_path / 'net')}", preprocessing=HALF)
    assert network.dim == 8


def test_loops_that_do_not_run_do_no_harm(tmp_path: Path) -> None:
    """Keras 2 saved what its layers do in training too, where augmentation loops over images."""
    net = Net()
    net.train = tf.function(
        lambda x: tf.map_fn(lambda image: image + 1.0, x),
        input_signature=[tf.TensorSpec([None, SIZE, SIZE, 3])],
    )
    network = load(f"savedmodel:{save(net, tmp_path / 'net')}", preprocessing=HALF)
    assert network.dim == 8


# --- graphs made by hand --------------------------------------------------------------------------


def function(meta: Any, name: str, *operations: str, calls: tuple[str, ...] = ()) -> None:
    made = meta.graph_def.library.function.add()
    made.signature.name = name
    for i, op in enumerate(operations):
        made.node_def.add(name=f"n{i}", op=op)
    for i, called in enumerate(calls):
        made.node_def.add(name=f"c{i}", op="PartitionedCall").attr["f"].func.name = called


def test_functions_that_call_themselves_or_unfold_are_refused() -> None:
    meta = meta_graph_pb2.MetaGraphDef()
    function(meta, "a", calls=("b",))
    function(meta, "b", calls=("a",))
    meta.graph_def.node.add(name="x", op="a")
    with pytest.raises(Refused, match="a function that calls itself"):
        check_operations(meta)
    for depth, message in ((40, "unfold to more than 1,000,000"), (3000, "too deep")):
        meta = meta_graph_pb2.MetaGraphDef()
        function(meta, "f0", "NoOp")
        for i in range(depth):
            function(meta, f"f{i + 1}", calls=(f"f{i}",) * (2 if depth == 40 else 1))
        meta.graph_def.node.add(name="x", op=f"f{depth}")
        with pytest.raises(Refused, match=message):
            check_operations(meta)


def test_a_function_named_as_an_operation_is_refused() -> None:
    meta = meta_graph_pb2.MetaGraphDef()
    function(meta, "Relu", "NoOp")
    with pytest.raises(Refused, match="runs Relu"):
        check_operations(meta)


@pytest.mark.parametrize("dims", [[LARGEST + 1], [2**20, 2**20], [-2]])
def test_constants_that_grow_are_refused(dims: list[int]) -> None:
    meta = meta_graph_pb2.MetaGraphDef()
    function(meta, "f", "Const")
    value = meta.graph_def.library.function[0].node_def[0].attr["value"].tensor
    value.float_val.append(1.0)
    for size in dims:
        value.tensor_shape.dim.add(size=size)
    with pytest.raises(Refused, match=f"at most {LARGEST:,} numbers"):
        check_operations(meta)


def test_file_names_in_a_circle_end() -> None:
    meta = meta_graph_pb2.MetaGraphDef()
    meta.graph_def.node.add(name="a", op="Identity", input=["b"])
    meta.graph_def.node.add(name="b", op="Identity", input=["a"])
    meta.graph_def.node.add(name="restore", op="RestoreV2", input=["a"])
    meta.saver_def.restore_op_name = "restore"
    meta.saver_def.filename_tensor_name = "save/Const:0"
    with pytest.raises(Refused, match="a file that it names itself"):
        check_operations(meta)


def test_loops_of_a_function_that_runs_are_refused() -> None:
    meta = meta_graph_pb2.MetaGraphDef()
    function(meta, "f", "NextIteration")
    meta.graph_def.node.add(name="x", op="NoOp")
    check_loops(meta.graph_def)
    meta.graph_def.node.add(name="y", op="f")
    with pytest.raises(Refused, match="NextIteration, which may never end"):
        check_loops(meta.graph_def)
