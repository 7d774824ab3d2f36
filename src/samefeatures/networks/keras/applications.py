"""Networks of ``keras.applications``, with the preprocessing that Keras says for each."""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

from samefeatures.base.errors import CheckpointError, NetworkError, did_you_mean
from samefeatures.images.input_values import checked_size
from samefeatures.networks.keras.importing import to_numpy
from samefeatures.networks.source import LoadOptions, Source, resolve_path
from samefeatures.networks.tensorflow.setup import quiet_tensorflow

OPTIONS: Mapping[str, Callable[[str], object]] = {
    "alpha": float,
    "depth_multiplier": int,
    "minimalistic": {"true": True, "false": False}.__getitem__,
    "classes": int,
}
"""Arguments of applications that a source may give, and how their values read."""
USUAL = (3, 224, 224)
"""Size of an application that Keras builds without one (MobileNetV3), and was trained at."""
UNSCALED = tuple(f"EfficientNetB{i}" for i in range(8))
"""Keras builds them with one layer more for its own ImageNet weights than for any others."""


def build_application(
    keras: ModuleType, source: Source, options: LoadOptions
) -> tuple[Any, dict[str, object], bool]:
    """The network, the fields of its preprocessing, and whether it takes channels as BGR.

    Weights are those of ``?weights=PATH``, else Keras's own for ImageNet. Mean, std and channel
    order are read off the application's ``preprocess_input``. Keras says nothing of crops and
    resizing: they are the central 87.5 % and bilinear, as Google evaluates. The size is Keras's
    own, or 224 where it has none; an ``input_size`` of the study builds the network for that size,
    with the same weights.

    Raises:
        NetworkError: when there is no such application, an option is wrong, or the weights can't
            be had.
        CheckpointError: when the file does not fit.
    """
    function = _find(keras, source)
    arguments = _arguments(function, source)
    build = partial(_call, function, source, **arguments)
    size = options.overrides.get("input_size")
    shape = None if size is None else _shape(keras, size)
    if "weights" in source.query:
        from samefeatures.networks.keras.files import load_weights

        with quiet_tensorflow():
            model = build(weights=None, **({} if shape is None else {"input_shape": shape}))
            path = resolve_path(source.query["weights"], options.base)
            load_weights(model, path, source=source.text)
        _refuse_unscaled(keras, model, source)
    else:
        with redirect_stdout(sys.stderr):  # the bar of a download
            model = build(weights="imagenet")
        if shape is not None:
            model = _resized(model, shape, source, build)
    mean, std, bgr = normalisation(sys.modules[function.__module__].preprocess_input)
    fields = {"mean": mean, "std": std, "crop_pct": 0.875, "interpolation": "bilinear"}
    if None in tuple(model.inputs[0].shape)[1:]:
        fields["input_size"] = USUAL
    return model, fields, bgr


def applications(keras: ModuleType) -> list[str]:
    """Names of all that Keras has."""
    return [
        name
        for name in dir(keras.applications)
        if name[0].isupper() and inspect.isfunction(getattr(keras.applications, name))
    ]


def _find(keras: ModuleType, source: Source) -> Callable[..., Any]:
    names = applications(keras)
    if source.rest not in names:
        raise NetworkError(
            f"Keras {keras.__version__} has no application '{source.rest}'. "
            f"{did_you_mean(source.rest, names)}There are: {', '.join(names)}. A file is named "
            "with its ending: keras:model.keras"
        )
    found: Callable[..., Any] = getattr(keras.applications, source.rest)
    return found


def _arguments(function: Callable[..., Any], source: Source) -> dict[str, object]:
    """The options of a source as arguments of its application."""
    out: dict[str, object] = {}
    for key, value in source.query.items():
        if key == "weights":
            continue
        if key not in inspect.signature(function).parameters:
            raise NetworkError(f"{source.text}: {source.rest} has no option '{key}'. Leave it out.")
        try:
            out[key] = OPTIONS[key](value)
        except (ValueError, KeyError):
            kind = {float: "a number", int: "a whole number"}.get(OPTIONS[key], "true or false")  # type: ignore[call-overload]
            raise NetworkError(f"{source.text}: {key} is '{value}'; it must be {kind}.") from None
    return out


def _call(function: Callable[..., Any], source: Source, **arguments: object) -> Any:
    try:
        return function(**arguments)
    except Exception as error:  # the download fails with a bare Exception
        said = str(error)
        url = re.search(r"(https?://\S+/([^/\s]+?)):? ", said)
        if url is None:
            raise NetworkError(
                f"Keras can't build {source.text} ({' '.join(said.split())[:200]})."
            ) from None
        kept = "".join(f"{key}={value}&" for key, value in source.query.items())
        named = f", or name the file: keras:{source.rest}?{kept}weights=PATH/{url[2]}"
        raise NetworkError(
            f"The ImageNet weights of {source.text} could not be downloaded "
            f"({said.rpartition(' -- ')[2].splitlines()[0][:80]}). Put {url[1]} into {_cache()}"
            + ("." if source.rest in UNSCALED else named)
        ) from None


def _cache() -> str:
    """Where Keras looks for weights before it downloads them."""
    return f"{os.environ.get('KERAS_HOME') or '~/.keras'}/models"


def _shape(keras: ModuleType, size: object) -> tuple[int, ...]:
    """The shape of the input for an ``input_size`` of the study."""
    channels, height, width = checked_size(size)
    if keras.config.image_data_format() == "channels_first":
        return (channels, height, width)
    return (height, width, channels)


def _resized(model: Any, shape: tuple[int, ...], source: Source, build: Callable[..., Any]) -> Any:
    """The same network for images of another size."""
    if tuple(model.inputs[0].shape[1:]) == shape:
        return model
    other = build(weights=None, input_shape=shape)
    kinds = [[type(layer) for layer in each.layers] for each in (model, other)]
    shapes = [[tuple(weight.shape) for weight in each.weights] for each in (model, other)]
    if kinds[0] != kinds[1] or shapes[0] != shapes[1]:
        raise NetworkError(
            f"{source.text}: Keras has its ImageNet weights for images of "
            f"{tuple(model.inputs[0].shape[1:])} alone. Leave out input_size."
        )
    other.set_weights(model.get_weights())
    return other


def _refuse_unscaled(keras: ModuleType, model: Any, source: Source) -> None:
    """Keras's own weights of ``UNSCALED``, which went into a network without that layer.

    They are known by their normalisation, which holds the standard deviations of ImageNet where
    variances should be; the layer is what makes up for it.
    """
    if source.rest not in UNSCALED:
        return
    (layer,) = (each for each in model.layers if type(each).__name__ == "Normalization")
    variance = np.ravel(to_numpy(keras, layer.variance))
    if np.allclose(variance, (0.229, 0.224, 0.225), atol=1e-4):
        raise CheckpointError(
            f"{source.text}: these are Keras's ImageNet weights, which need a layer that Keras "
            f"adds for them alone. Put the file into {_cache()} under its own name, and leave out "
            "'weights'."
        )


def normalisation(preprocess: Callable[[Any], Any]) -> tuple[list[float], list[float], bool]:
    """Mean and std for RGB pixels in [0, 1], and whether the channels come out as BGR.

    Read off the function itself: each channel of its output is ``a·pixel + b`` of one channel of
    its input, so that an image of zeros and one for each channel show all there is.

    Raises:
        NetworkError: when it is something else.
    """
    images = np.zeros((4, 1, 1, 3))
    images[range(1, 4), 0, 0, range(3)] = 255.0
    out = np.asarray(preprocess(images.copy()), np.float64).reshape(4, 3)
    offset, rise = out[0], (out[1:] - out[0]) / 255  # rise[c]: what channel c of the input does
    for bgr in (False, True):
        order = [2, 1, 0] if bgr else [0, 1, 2]
        scale = rise[[0, 1, 2], order]
        straight = np.zeros((3, 3))
        straight[[0, 1, 2], order] = scale
        if (scale > 0).all() and np.allclose(rise, straight, rtol=0, atol=1e-12):
            mean = -offset[order] / scale / 255
            return ([round(m, 12) for m in mean.tolist()], (1 / scale / 255).tolist(), bgr)
    raise NetworkError("An application's preprocess_input is not mean and std per channel.")
