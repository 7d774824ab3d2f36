"""A table read with doubt: what else could have made it?"""

import samefeatures as sf

study = sf.parse_config(
    {
        "networks": ["mini:resnet_v1", "mini:inception_v3", "mini:nasnet"],
        "data": {
            "fit": {"source": "fashion-mnist:fit", "limit": 4000},
            "eval": {"source": "fashion-mnist:eval", "limit": 2000},
        },
        "methods": ["ols"],
        "controls": True,
    }
)
results = sf.Study(study, out="doubt").score()
sf.write_report(results, "doubt/report")
cell = results.table("ols")["resnet_v1", "inception_v3"]
print(f"{cell.source} through the head of {cell.target}: {cell.top1:.1f} %")

# Is it noise? The interval, and the test against the target's own features on the same images.
print(f"between {cell.ci_low:.1f} and {cell.ci_high:.1f} %, {cell.target} itself ", end="")
print(f"{cell.target_top1:.1f} %: p = {cell.p_vs_target:.2g}")

# Was the map well posed, and was anything left out or seen twice?
(fit,) = [f for f in results.fits if (f.source, f.target) == (cell.source, cell.target)]
print(f"rank {fit.rank} of {fit.full_rank}, {results.fit_data.rows} rows", *results.warnings)

# Would its answers alone have done, or pixels, or the same network with random weights?
for row in results.controls.spaces.rows:
    if row.target == cell.target and row.of in (cell.source, None):
        print(f"{row.kind} alone: {row.top1:.1f} %")

# What does it know of the target beyond them? An interval above zero: something.
for row in results.controls.spaces.beyond:
    if (row.source, row.target, row.of) == (cell.source, cell.target, "features"):
        print(f"beyond {row.given}: R² {row.r2:.3f} ({row.ci_low:.3f} to {row.ci_high:.3f})")
