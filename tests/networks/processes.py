"""Programs in a process of their own, and Keras on a backend of our choice."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def keras_on_torch() -> Iterator[None]:
    """Have Keras on torch and its settings away from home, whoever imports it: TensorFlow does."""
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", home)
        patch.setenv("KERAS_BACKEND", "torch")
        yield


def run_python(*arguments: str, backend: str | None = None) -> str:
    """Run a program in a fresh process; it must not fail, nor say a word on stderr."""
    env = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND" and not k.startswith("TF_")}
    env |= {} if backend is None else {"KERAS_BACKEND": backend}
    with tempfile.TemporaryDirectory() as home:
        out = subprocess.run(
            [sys.executable, *arguments],
            env=env | {"KERAS_HOME": home},
            capture_output=True,
            text=True,
            check=False,
        )
    assert out.returncode == 0, out.stderr
    assert out.stderr == ""
    return out.stdout
