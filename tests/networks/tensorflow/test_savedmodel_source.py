"""``savedmodel:`` networks against TensorFlow's own features and logits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from keras_nets import NETS
from processes import keras_on_torch, run_python

from samefeatures.base.errors import (
    CheckpointError,
    ConfigError,
    MissingExtraError,
    NetworkError,
    SplitError,
)
from samefeatures.networks.load import load
from samefeatures.networks.proof import probe_images
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.tensorflow.setup import quiet_tensorflow

with keras_on_torch(), quiet_tensorflow():
    import tensorflow as tf

from savedmodels import CLASSES, SIZE, Net, save, save_tf1

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorflow"),
]
HALF = {"mean": [0.5] * 3, "std": [0.5] * 3}


def opened(path: Path, query: str = "", **preprocessing) -> ImageNetwork:
    network = load(f"savedmodel:{path}{query}", preprocessing=HALF | preprocessing)
    assert isinstance(network, ImageNetwork)
    assert network.split is not None
    assert network.split.error < 1e-5
    return network


def close(ours: np.ndarray, theirs: np.ndarray, tolerance: float = 1e-5) -> None:
    assert ours.shape == theirs.shape
    assert abs(ours - theirs).max() <= tolerance * abs(theirs).max()


def first(images: np.ndarray) -> np.ndarray:
    """(b, h, w, 3) to (b, 3, h, w)."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


def agrees(network: ImageNetwork, net: Net, *, size: int = SIZE) -> None:
    """Features and logits are those of the module that was saved."""
    images = np.random.default_rng(1).normal(size=(4, size, size, 3)).astype(np.float32)
    features = network.backend.features(first(images))
    close(features, net.features(images).numpy())
    close(network.head.logits(features), net.logits(images).numpy())


# --- what is read ---------------------------------------------------------------------------------


def test_a_keras_network_on_real_images(keras_folder: Path) -> None:
    """The thesis's MobileNet, exported by Keras; features and logits as Keras computed them."""
    name = "mobilenet_v2_140"
    theirs = np.load(keras_folder / "theirs.npz")
    network = opened(keras_folder / f"{name}-saved")
    assert (network.dim, network.head.classes) == (1792, 1000)
    assert network.parameters == theirs[f"{name}/parameters"]
    assert network.split is not None
    assert network.split.after == "softmax"
    assert network.preprocessing.input_size == (3, 224, 224)
    pixels = np.load(keras_folder / "pixels.npz")[str(NETS[name].size)]
    features = network.backend.features(network.preprocessing.normalise(pixels))
    close(features, theirs[f"{name}/features"], 1e-4)
    close(network.head.logits(features), theirs[f"{name}/logits"], 1e-4)


def test_a_module(tmp_path: Path) -> None:
    net = Net()
    network = opened(save(net, tmp_path / "net"))
    assert (network.name, network.dim, network.head.classes) == ("net", 8, CLASSES)
    assert network.parameters == 27 * 8 + 8 * CLASSES + CLASSES
    assert network.preprocessing.input_size == (3, SIZE, SIZE)
    assert network.backend.runtime == f"tensorflow {tf.__version__}"
    assert network.split is not None
    assert network.split.layer.startswith("MatMul ")
    agrees(network, net)


@pytest.mark.parametrize("resource", [True, False])
@pytest.mark.parametrize("hub", [True, False])
def test_tensorflow_1(tmp_path: Path, *, resource: bool, hub: bool) -> None:
    """As Slim exported, and as modules of TensorFlow Hub; reference and resource variables."""
    with quiet_tensorflow():
        theirs = save_tf1(tmp_path / "net", resource=resource, hub=hub)
    network = opened(tmp_path / "net")
    features = network.backend.features(first(theirs["images"]))
    close(features, theirs["features"])
    close(network.head.logits(features), theirs["logits"])
    assert network.parameters == 27 * 8 + 16 + 8 * CLASSES + CLASSES
    assert network.split is not None
    assert network.split.after is None
    other = opened(tmp_path / "net", "?output=" + ("net/predictions" if hub else "probabilities"))
    assert other.split is not None
    assert other.split.after == "softmax"
    close(other.backend.features(first(theirs["images"])), features)


def test_an_image_does_not_depend_on_its_batch(tmp_path: Path) -> None:
    network = opened(save(Net(), tmp_path / "net"))
    images = probe_images(network.preprocessing, count=5, seed=4)
    together = network.backend.features(images)
    alone = np.concatenate([network.backend.features(image[None]) for image in images])
    close(alone, together)


def test_a_fixed_batch_and_open_sizes(tmp_path: Path) -> None:
    net = Net()
    agrees(opened(save(net, tmp_path / "three", shape=(3, SIZE, SIZE, 3))), net)
    for i, shape in enumerate([(None, None, None, 3), None]):
        network = opened(save(net, tmp_path / str(i), shape=shape), input_size=[3, 20, 20])
        agrees(network, net, size=20)


def test_heads(tmp_path: Path) -> None:
    """1×1 convolutions before and after the pool, transposed weights, softmax, no bias."""
    net = Net()
    conv = tf.reshape(net.weight, [1, 1, 8, CLASSES])

    def late(x):
        return tf.reduce_mean(tf.nn.conv2d(net.body(x), conv, 1, "VALID") + net.bias, [1, 2])

    def transposed(x):
        weight = tf.transpose(net.weight)
        return tf.matmul(net.features(x), weight, transpose_b=True) + net.bias

    functions = {
        "late": lambda x: {"a": late(x)},
        "transposed": lambda x: {"a": transposed(x)},
        "softmax": lambda x: {"a": tf.nn.log_softmax(net.logits(x))},
        "cooled": lambda x: {"a": tf.nn.softmax((2.0 - net.logits(x) - 2.0) * -3.0 / 3.0)},
        "sigmoid": lambda x: {"a": tf.nn.sigmoid(net.logits(x))},
        "squeezed": lambda x: {"a": tf.squeeze(tf.expand_dims(net.logits(x), 1), [1])},
    }
    save(net, tmp_path / "net", functions)
    for name in functions:
        network = opened(tmp_path / "net", f"?signature={name}")
        assert network.split is not None
        after = {"softmax": "logsoftmax", "cooled": "softmax", "sigmoid": "sigmoid"}.get(name)
        assert network.split.after == after
        agrees(network, net)
    net.bias.assign(0 * net.bias)
    bare = {"serving_default": lambda x: {"a": tf.matmul(net.features(x), net.weight)}}
    agrees(opened(save(net, tmp_path / "bare", bare)), net)


def test_the_fingerprint_is_over_weights_and_signature(tmp_path: Path) -> None:
    net = Net()
    two = {"a": lambda x: {"y": net.logits(x)}, "b": lambda x: {"y": net.logits(x) + 1}}
    save(net, tmp_path / "net", two)
    a, b, again = (opened(tmp_path / "net", f"?signature={s}").fingerprint for s in "aba")
    assert a == again != b
    net.bias.assign_add(tf.ones(CLASSES) * 1e-6)
    save(net, tmp_path / "other", two)
    assert opened(tmp_path / "other", "?signature=a").fingerprint != a


# --- bad input ------------------------------------------------------------------------------------


def refused(path: Path, error: type[Exception] = NetworkError, query: str = "", **options) -> str:
    with pytest.raises(error) as caught:
        load(f"savedmodel:{path}{query}", **{"preprocessing": HALF} | options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_package_prints_the_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    said = refused(Path("net"), MissingExtraError)
    assert "pip install 'samefeatures[tensorflow]'" in said


def test_signatures_that_are_not_there(tmp_path: Path) -> None:
    net = Net()
    two = {"one": lambda x: {"y": net.logits(x)}, "two": lambda x: {"y": net.logits(x)}}
    save(net, tmp_path / "net", two)
    said = refused(tmp_path / "net")
    assert "There are: one, two. Say which: savedmodel:PATH?signature=NAME" in said
    assert "no signature 'three'" in refused(tmp_path / "net", query="?signature=three")
    tf.saved_model.save(net, str(tmp_path / "none"))
    assert "There are: none at all" in refused(tmp_path / "none")


def test_outputs(tmp_path: Path) -> None:
    net = Net()
    two = {
        "serving_default": lambda x: {
            "b": tf.matmul(net.features(x), net.weight),
            "a": tf.matmul(net.features(x), net.weight * 2),
        }
    }
    save(net, tmp_path / "net", two)
    said = refused(tmp_path / "net", SplitError)
    assert "several outputs that a linear layer makes: a, b" in said
    close(opened(tmp_path / "net", "?output=b").head.weight, net.weight.numpy().T)
    close(opened(tmp_path / "net", "?output=a").head.weight, 2 * net.weight.numpy().T)
    assert "It has: a, b" in refused(tmp_path / "net", SplitError, "?output=c")


def test_networks_that_can_not_be_split(tmp_path: Path) -> None:
    net = Net()
    cases = {
        "relu": (lambda x: tf.nn.relu(net.logits(x)), "ends in Relu"),
        "two": (lambda x: net.logits(x) + tf.square(net.logits(x)), "of two activations"),
        "conv": (lambda x: tf.nn.conv2d(x, net.kernel, 1, "SAME"), "only a plain 1x1 convolution"),
        "map": (
            lambda x: tf.nn.conv2d(net.body(x), net.weight[None, None], 1, "SAME"),
            "Its features are not pooled",
        ),
        "input": (lambda x: x, "is an input"),
    }
    functions = {name: _of_one(function) for name, (function, _) in cases.items()}
    save(net, tmp_path / "net", functions)
    for name, (_, said) in cases.items():
        message = refused(tmp_path / "net", SplitError, f"?signature={name}")
        assert said in message
        assert "The last " in message or "the last " in message


def _of_one(function):
    return lambda x: {"y": function(x)}


def test_inputs_that_are_no_images(tmp_path: Path) -> None:
    net = Net()
    ints = {"serving_default": lambda x: {"y": net.logits(tf.cast(x, tf.float32))}}
    save(net, tmp_path / "ints", ints, dtype=tf.uint8)
    assert "takes uint8; only float32" in refused(tmp_path / "ints")
    grey = {"serving_default": lambda x: {"y": net.logits(tf.repeat(x, 3, axis=3))}}
    save(net, tmp_path / "grey", grey, shape=(None, SIZE, SIZE, 1))
    assert "it must have 3 channels" in refused(tmp_path / "grey")
    spec = tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32)

    @tf.function(input_signature=[spec, spec])
    def both(x, y):
        return {"y": net.logits(x + y)}

    tf.saved_model.save(net, str(tmp_path / "both"), signatures={"serving_default": both})
    assert "has 2 inputs (x, y)" in refused(tmp_path / "both")
    path = save(net, tmp_path / "net")
    assert "mean, std missing" in refused(path, preprocessing=None)
    other = refused(path, preprocessing=HALF | {"input_size": [3, 20, 20]})
    assert "takes images of 16 x 16 pixels" in other
    assert "Did you mean 'device: cuda'?" in refused(path, ConfigError, device="gpu")


def test_no_gpu_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    said = refused(save(Net(), tmp_path / "net"), device="cuda:1")
    assert "The device 'cuda:1' is not available: TensorFlow finds 0 GPUs" in said


def test_damaged_folders(tmp_path: Path) -> None:
    assert "it does not exist" in refused(tmp_path / "none", CheckpointError)
    path = save(Net(), tmp_path / "net")
    proto, weights = path / "saved_model.pb", path / "variables/variables.data-00000-of-00001"
    assert "it is a file" in refused(proto, CheckpointError)
    for file in (weights, path / "variables/variables.index", proto):
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        assert "cut short" in refused(path, CheckpointError)
        file.write_bytes(whole)
    opened(path)
    weights.unlink()
    assert "can't be loaded" in refused(path, CheckpointError)
    proto.unlink()
    assert "it has no saved_model.pb" in refused(path, CheckpointError)


def test_a_graph_that_reaches_beyond_itself_is_not_loaded(tmp_path: Path) -> None:
    net = Net()
    marker = tmp_path / "written"

    def writes(x):
        with tf.control_dependencies([tf.io.write_file(str(marker), "x")]):
            return {"y": net.logits(x)}

    save(net, tmp_path / "net", {"serving_default": writes})
    assert "runs WriteFile" in refused(tmp_path / "net", CheckpointError)
    assert not marker.exists()


# --- TensorFlow's messages ------------------------------------------------------------------------


def test_nothing_is_said_and_nothing_is_left_behind(tmp_path: Path) -> None:
    save(Net(), tmp_path / "net")
    code = f"""
import logging, os, sys, warnings
import numpy as np
logging.getLogger("absl").setLevel(logging.INFO)
before = dict(os.environ), list(warnings.filters)
import samefeatures as sf
assert "tensorflow" not in sys.modules
network = sf.load("savedmodel:{tmp_path}/net", preprocessing={HALF})
network.backend.features(np.zeros((2, 3, {SIZE}, {SIZE}), np.float32))
assert "tensorflow" in sys.modules
assert {{k: v for k, v in os.environ.items() if k in before[0]}} == before[0]
assert "TF_CPP_MIN_LOG_LEVEL" not in os.environ, "left behind"
assert logging.getLogger("absl").level == logging.INFO
assert logging.root.handlers == []
assert sys.stderr.fileno() == 2
print(network.backend.runtime)
"""
    assert run_python("-c", code).startswith("tensorflow ")


def test_torch_networks_load_after_tensorflow(tmp_path: Path) -> None:
    """Without care the process would end in a segmentation fault."""
    save(Net(), tmp_path / "net")
    code = f"""
import samefeatures as sf
sf.load("savedmodel:{tmp_path}/net", preprocessing={HALF})
import torchvision
print("alive")
"""
    assert run_python("-c", code) == "alive\n"


def test_other_messages_come_through(tmp_path: Path) -> None:
    code = """
import os, sys
from samefeatures.networks.tensorflow.setup import quiet_tensorflow
with quiet_tensorflow():
    os.write(2, b"I0000 00:00:1795416614.797983    7335 port.cc:153] oneDNN is on\\n")
    os.write(2, b"mine\\n")
    print("too", file=sys.stderr)
os.write(2, b"after\\n")
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stderr == "mine\ntoo\nafter\n"


def test_a_level_that_the_user_set_is_left_alone(monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    with quiet_tensorflow():
        assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0"
        os.write(2, b"I0000 00:00:1795416614.797983    7335 port.cc:153] wanted\n")
    assert "wanted" in capfd.readouterr().err
