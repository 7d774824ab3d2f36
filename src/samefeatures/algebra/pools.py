"""One pool of threads: NumPy's BLAS and SciPy's are two libraries, and each keeps threads that
wait busily for more work. Where calls of both alternate, they take the processors from each other:
the demo's maps of fewer rows took five times as long.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def one_pool() -> Iterator[None]:
    """NumPy's own BLAS has one thread while the block runs; products are SciPy's, with all.

    Where both share one library, nothing is limited. As a decorator it holds for a call.
    """
    import numpy as np
    from threadpoolctl import ThreadpoolController

    home = Path(np.__file__).parent
    controller = ThreadpoolController()
    mine = [
        each.filepath
        for each in controller.lib_controllers
        if each.user_api == "blas"
        and {home, home.with_name("numpy.libs")} & set(Path(each.filepath).parents)
    ]
    with controller.select(filepath=mine).limit(limits=1):
        yield
