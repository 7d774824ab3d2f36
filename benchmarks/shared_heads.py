"""What it saves to decompose every head once: ``python -m benchmarks.shared_heads``."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from samefeatures.joint.record import Moments
from samefeatures.maps import Logit, SourceProblem
from samefeatures.maps.heads import HeadInverses
from samefeatures.networks.record import FeatureFile, Head

DIMS = (512, 640, 768, 896, 1024, 1152, 1280, 1536, 1792, 2048)
CLASSES = 1000


def run() -> None:
    """All 90 logit maps of ten networks, both ways in turn; prints the faster of two each."""
    rng = np.random.default_rng(0)
    names = [f"n{d}" for d in DIMS]
    networks = {name: _network(name, d, rng) for name, d in zip(names, DIMS, strict=True)}
    moments = Moments(names, DIMS)
    moments.update(*(rng.standard_normal((64, d), np.float32) for d in DIMS))
    seconds: dict[str, list[float]] = {"each source its own": [], "shared": []}
    for _ in range(2):
        for way, found in seconds.items():
            heads = HeadInverses(networks) if way == "shared" else None
            start = perf_counter()
            for source in names:
                problem = SourceProblem(source, networks, moments, heads=heads)
                for _map in Logit().fit(problem, [n for n in names if n != source]):
                    pass
            found.append(perf_counter() - start)
    for way, found in seconds.items():
        print(f"{way}: {min(found):.1f} s")


def _network(name: str, dim: int, rng: np.random.Generator) -> FeatureFile:
    head = Head(rng.standard_normal((CLASSES, dim), np.float32), np.zeros(CLASSES, np.float32))
    empty = np.zeros((0, dim), np.float32)
    return FeatureFile(
        name=name,
        source=f"npz:{name}",
        head=head,
        fingerprint=name,
        fit_features=empty,
        eval_features=empty,
        eval_labels=np.zeros(0, np.int64),
    )


if __name__ == "__main__":
    run()
