"""Features of an ONNX classifier, by ONNX Runtime; and the hybrid that it can become."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import SplitError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.onnx.graph import Graph
from samefeatures.networks.onnx.random import randomise_onnx
from samefeatures.networks.onnx.run import ImageInput, Runner
from samefeatures.networks.onnx.split import OnnxSplit
from samefeatures.networks.proof import probe_images, prove
from samefeatures.networks.record import Head, SplitProof


class OnnxBackend:
    """Runs the graph up to the head's input.

    Args:
        split: The graph in two parts.
        images: Its input.
        threads: Threads per operation; None leaves it to ONNX Runtime.
        device: ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        NetworkError: when ONNX Runtime refuses the graph.
    """

    def __init__(
        self, split: OnnxSplit, images: ImageInput, *, threads: int | None, device: str, source: str
    ) -> None:
        self.split = split
        self.source = source
        self._threads = threads
        self._device = device
        self._run = Runner(split.features, images, split.tensor, threads=threads, device=device)
        self.runtime = f"onnxruntime {onnxruntime.__version__}"
        if device != "cpu":
            self.runtime += " cuda"

    def features(self, images: Float32) -> Float32:
        """(b, 3, h, w) preprocessed images to (b, d) features.

        Raises:
            NetworkError: when ONNX Runtime fails.
            SplitError: when the head's input is not one vector per image.
        """
        out = self._run(images)
        dim = self.split.head.dim
        if len(out) != len(images) or out.size != len(images) * dim:
            raise SplitError(
                f"{self.source}: '{self.split.claim.layer}' takes {out.shape} for {len(images)} "
                f"images, not one vector of {dim} per image. Its features are not pooled; the last "
                f"operations are: {self.split.claim.found}."
            )
        return out.reshape(len(images), dim)

    def prove(
        self,
        model: onnx.ModelProto,
        preprocessing: Preprocessing,
        *,
        threads: int | None,
        device: str,
    ) -> SplitProof:
        """Hold the parts against the whole ``model`` on probe images.

        Raises:
            SplitError: when they differ.
        """
        whole = Runner(model, self._run.input, self.split.output, threads=threads, device=device)

        def network(images: Float32) -> Float32:
            return whole(images).reshape(len(images), -1)

        probe = probe_images(preprocessing)
        return prove(
            self.split.claim, self.split.head, self.features, network, probe, source=self.source
        )

    def with_random_weights(self, *, seed: int) -> OnnxBackend:
        """The same graph with weights drawn from ``seed``; see ``randomise_onnx``.

        Raises:
            NetworkError: when its weights can't be drawn anew.
        """
        drawn = randomise_onnx(self.split.features, seed=seed, source=self.source)
        return OnnxBackend(
            replace(self.split, features=drawn),
            self._run.input,
            threads=self._threads,
            device=self._device,
            source=self.source,
        )

    def hybrid_model(self, head: Head, preprocessing: Preprocessing) -> onnx.ModelProto:
        """The graph with ``head`` in place of its own; one output, ``logits``.

        ``preprocessing`` has no say: the graph has its own input size.
        """
        del preprocessing
        model = onnx.ModelProto()
        model.CopyFrom(self.split.features)
        graph = model.graph
        del graph.output[:], graph.value_info[:]
        rename = {"logits": "logits_of_source"}
        _rename(graph, rename)
        tensor = rename.get(self.split.tensor, self.split.tensor)
        taken = {name for node in graph.node for name in node.output} | {
            t.name for t in graph.initializer
        }
        names = [_free(name, taken) for name in ("features_flat", "head_weight", "head_bias")]
        flat, weight, bias = names
        graph.initializer.extend(
            [
                numpy_helper.from_array(np.ascontiguousarray(head.weight), weight),
                numpy_helper.from_array(np.ascontiguousarray(head.bias), bias),
            ]
        )
        graph.node.extend(
            [
                helper.make_node("Flatten", [tensor], [flat], axis=1),
                helper.make_node("Gemm", [flat, weight, bias], ["logits"], transB=1),
            ]
        )
        (images,) = (v for v in graph.input if v.name == self._run.input.name)
        batch = self._run.input.batch or _batch_name(images)
        graph.output.append(
            helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [batch, head.classes])
        )
        return model


def _rename(graph: onnx.GraphProto, names: dict[str, str]) -> None:
    """Give tensors other names, where they are made and where they are read."""
    for node in graph.node:
        for field in (node.input, node.output):
            for i, name in enumerate(field):
                field[i] = names.get(name, name)
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.HasField("g") else attribute.graphs:
                _rename(inner, names)
    for value in (*graph.initializer, *graph.input, *graph.output):
        value.name = names.get(value.name, value.name)


def _batch_name(images: onnx.ValueInfoProto) -> str:
    dims = images.type.tensor_type.shape.dim
    return (dims[0].dim_param if dims else "") or "batch"


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def open_exported(model: onnx.ModelProto, *, threads: int | None = None) -> Runner:
    """A runner for the ``logits`` of a written hybrid.

    Raises:
        NetworkError: when it is not such a model.
    """
    images = ImageInput.of(Graph(model).inputs, source="the exported file")
    return Runner(model, images, "logits", threads=threads)
