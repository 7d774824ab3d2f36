"""What few fit images do to OLS and ridge: ``python few_images.py OUT`` on a finished study.

Takes evenly spread rows of the stored fit features, so that nothing is extracted again, and prints
a Markdown table: median change against the source and median R², over all maps.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np

import samefeatures as sf

METHODS = {"ols": sf.OLS(), "ridge 0.1": sf.Ridge(alpha=0.1), "ridge 1": sf.Ridge(alpha=1.0)}


def main(out: Path) -> None:
    """Print one row per number of fit rows."""
    networks, fit, evaluation = stored(out)
    x_fit, x_eval = features(fit), features(evaluation)
    labels = next(iter(evaluation.values())).labels
    if labels is None:
        raise SystemExit("the eval set has no labels")
    own = {n: sf.score_heads([(x_eval[n], labels)], [net.head])[0] for n, net in networks.items()}
    total = len(next(iter(x_fit.values())))
    print("| fit rows | " + " | ".join(f"{m}: change, % | R²" for m in METHODS) + " |")
    print("|---" * (1 + 2 * len(METHODS)) + "|")
    eval_moments = sf.Moments(list(networks), [net.dim for net in networks.values()])
    eval_moments.update(*x_eval.values())
    for n in (500, 1000, 2000, 5000, total):
        rows = np.arange(n) * total // n
        moments = sf.Moments(list(networks), [net.dim for net in networks.values()])
        moments.update(*(x[rows] for x in x_fit.values()))
        cells = []
        for method in METHODS.values():
            changes, r2 = [], []
            for source in networks:
                problem = sf.SourceProblem(source, networks, moments)
                maps = list(method.fit(problem, [t for t in networks if t != source]))
                heads = [fitted.fold(networks[fitted.target]) for fitted in maps]
                scores = sf.score_heads([(x_eval[source], labels)], heads)
                base = own[source].top1
                changes += [100 * (score.top1 - base) / base for score in scores]
                r2 += [sf.closeness(eval_moments, fitted).r2 for fitted in maps]
            cells.append(f"{statistics.median(changes):.1f} | {statistics.median(r2):.2f}")
        print(f"| {n:,} | " + " | ".join(cells) + " |", flush=True)


def stored(out: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """(networks, rows of the fit set, rows of the eval set) of the study in ``out``, by name."""
    here = Path(__file__).parent
    study = sf.Study(sf.read_config(here / "study.yaml"), out=out, base=here)
    fit, evaluation = study.extract()
    return dict(study.inputs.networks), dict(fit.rows), dict(evaluation.rows)


def features(rows: dict[str, Any]) -> dict[str, np.ndarray]:
    """All of them in memory, (n, d) each."""
    return {name: np.concatenate(list(each.chunks(4096))) for name, each in rows.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
