"""Native code that may hang, or end the whole process, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

from samefeatures.base.errors import FileError


def apart(module: str, *arguments: str, data: bytes, seconds: float) -> bytes:
    """What a module writes to its output, of what it reads from its input.

    Args:
        module: Run as ``python -m``, with this process's path.
        arguments: Of its command line.
        data: Its input.
        seconds: That it may take.

    Raises:
        FileError: when it fails, dies, or takes longer.
    """
    code = f"import sys; sys.path[:] = {sys.path!r}; sys.argv[1:] = {list(arguments)!r}\n"
    code += f"import runpy; runpy.run_module({module!r}, run_name='__main__')"
    command = [sys.executable, "-c", code]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise FileError(f"reading it takes longer than {seconds:g} seconds") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise FileError(f"reading it failed ({lines[-1][:200] if lines else done.returncode})")
    return done.stdout
