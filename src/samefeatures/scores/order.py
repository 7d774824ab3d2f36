"""An order of spaces in which those that are near stand side by side."""

from __future__ import annotations

import numpy as np

from samefeatures.base.arrays import Float64
from samefeatures.scores.gaps import without_gaps


def dendrogram_order(distances: Float64) -> list[int]:
    """Leaves of the dendrogram of average linkage, turned so that neighbours are nearest.

    SciPy's ``linkage(…, "average", optimal_ordering=True)``; of both directions that it may be read
    in, the one that begins with the earlier space. Both directions of a pair count as their mean.
    Spaces of which not every pair is known come last, in the order that they have.

    Args:
        distances: (N, N) from source to target, 0 the nearest; NaN where it is not known.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    both = np.maximum((distances + distances.T) / 2, 0.0)
    np.fill_diagonal(both, 0.0)
    known = without_gaps(both)
    rest = [i for i in range(len(both)) if i not in known]
    if len(known) > 2:
        between = squareform(both[np.ix_(known, known)])
        leaves = leaves_list(linkage(between, "average", optimal_ordering=True))
        known = [known[i] for i in (leaves if leaves[0] < leaves[-1] else leaves[::-1])]
    return [*known, *rest]
