"""TensorFlow's checkpoint files, read without TensorFlow."""

from samefeatures.networks.tensorflow.checkpoints.checkpoint import (
    TensorFlowCheckpoint,
    find_checkpoint,
)

__all__ = ["TensorFlowCheckpoint", "find_checkpoint"]
