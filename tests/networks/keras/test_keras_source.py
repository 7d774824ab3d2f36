"""``keras:`` networks against Keras's own features, logits and preprocessing."""

from __future__ import annotations

import importlib.util
import inspect
import json
import sys
import urllib.error
import warnings
import zipfile
from pathlib import Path
from types import ModuleType

import h5py
import numpy as np
import pytest
from keras_nets import NETS, save_legacy
from processes import run_python

from samefeatures.base.errors import (
    CheckpointError,
    ConfigError,
    MissingExtraError,
    NetworkError,
    SplitError,
)
from samefeatures.networks.keras import applications as keras_applications
from samefeatures.networks.keras import importing as keras_import
from samefeatures.networks.keras.files import CODE
from samefeatures.networks.load import load
from samefeatures.networks.proof import probe_images
from samefeatures.networks.record import ImageNetwork

pytestmark = [
    pytest.mark.tensorflow,
    # Of Keras on torch when it makes and saves networks, with NumPy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
MODULES = (
    *("resnet", "resnet_v2", "vgg16", "densenet", "mobilenet", "mobilenet_v2", "mobilenet_v3"),
    *("efficientnet", "efficientnet_v2", "convnext", "nasnet", "xception", "inception_v3"),
)
HALF = {"mean": [0.5] * 3, "std": [0.5] * 3}
FILES = [(name, file) for name, net in NETS.items() for file in net.files if file != "-saved"]


def opened(source: str, **options) -> ImageNetwork:
    network = load(source, threads=1, **options)
    assert isinstance(network, ImageNetwork)
    return network


def close(ours: np.ndarray, theirs: np.ndarray, tolerance: float = 1e-4) -> None:
    assert ours.shape == theirs.shape
    assert abs(ours - theirs).max() <= tolerance * abs(theirs).max()


# --- the networks of keras.applications -----------------------------------------------------------


@pytest.mark.parametrize(("name", "file"), FILES)
def test_features_and_logits_are_those_of_keras(
    keras: ModuleType, keras_folder: Path, name: str, file: str
) -> None:
    """Keras computed on TensorFlow, from its own preprocess_input; we load on torch, and there."""
    theirs, ours = np.load(keras_folder / "theirs.npz"), np.load(keras_folder / "ours.npz")
    source, preprocessing = NETS[name].sources(name, keras_folder)[file]
    network = opened(source, preprocessing=preprocessing)
    assert network.split is not None
    assert network.split.error < 1e-5
    assert network.split.after == "softmax"
    assert network.parameters == theirs[f"{name}/parameters"]
    assert "torch" in network.backend.runtime
    assert "tensorflow" in str(ours[f"{name}{file}/runtime"])
    assert network.fingerprint == ours[f"{name}{file}/fingerprint"]
    pixels = np.load(keras_folder / "pixels.npz")[str(NETS[name].size)]
    features = network.backend.features(network.preprocessing.normalise(pixels))
    logits = network.head.logits(features)
    assert logits.std(axis=0).mean() > 0.01  # the images do not all look the same to it
    for kind, torch_side in (("features", features), ("logits", logits)):
        close(torch_side, theirs[f"{name}/{kind}"])
        close(ours[f"{name}{file}/{kind}"], theirs[f"{name}/{kind}"])
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    close(exp / exp.sum(axis=1, keepdims=True), theirs[f"{name}/probabilities"], 1e-3)


def test_the_thesis_mobilenet_has_its_dimension_and_parameters(
    keras: ModuleType, keras_folder: Path
) -> None:
    """1792 features, as in Table 5.1; without the background class there is one row less."""
    network = opened(f"keras:MobileNetV2?alpha=1.4&weights={keras_folder}/mobilenet_v2_140.h5")
    assert network.dim == 1792
    assert network.head.classes == 1000
    assert network.preprocessing.input_size == (3, 224, 224)
    assert network.preprocessing.crop_pct == 0.875
    assert network.preprocessing.interpolation == "bilinear"
    assert network.parameters == 6_108_776


def test_an_image_does_not_depend_on_its_batch(keras: ModuleType, keras_folder: Path) -> None:
    network = opened(
        f"keras:ResNet50?classes=20&weights={keras_folder}/resnet50.weights.h5",
        preprocessing={"input_size": [3, 64, 64]},
    )
    images = probe_images(network.preprocessing, count=5, seed=4)
    together = network.backend.features(images)
    alone = np.concatenate([network.backend.features(image[None]) for image in images])
    close(alone, together, 1e-5)


@pytest.mark.parametrize("module", MODULES)
def test_preprocessing_is_read_off_keras_own(keras: ModuleType, module: str) -> None:
    preprocess = getattr(keras.applications, module).preprocess_input
    mean, std, bgr = keras_applications.normalisation(preprocess)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 5, 3)).astype(np.float64)
    ours = (pixels / 255 - mean) / std
    ours = ours[..., ::-1] if bgr else ours
    np.testing.assert_allclose(ours, preprocess(pixels.copy()), rtol=0, atol=1e-9)
    assert bgr == (module in ("resnet", "vgg16"))


def test_preprocessing_that_is_something_else_is_refused() -> None:
    with pytest.raises(NetworkError, match="not mean and std"):
        keras_applications.normalisation(lambda x: x.mean(axis=-1, keepdims=True) + 0 * x)


def test_another_input_size_keeps_the_weights(
    keras: ModuleType, keras_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keras has its ImageNet weights at one size; they are moved into a network of another."""
    from_file = f"keras:MobileNet?alpha=0.25&classes=20&weights={keras_folder}/mobilenet.weights.h5"
    expected = opened(from_file, preprocessing={"input_size": [3, 160, 160]})
    original = keras.applications.MobileNet

    def pretrained(*, weights, **options):
        model = original(weights=None, **options)
        if weights == "imagenet":
            model.load_weights(keras_folder / "mobilenet.weights.h5")
        return model

    pretrained.__module__ = original.__module__
    pretrained.__signature__ = inspect.signature(original)
    monkeypatch.setattr(keras.applications, "MobileNet", pretrained)
    network = opened(
        "keras:MobileNet?alpha=0.25&classes=20", preprocessing={"input_size": [3, 160, 160]}
    )
    assert network.fingerprint == expected.fingerprint
    assert network.preprocessing.input_size == (3, 160, 160)


def test_efficientnets_imagenet_file_is_not_taken_without_its_extra_layer(
    keras: ModuleType, tmp_path: Path
) -> None:
    model = keras.applications.EfficientNetB0(weights=None, classes=3)
    (norm,) = (layer for layer in model.layers if type(layer).__name__ == "Normalization")
    norm.set_weights(
        [np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225]), np.array(0)]
    )
    model.save_weights(tmp_path / "b0.weights.h5")
    with pytest.raises(CheckpointError, match="need a layer that Keras adds"):
        opened(f"keras:EfficientNetB0?classes=3&weights={tmp_path}/b0.weights.h5")


# --- files ----------------------------------------------------------------------------------------


def small(keras: ModuleType, *head, classes: int = 5, size: int | None = 12):
    """A network on 12 × 12 pixels, with a random head."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    head = head or (layers.GlobalAveragePooling2D(), layers.Dense(classes, name="head"))
    stem = [layers.Conv2D(8, 3, activation="relu"), layers.BatchNormalization()]
    return keras.Sequential([keras.Input((size, size, 3)), *stem, *head])


def reads(keras: ModuleType, model, folder: Path, **preprocessing) -> ImageNetwork:
    """Save, load, and compare the logits with the model's own output."""
    model.save(folder / "net.keras")
    network = opened(f"keras:{folder}/net.keras", preprocessing=HALF | preprocessing)
    images = probe_images(network.preprocessing, count=4, seed=1)
    theirs = model(images.transpose(0, 2, 3, 1), training=False).detach().numpy()
    logits = network.head.logits(network.backend.features(images))
    assert network.split is not None
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    ours = {None: logits, "softmax": probabilities, "logsoftmax": np.log(probabilities)}
    ours["sigmoid"] = 1 / (1 + np.exp(-logits))
    close(ours[network.split.after], theirs.reshape(len(theirs), -1), 1e-5)
    return network


def test_a_small_file(keras: ModuleType, tmp_path: Path) -> None:
    network = reads(keras, small(keras), tmp_path)
    assert network.split is not None
    assert (network.name, network.dim, network.split.layer) == ("net", 8, "Dense 'head'")
    assert network.parameters == 3 * 3 * 3 * 8 + 8 + 16 + 8 * 5 + 5
    assert network.preprocessing.input_size == (3, 12, 12)
    assert network.split.after is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network.backend.features(np.zeros((1, 3, 12, 12), np.float32))


def test_other_heads(keras: ModuleType, tmp_path: Path) -> None:
    layers = keras.layers
    pooled = layers.GlobalAveragePooling2D(keepdims=True)
    heads = {
        "Conv2D 'c'": (pooled, layers.Conv2D(4, 1, name="c"), layers.Reshape((4,))),
        "Conv2D 'l'": (layers.Conv2D(4, 1, name="l"), layers.GlobalAveragePooling2D()),
        "Dense 'f'": (layers.Flatten(), layers.Dense(3, use_bias=False, name="f")),
        "Dense 's'": (
            layers.GlobalMaxPooling2D(),
            layers.Dropout(0.5),
            layers.Dense(3, name="s"),
            layers.Activation("log_softmax"),
        ),
        "Dense 'm'": (layers.GlobalMaxPooling2D(), layers.Dense(3, "softmax", name="m")),
        "Dense 'x'": (layers.GlobalMaxPooling2D(), layers.Dense(3, name="x"), layers.Softmax()),
    }
    for name, head in heads.items():
        network = reads(keras, small(keras, *head), tmp_path)
        assert network.split is not None
        assert network.split.layer == name


def saved(keras: ModuleType, model, folder: Path) -> ImageNetwork:
    """Save and load; the proof on loading compares with the model."""
    model.save(folder / "net.keras")
    return opened(f"keras:{folder}/net.keras", preprocessing=HALF)


def test_models_within_models_and_preprocessing_within_the_model(
    keras: ModuleType, tmp_path: Path
) -> None:
    layers = keras.layers
    image = keras.Input((12, 12, 3))
    inside = small(keras)
    scaled = layers.Rescaling(1 / 127.5, offset=-1)(image)
    model = keras.Model(
        image,
        layers.Softmax()(inside(layers.Normalization(mean=[1, 2, 3], variance=[4, 5, 6])(scaled))),
    )
    network = reads(keras, model, tmp_path, mean=[0, 0, 0], std=[1 / 255] * 3)
    assert network.split is not None
    assert network.split.layer == "Dense 'head'"
    assert network.split.after == "softmax"


def test_an_open_size_comes_from_the_study(keras: ModuleType, tmp_path: Path) -> None:
    model = small(keras, size=None)
    network = reads(keras, model, tmp_path, input_size=[3, 20, 24])
    assert network.preprocessing.input_size == (3, 20, 24)
    with pytest.raises(NetworkError, match="input_size missing"):
        opened(f"keras:{tmp_path}/net.keras", preprocessing=HALF)


def test_an_application_without_a_size_is_of_224(keras: ModuleType, tmp_path: Path) -> None:
    """MobileNetV3 is built for any size; it was trained at 224."""
    path = tmp_path / "a.weights.h5"
    options = {"minimalistic": True, "classes": 4}
    model = keras.applications.MobileNetV3Small(weights=None, **options)
    assert model.inputs[0].shape[1:3] == (None, None)
    model.save_weights(path)
    source = f"keras:MobileNetV3Small?minimalistic=true&classes=4&weights={path}"
    assert opened(source).preprocessing.input_size == (3, 224, 224)
    other = opened(source, preprocessing={"input_size": [3, 96, 96]})
    assert other.preprocessing.input_size == (3, 96, 96)


def test_what_stands_behind_a_head(keras: ModuleType, tmp_path: Path) -> None:
    """A temperature and a sigmoid."""
    layers = keras.layers
    pool = layers.GlobalAveragePooling2D()
    dense = layers.Dense(4, name="d")
    model = small(keras, pool, dense, layers.Rescaling(0.5, offset=1.0), layers.Softmax())
    network = reads(keras, model, tmp_path)
    kernel, bias = (np.asarray(value) for value in dense.get_weights())
    np.testing.assert_allclose(network.head.weight, kernel.T / 2, rtol=1e-6)
    np.testing.assert_allclose(network.head.bias, bias / 2 + 1, rtol=1e-6)
    network = reads(keras, small(keras, pool, layers.Dense(4, "sigmoid")), tmp_path)
    assert network.split is not None
    assert network.split.after == "sigmoid"


def test_channels_first(keras: ModuleType, tmp_path: Path) -> None:
    layers, first = keras.layers, "channels_first"
    last = small(keras)
    model = keras.Sequential(
        [
            keras.Input((3, 12, 12)),
            layers.Conv2D(8, 3, activation="relu", data_format=first),
            layers.BatchNormalization(axis=1),
            layers.GlobalAveragePooling2D(data_format=first),
            layers.Dense(5),
        ]
    )
    model.set_weights(last.get_weights())
    model.save(tmp_path / "first.keras")
    ours = opened(f"keras:{tmp_path}/first.keras", preprocessing=HALF)
    expected = reads(keras, last, tmp_path)
    images = probe_images(ours.preprocessing, seed=2)
    close(ours.backend.features(images), expected.backend.features(images), 1e-5)


def test_the_fingerprint_holds_weights_and_structure_but_no_counted_names(
    keras: ModuleType, tmp_path: Path
) -> None:
    a, again = (saved(keras, small(keras), tmp_path) for _ in range(2))
    assert a.fingerprint == again.fingerprint
    model = small(keras)
    model.layers[0].bias.assign(model.layers[0].bias + 1e-6)
    assert saved(keras, model, tmp_path).fingerprint != a.fingerprint
    other = small(keras, keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(5, name="head"))
    assert saved(keras, other, tmp_path).fingerprint != a.fingerprint


# --- bad input ------------------------------------------------------------------------------------


def refused(source: str, error: type[Exception] = NetworkError, **options) -> str:
    with pytest.raises(error) as caught:
        load(source, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_unknown_application_names_the_nearest(keras: ModuleType) -> None:
    assert "Did you mean 'MobileNetV2'?" in refused("keras:MobileNetv2")
    assert "There are: ConvNeXtBase, " in refused("keras:resnet18")


def test_options_that_make_no_sense(keras: ModuleType) -> None:
    assert "ResNet50 has no option 'alpha'" in refused("keras:ResNet50?alpha=1")
    assert "alpha is 'big'; it must be a number" in refused("keras:MobileNetV2?alpha=big")
    assert "it must be true or false" in refused("keras:MobileNetV3Small?minimalistic=1")
    assert "alpha must be one of" in refused("keras:MobileNetV2?alpha=1.23")
    assert "a file is a whole model" in refused("keras:net.keras?classes=3")
    assert "must be (3, height, width)" in refused(
        "keras:VGG16", ConfigError, preprocessing={"input_size": [224, 224, 3]}
    )


@pytest.mark.parametrize("file", [".weights.h5", ".h5"])
def test_weights_of_another_network(keras: ModuleType, tmp_path: Path, file: str) -> None:
    path = tmp_path / f"net{file}"
    model = keras.applications.MobileNetV2(weights=None, alpha=0.35, classes=7)
    model.save_weights(path) if file == ".weights.h5" else save_legacy(model, path)
    said = refused(f"keras:MobileNetV2?alpha=0.35&weights={path}", CheckpointError)
    assert "2 tensors do not fit" in said
    assert "is (1280, 7), the model has (1280, 1000)" in said
    assert "is (7,), the model has (1000,)" in said
    said = refused(f"keras:MobileNetV2?alpha=0.5&weights={path}", CheckpointError)
    assert said.count("the model has") == 5
    assert "; …" in said
    said = refused(f"keras:MobileNet?alpha=0.25&weights={path}", CheckpointError)
    assert "is missing" in said


def test_weights_that_hold_more_than_the_network(keras: ModuleType, tmp_path: Path) -> None:
    """Keras itself loads such a file without a word."""
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "more.weights.h5"
    keras.applications.MobileNet(weights=None, alpha=0.25, classes=7).save_weights(path)
    with h5py.File(path, "a") as file:
        file["layers/head/vars/0"] = np.zeros((3, 4))
    said = refused(f"keras:MobileNet?alpha=0.25&classes=7&weights={path}", CheckpointError)
    assert "1 tensors do not fit. layers/head/vars/0 is not in the model" in said


def test_weights_with_the_wrong_name(keras: ModuleType, tmp_path: Path) -> None:
    model = small(keras)
    save_legacy(model, tmp_path / "old.weights.h5")
    model.save_weights(tmp_path / "new.weights.h5")
    (tmp_path / "new.weights.h5").rename(tmp_path / "new.h5")
    for name in ("old.weights.h5", "new.h5"):
        said = refused(f"keras:MobileNet?weights={tmp_path}/{name}", CheckpointError)
        assert "Rename it" in said
    said = refused(f"keras:MobileNet?weights={tmp_path}/a.keras", CheckpointError)
    assert "is no file of Keras weights" in said
    said = refused(f"keras:{tmp_path}/old.weights.h5", CheckpointError)
    assert "keras:NAME?weights=" in said


@pytest.mark.parametrize("file", ["net.keras", "net.h5"])
def test_damaged_files(keras: ModuleType, tmp_path: Path, file: str) -> None:
    path = tmp_path / file
    assert "There is no Keras file at" in refused(f"keras:{path}", CheckpointError)
    small(keras).save(path)
    whole = path.read_bytes()
    for part in (b"", whole[: len(whole) // 2], b"x" * 500):
        path.write_bytes(part)
        assert "cut short or is not a Keras file" in refused(f"keras:{path}", CheckpointError)


@pytest.mark.parametrize("file", ["net.weights.h5", "net.h5"])
def test_damaged_weights(keras: ModuleType, tmp_path: Path, file: str) -> None:
    path = tmp_path / file
    source = f"keras:MobileNet?alpha=0.25&weights={path}"
    assert "There is no Keras file at" in refused(source, CheckpointError)
    model = keras.applications.MobileNet(weights=None, alpha=0.25)
    model.save_weights(path) if ".weights" in file else save_legacy(model, path)
    path.write_bytes(path.read_bytes()[:-5000])
    assert "cut short or is not a Keras file" in refused(source, CheckpointError)


@pytest.mark.parametrize("file", ["net.keras", "net.h5"])
def test_code_in_a_file_is_not_run(keras: ModuleType, tmp_path: Path, file: str) -> None:
    layers = keras.layers
    head = (layers.Lambda(lambda x: x + 1), layers.GlobalAveragePooling2D(), layers.Dense(3))
    small(keras, *head).save(tmp_path / file)
    assert "holds a Lambda layer" in refused(f"keras:{tmp_path}/{file}", CheckpointError)


@pytest.mark.parametrize("name", CODE)
@pytest.mark.parametrize("file", ["net.keras", "net.h5"])
def test_layers_that_bring_code_are_not_built(
    keras: ModuleType, tmp_path: Path, file: str, name: str
) -> None:
    """Whatever this version of Keras would do about them."""
    small(keras, keras.layers.Flatten(), keras.layers.Dense(3)).save(tmp_path / file)
    if file.endswith(".h5"):
        with h5py.File(tmp_path / file, "r+") as opened:
            config = str(opened.attrs["model_config"])
            opened.attrs["model_config"] = config.replace('"Flatten"', f'"{name}"')
    else:
        with zipfile.ZipFile(tmp_path / file) as archive:
            members = {each: archive.read(each) for each in archive.namelist()}
        config = members["config.json"].decode().replace('"Flatten"', f'"{name}"')
        with zipfile.ZipFile(tmp_path / file, "w") as archive:
            for member, data in (members | {"config.json": config.encode()}).items():
                archive.writestr(member, data)
    assert f"holds a {name} layer" in refused(f"keras:{tmp_path}/{file}", CheckpointError)


def test_layers_that_keras_does_not_know(keras: ModuleType, tmp_path: Path) -> None:
    class Mine(keras.layers.Layer):
        def call(self, x):
            return x

    small(keras, Mine(), keras.layers.Flatten(), keras.layers.Dense(3)).save(tmp_path / "a.keras")
    assert "export it with model.export" in refused(f"keras:{tmp_path}/a.keras")


def test_networks_that_can_not_be_split(keras: ModuleType, tmp_path: Path) -> None:
    layers = keras.layers
    flat = layers.GlobalAveragePooling2D()
    for head, said in {
        (flat, layers.Dense(3, "relu", name="d")): "Dense 'd' with the activation relu",
        (flat, layers.Dense(3), layers.ReLU(name="r")): "ends in ReLU 'r'",
        (layers.Conv2D(3, 3, name="k"), layers.Flatten()): r"kernel (3, 3)",
        (layers.Conv2D(3, 1, name="u"), layers.Flatten()): "Its features are not pooled",
    }.items():
        small(keras, *head).save(tmp_path / "a.keras")
        message = refused(f"keras:{tmp_path}/a.keras", SplitError, preprocessing=HALF)
        assert said in message
        assert "The last layers are: " in message or "last layers" in message
    image = keras.Input((12, 12, 3))
    keras.Model(image, [flat(image), flat(image)]).save(tmp_path / "a.keras")
    assert "has 2 outputs" in refused(f"keras:{tmp_path}/a.keras", SplitError, preprocessing=HALF)


def test_inputs_that_are_no_rgb_images(keras: ModuleType, tmp_path: Path) -> None:
    layers = keras.layers
    for shape, said in (
        ((12, 12, 1), "3 channels"),
        ((3, 12, 3), "first or last"),
        ((7,), "needed"),
    ):
        image = keras.Input(shape)
        keras.Model(image, layers.Dense(3)(layers.Flatten()(image))).save(tmp_path / "a.keras")
        assert said in refused(f"keras:{tmp_path}/a.keras", preprocessing=HALF)
    small(keras).save(tmp_path / "a.keras")
    said = refused(f"keras:{tmp_path}/a.keras", preprocessing=HALF | {"input_size": [3, 16, 16]})
    assert "takes images of 12 x 12 pixels" in said
    assert "mean, std missing" in refused(f"keras:{tmp_path}/a.keras")


def test_half_precision_is_refused(keras: ModuleType, tmp_path: Path) -> None:
    head = (keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, dtype="mixed_float16"))
    small(keras, *head).save(tmp_path / "a.keras")
    assert "computes in float16" in refused(f"keras:{tmp_path}/a.keras", preprocessing=HALF)


def test_no_gpu_is_an_error(keras: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    said = refused("keras:MobileNetV2", device="cuda")
    assert "'cuda' is not available: torch, which Keras runs on, finds 0 GPUs" in said


def test_no_internet_says_where_the_file_goes(
    keras: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keras.src.utils import file_utils

    def offline(url, *rest):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(file_utils, "urlretrieve", offline)
    monkeypatch.setenv("KERAS_HOME", "/home/me/.keras")
    said = refused("keras:MobileNetV2?alpha=1.4")
    file = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.4_224.h5"
    assert f"/{file} into /home/me/.keras/models" in said
    assert f"keras:MobileNetV2?alpha=1.4&weights=PATH/{file}" in said
    assert "weights=PATH" not in refused("keras:EfficientNetB0")


# --- Keras and its backends -----------------------------------------------------------------------


def test_a_missing_keras_prints_the_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    said = refused("keras:MobileNetV2", MissingExtraError)
    assert "pip install 'samefeatures[keras]'" in said
    assert "a backend of your choice: torch, jax or tensorflow" in said


@pytest.mark.parametrize(
    ("variable", "config", "there", "stands_in"),
    [
        (None, None, ("torch",), "torch"),
        (None, "tensorflow", ("torch",), "torch"),
        (None, "tensorflow", ("jax",), "jax"),
        (None, None, ("torch", "tensorflow"), None),
        (None, "torch", ("torch", "tensorflow"), None),
        (None, "jax", ("torch",), "torch"),
        ("torch", "jax", ("torch",), None),
        ("", None, ("torch",), "torch"),
        ("own_backend", None, (), None),
    ],
)
def test_which_backend_stands_in(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
    config: str | None,
    there: tuple[str, ...],
    stands_in: str | None,
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if variable is not None:
        monkeypatch.setenv("KERAS_BACKEND", variable)
    if config is not None:
        (tmp_path / "keras.json").write_text(json.dumps({"backend": config}))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name in there or None)
    assert keras_import._missing_backend() == stands_in


@pytest.mark.parametrize("text", ["{", '{"backend": "jax", "backend": "torch"}', "\0"])
def test_settings_of_keras_that_can_not_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "keras.json").write_text(text)
    with pytest.raises(ConfigError, match=r"keras\.json, where Keras .* Mend it or remove it"):
        keras_import._configured()


def test_no_backend_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    with pytest.raises(MissingExtraError, match="Keras needs a backend, and none is installed"):
        keras_import._missing_backend()
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(MissingExtraError, match="KERAS_BACKEND is 'jax', which is not installed"):
        keras_import._missing_backend()


def test_without_tensorflow_keras_runs_on_torch_and_nothing_is_left_behind(
    keras: ModuleType, tmp_path: Path
) -> None:
    small(keras).save(tmp_path / "net.keras")
    code = f"""
import logging, os, sys, warnings
sys.modules["tensorflow"] = None
before = dict(os.environ), list(warnings.filters)
import samefeatures as sf
network = sf.load("keras:{tmp_path}/net.keras", preprocessing={HALF})
print(network.backend.runtime)
assert "KERAS_BACKEND" not in os.environ
# Keras itself sets this one on every backend but TensorFlow.
os.environ.pop("TF_FORCE_GPU_ALLOW_GROWTH")
assert dict(os.environ) == before[0], set(os.environ) ^ set(before[0])
assert logging.getLogger("tensorflow").level == logging.getLogger("absl").level == 0
"""
    out = run_python("-c", code)
    assert out.startswith("keras 3.")
    assert ", torch " in out


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_nothing_is_said_on_stderr(keras: ModuleType, tmp_path: Path, backend: str) -> None:
    small(keras).save(tmp_path / "net.keras")
    code = f"""
import numpy as np
import samefeatures as sf
network = sf.load("keras:{tmp_path}/net.keras", preprocessing={HALF})
network.backend.features(np.zeros((2, 3, 12, 12), np.float32))
print(network.backend.runtime)
"""
    assert f", {backend} " in run_python("-c", code, backend=backend)
