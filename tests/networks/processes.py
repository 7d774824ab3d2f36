"""Programs in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys


def run_python(*arguments: str, backend: str | None = None, **environment: str) -> str:
    """Run a program in a fresh process; it must not fail, nor say a word on stderr."""
    env = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND" and not k.startswith("TF_")}
    env |= {} if backend is None else {"KERAS_BACKEND": backend}
    out = subprocess.run(
        [sys.executable, *arguments],
        env=env | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert out.returncode == 0, out.stderr
    assert out.stderr == ""
    return out.stdout
