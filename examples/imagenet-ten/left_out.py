"""Learned by heart, or do the sets differ? ``python left_out.py OUT`` on a finished study.

Fits OLS out of the first network on nine tenths of the fit images, and prints how often the hybrids
agree with their targets on these, on the tenth that was left out, and on the eval images.
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

import numpy as np
from few_images import features, stored

import samefeatures as sf


def main(out: Path) -> None:
    """Print one row per target."""
    networks, fit, evaluation = stored(out)
    x_fit, x_eval = features(fit), features(evaluation)
    source, *targets = networks
    # The views of an image stay together.
    images = [name.partition("#")[0] for name in fit[source].ids]
    seen = np.array([zlib.crc32(image.encode()) % 10 != 0 for image in images])
    moments = sf.Moments(list(networks), [network.dim for network in networks.values()])
    moments.update(*(x[seen] for x in x_fit.values()))
    print(f"out of {source}: agreement, %\n")
    print("| target | fitted on | same sets, left out | eval |\n|---|---|---|---|")
    for fitted in sf.OLS().fit(sf.SourceProblem(source, networks, moments), targets):
        target = networks[fitted.target]
        hybrid = fitted.fold(target)
        on_fit, on_eval = (
            says(x[source], hybrid) == says(x[target.name], target.head) for x in (x_fit, x_eval)
        )
        shares = (on_fit[seen].mean(), on_fit[~seen].mean(), on_eval.mean())
        print(f"| {target.name} | " + " | ".join(f"{100 * share:.1f}" for share in shares) + " |")


def says(x: np.ndarray, head: sf.Head) -> np.ndarray:
    """(n,) classes predicted by a head from features (n, d)."""
    weight, bias = np.float32(head.weight), np.float32(head.bias)
    return np.asarray((x @ weight.T + bias).argmax(axis=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
