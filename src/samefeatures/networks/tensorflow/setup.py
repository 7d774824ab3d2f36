"""TensorFlow without its start-up messages, its GPUs, and its precision (no TensorFlow needed)."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ENVIRONMENT = "TF_CPP_MIN_LOG_LEVEL"
LOGGERS = ("tensorflow", "absl")
CHATTER = re.compile(
    r"^(WARNING: All log messages before absl|To enable the following instructions:"
    r"|[IWE]\d{4} \d\d:\d\d:|[IWE]0000 00:00:\d+|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] )"
)
"""Lines of TensorFlow's C++ side: its log format, and the two that it prints without one."""


@contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Import TensorFlow, or load a network with it, without its messages.

    The environment variable, the levels of its loggers and the warning filters are put back
    afterwards; a level that the user asked for by ``TF_CPP_MIN_LOG_LEVEL`` is left alone, and all
    messages with it. Some messages of the C++ side come before any level is read: while the block
    runs, the process's stderr goes to a temporary file, and every line of it that is not
    TensorFlow's is written out at the end.
    """
    _import_triton()
    if ENVIRONMENT in os.environ:
        yield
        return
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    os.environ[ENVIRONMENT] = "3"
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), _without_chatter():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.environ.pop(ENVIRONMENT, None)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _import_triton() -> None:
    """Triton, which torch brings, in front of TensorFlow: in the other order the process crashes.

    Both hold a copy of LLVM. Seen with triton 3.8.0 and TensorFlow 2.21.0: ``import tensorflow,
    torchvision`` ends in a segmentation fault, and so would a study with networks of both.
    """
    if "tensorflow" in sys.modules or "triton" in sys.modules:
        return
    if importlib.util.find_spec("tensorflow") and importlib.util.find_spec("triton"):
        with suppress(ImportError):  # a broken one will not be imported later either
            importlib.import_module("triton")


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Catch what is written to file descriptor 2, and let through what is not TensorFlow's."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # no stderr at all: nothing to keep clean
        yield
        return
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for raw in caught:
                if not CHATTER.match(raw.decode("utf-8", "replace")):
                    os.write(2, raw)


def start_tensorflow() -> None:
    """Run one operation, so that what TensorFlow says at its first one is said now."""
    import tensorflow as tf

    tf.add(tf.constant(0.0), 1.0)


def count_tensorflow_gpus() -> int:
    """GPUs that TensorFlow finds in this process."""
    import tensorflow as tf

    with quiet_tensorflow():
        return len(tf.config.list_physical_devices("GPU"))


@contextmanager
def tensorflow_full_float32() -> Iterator[None]:
    """TensorFlow without TF32; the setting is put back afterwards."""
    import tensorflow as tf

    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)
