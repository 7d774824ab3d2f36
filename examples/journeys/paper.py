"""Two networks of your own to a paper's table."""

import samefeatures as sf
from networks import HELD_OUT, MEAN, STD, trained

# What the networks saw in training: never guessed.
given = {"input_size": (3, 28, 28), "mean": (MEAN,) * 3, "std": (STD,) * 3}
narrow = sf.load(trained(8), name="narrow", preprocessing=given)
wide = sf.load(trained(24), name="wide", preprocessing=given)

study = {
    "networks": [narrow, wide],
    "data": {"fit": {"source": "fashion-mnist:fit", "limit": 4000}, "eval": HELD_OUT},
    "methods": ["ols"],
    "controls": True,
}
results = sf.Study(sf.parse_config(study), out="paper").score()
for (source, target), cell in results.table("ols").items():
    print(f"{source} through the head of {target}: {cell.top1:.1f} %")
sf.write_report(results, "paper/report")  # table_ols.tex for the paper, report.html to read
