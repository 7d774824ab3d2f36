"""Features of an ONNX classifier, by ONNX Runtime; and the hybrid that it can become."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import NetworkError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.graph_backend import GraphBackend, ImageLayout, Lanes, Run
from samefeatures.networks.onnx.files import IN_MEMORY
from samefeatures.networks.onnx.graph import Graph
from samefeatures.networks.onnx.random import randomise_onnx
from samefeatures.networks.onnx.run import image_input, lanes_of, open_run
from samefeatures.networks.onnx.split import OnnxSplit
from samefeatures.networks.record import Head

PROOF_SECONDS = 600
"""That the few images of the proof may take."""
NOT_FLOAT32 = (onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)


@dataclass(frozen=True, eq=False, kw_only=True)
class OnnxBackend(GraphBackend):
    """Runs the graph up to the head's input.

    Attributes:
        split: The graph in two parts.
        given: Name of its image input.
        threads: Of the processor; None takes them all.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    split: OnnxSplit
    given: str
    threads: int | None
    device: str

    @classmethod
    def open(
        cls,
        split: OnnxSplit,
        images: tuple[str, ImageLayout],
        *,
        threads: int | None,
        device: str,
        source: str,
    ) -> OnnxBackend:
        """A backend for the part before the head; ``images`` is what ``image_input`` gives.

        Raises:
            NetworkError: when ONNX Runtime refuses the graph, or has no such device.
        """
        given, layout = images
        lanes = lanes_of(layout, threads=threads, device=device)
        each = 1 if lanes > 1 else threads
        return cls(
            runtime=f"onnxruntime {onnxruntime.__version__}{'' if device == 'cpu' else ' cuda'}",
            source=source,
            layout=layout,
            head=split.head,
            claim=split.claim,
            run=open_run(
                split.features,
                given,
                split.tensor,
                threads=each,
                device=device,
                folder=split.folder,
            ),
            lanes=Lanes.open(lanes),
            split=split,
            given=given,
            threads=threads,
            device=device,
        )

    def open_whole(self, model: onnx.ModelProto, output: str) -> Run:
        """The whole graph, for the proof: one batch at a time, on all threads, for a bounded time.

        Raises:
            NetworkError: when ONNX Runtime refuses the graph.
        """
        return open_run(
            model,
            self.given,
            output,
            threads=self.threads,
            device=self.device,
            folder=self.split.folder,
            seconds=PROOF_SECONDS,
        )

    def with_random_weights(self, *, seed: int) -> OnnxBackend:
        """The same graph with weights drawn from ``seed``; see ``randomise_onnx``.

        Raises:
            NetworkError: when its weights can't be drawn anew.
        """
        self._refuse_large("can't be given random weights")
        return OnnxBackend.open(
            replace(
                self.split,
                features=randomise_onnx(self.split.features, seed=seed, source=self.source),
            ),
            (self.given, self.layout),
            threads=self.threads,
            device=self.device,
            source=self.source,
        )

    def _refuse_large(self, what: str) -> None:
        if self.split.folder is not None:
            raise NetworkError(
                f"{self.source} {what}: it has more than {IN_MEMORY:,} bytes of weights, which "
                "stay in their files."
            )

    def hybrid_model(self, head: Head, preprocessing: Preprocessing) -> onnx.ModelProto:
        """The graph with ``head`` in place of its own; one output, ``logits``.

        ``preprocessing`` has no say: the graph has its own input size.

        Raises:
            NetworkError: when it is too large for one file.
        """
        del preprocessing
        self._refuse_large("can't become a hybrid in one file")
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
        graph.node.append(helper.make_node("Flatten", [tensor], [flat], axis=1))
        if any(map(Graph(model).of_type, NOT_FLOAT32)):
            wide = _free("features_float32", taken)
            graph.node.append(helper.make_node("Cast", [flat], [wide], to=onnx.TensorProto.FLOAT))
            flat = wide
        graph.node.append(helper.make_node("Gemm", [flat, weight, bias], ["logits"], transB=1))
        (images,) = (v for v in graph.input if v.name == self.given)
        batch = self.layout.batch or _batch_name(images)
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


def open_exported(model: onnx.ModelProto, *, threads: int | None = None) -> Run:
    """Of a written hybrid: (b, 3, h, w) preprocessed images to (b, classes) logits.

    Raises:
        NetworkError: when it is not such a model.
    """
    source = "the exported file"
    given, layout = image_input(Graph(model).inputs, source=source)
    run = open_run(model, given, "logits", threads=threads)

    def logits(images: Float32) -> Float32:
        return layout.run(run, images, source=source)

    return logits
