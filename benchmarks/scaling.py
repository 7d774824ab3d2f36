"""How each stage grows with networks, features and images: four sizes each, fitted exponents.

Everything is measured on made-up features and on a ResNet-18 with random weights; the figures at
the thesis' size (ten networks, 21,408 features, 1,281,167 + 50,000 images), at 100 networks and at
a billion images are extrapolated from the largest size that was measured, by the number of
multiply-adds or bytes. ``python -m benchmarks pages`` writes them into docs/scaling.md.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.algebra import THESIS_DIMS, fake
from benchmarks.record import RESULTS, Line, alternately, machine, product_rate, seconds
from samefeatures.base.progress import Silent
from samefeatures.features.extract import extract
from samefeatures.images.imageset import ImageSet
from samefeatures.joint.kept import chunk_rows
from samefeatures.joint.record import Moments
from samefeatures.maps import OLS, Sizes, SourceProblem
from samefeatures.networks.load import load
from samefeatures.networks.record import Head, ImageNetwork
from samefeatures.planning.algebra import measure_algebra
from samefeatures.planning.decoding import decode_rate, photographs
from samefeatures.planning.rates import measure_features
from samefeatures.scores.heads import score_heads
from samefeatures.study.config import parse_config
from samefeatures.study.inputs import Part

REPEAT = 2
CLASSES = 1000
Run = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """One stage at four sizes.

    Attributes:
        stage: What is timed.
        over: What grows: ``networks``, ``features`` or ``images``.
        held: What does not.
        sizes: Four.
        seconds: At each; the fastest of some runs.
        expected: The exponent that the algorithm has once its largest term leads.
    """

    stage: str
    over: str
    held: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    expected: float

    @property
    def exponent(self) -> float:
        """Slope of the line through the logarithms."""
        return exponent(self.sizes, self.seconds)


def exponent(sizes: Sequence[float], times: Sequence[float]) -> float:
    """p of ``seconds = c · size^p``, by least squares on the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def run() -> list[Line]:
    """Measure, keep ``results/scaling.json``, draw ``docs/scaling.png``."""
    growths = list(_growths())
    record = {
        "suite": "scaling",
        **machine(),
        "growths": [{**asdict(g), "exponent": g.exponent} for g in growths],
        "rates": rates(),
    }
    (RESULTS / "scaling.json").write_text(json.dumps(record, indent=1) + "\n")
    return [_line(growth) for growth in growths]


def _line(growth: Growth) -> Line:
    found, wanted = growth.exponent, growth.expected
    return Line(
        stage=f"{growth.stage}: exponent in {growth.over}",
        ours=found,
        peer="the algorithm's",
        theirs=wanted,
        ratio=found / wanted,
        goal="none",
        met=True,
        unit="",
    )


def _growths() -> list[Growth]:
    table: list[tuple[str, str, str, tuple[int, ...], float, Callable[[int], Run]]] = [
        ("moments", "features", "2,048 rows", (768, 1536, 3072, 6144), 2, _moments_features),
        ("moments", "images", "2,048 features", (2048, 4096, 8192, 16384), 1, _moments_images),
        ("moments", "networks", "256 features each, 2,048 rows", (2, 4, 8, 16), 2,
         lambda n: _moments_features(256 * n)),
        ("OLS maps, one source", "features", "nine targets of as many features",
         (192, 384, 768, 1536), 3, _maps_features),
        ("OLS maps", "networks", "256 features each", (2, 4, 8, 16), 2, _maps_networks),
        ("scores", "images", "nine heads of 1,000 classes, 1,024 features",
         (1024, 2048, 4096, 8192), 1, lambda n: _scores(n, 1024, 9)),
        ("scores", "features", "nine heads of 1,000 classes, 2,048 images",
         (512, 1024, 2048, 4096), 1, lambda d: _scores(2048, d, 9)),
        ("scores", "networks", "512 features, 1,000 classes, 512 images", (2, 4, 8, 16), 2,
         _scores_networks),
        ("extraction", "images", "mini:mobilenet_v2", (512, 1024, 2048, 4096), 1,
         lambda n: _extraction(n, 1)),
        ("extraction", "networks", "512 images, miniatures", (1, 2, 4, 8), 1,
         lambda n: _extraction(512, n)),
    ]  # fmt: skip
    return [
        Growth(
            stage=stage,
            over=over,
            held=held,
            sizes=sizes,
            expected=power,
            seconds=tuple(alternately(*(prepare(size) for size in sizes), repeat=REPEAT)),
        )
        for stage, over, held, sizes, power, prepare in table
    ]


def _fastest(work: Run) -> float:
    work()
    return seconds(work, repeat=REPEAT)


def _moments_features(total: int) -> Run:
    return _moments(2048, total)


def _moments_images(rows: int) -> Run:
    return _moments(rows, 2048)


def _moments(rows: int, total: int) -> Run:
    block = np.random.default_rng(0).standard_normal((rows, total), np.float32)
    moments, step = Moments(["a"], [total]), chunk_rows(total)

    def work() -> None:
        for start in range(0, rows, step):
            moments.update(block[start : start + step])

    return work


def _problem(dims: Sequence[int]) -> Callable[[str], SourceProblem]:
    names = [f"net{k}" for k in range(len(dims))]
    moments = Moments(names, dims)
    rng = np.random.default_rng(0)
    for _ in range(2):
        moments.update(*(rng.standard_normal((max(dims), d), np.float32) for d in dims))
    networks = {name: fake(name, dim) for name, dim in zip(names, dims, strict=True)}
    return lambda source: SourceProblem(source, networks, moments)


def _maps_features(dim: int) -> Run:
    problem = _problem([dim, dim])
    return lambda: list(OLS().fit(problem("net0"), ["net1"] * 9))


def _maps_networks(count: int) -> Run:
    problem = _problem([256] * count)
    names = [f"net{k}" for k in range(count)]
    return lambda: [list(OLS().fit(problem(a), [b for b in names if b != a])) for a in names]


def _scores(rows: int, dim: int, heads: int) -> Run:
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((rows, dim), np.float32), rng.integers(0, 1000, rows)
    head = Head(rng.standard_normal((1000, dim), np.float32), np.zeros(1000, np.float32))
    blocks = [(x[i : i + 1024], labels[i : i + 1024]) for i in range(0, rows, 1024)]
    return lambda: score_heads(blocks, [head] * heads)


def _scores_networks(count: int) -> Run:
    one = _scores(512, 512, count - 1)
    return lambda: [one() for _ in range(count)]


def _extraction(rows: int, count: int) -> Run:
    names = ("mobilenet_v2", "inception_v1", "resnet_v1", "inception_v2", "resnet_v2",
             "inception_resnet_v2", "inception_v3", "inception_v4")  # fmt: skip
    # One network after another would hide what networks share, so that all are of one kind.
    networks = [load("mini:mobilenet_v2", name=f"{names[k]}-{k}") for k in range(count)]
    images = made_images(rows, 28)

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            extract([n for n in networks if isinstance(n, ImageNetwork)], images, Path(folder))

    return work


def made_images(count: int, side: int) -> ImageSet:
    """Decoded images in memory."""
    pixels = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    return ImageSet(
        name="made",
        ids=[str(i) for i in range(count)],
        labels=None,
        fingerprint="made",
        read=lambda i: Image.fromarray(pixels[i]),
    )


def rates() -> dict[str, float]:
    """What this machine does a second, at the largest sizes that there is time for."""
    from benchmarks import resnet18

    part = Part(photographs("photographs"), None)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "model.onnx"
        resnet18.write_onnx(path)
        network = load(
            f"onnx:{path}",
            preprocessing={
                "input_size": (3, 224, 224), "crop_pct": 0.875, "interpolation": "bilinear",
                "mean": (0.5,) * 3, "std": (0.5,) * 3,
            },
        )  # fmt: skip
        assert isinstance(network, ImageNetwork)
        features = measure_features(
            [part], [network], folder=Path(place), batch_size=32, workers=None, progress=Silent()
        )
    decode = decode_rate(part, [network.preprocessing], workers=None, seconds=3.0)
    config = parse_config({"networks": ["npz:none"], "methods": ["ols"]})
    sizes = Sizes(dims=(2048, 2048), fit_rows=1, classes=1000)
    algebra = measure_algebra(sizes, config.methods)
    whole = 2048 * 4096**2 / 2 / _fastest(_moments(2048, 4096))
    return {
        "float64 products, multiply-adds/s": product_rate(np.float64),
        "float32 products, multiply-adds/s": product_rate(np.float32),
        "moments, multiply-adds/s": whole,
        "maps, multiply-adds/s": 1 / algebra.maps["ols"].each,
        "judging maps, multiply-adds/s": 1 / algebra.judge.each,
        "scores, multiply-adds/s": 2048 * 9 * 1000 * 2048 / _fastest(_scores(2048, 2048, 9)),
        "decode and crop to 224, images/s": decode,
        "ResNet-18 (ONNX) at 224, images/s": next(iter(features.forward.values())),
        # Of 64 MiB, not 1 / each: two runs of equal length give a line without slope.
        "store, write bytes/s": 2**26 / features.store.write.at(2**26),
        "store, read bytes/s": 2**26 / features.store.read.at(2**26),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A study of a given size, in bytes and multiply-adds."""

    name: str
    dims: tuple[int, ...]
    fit_rows: int
    eval_rows: int = 50_000

    @property
    def sizes(self) -> Sizes:
        return Sizes(dims=self.dims, fit_rows=self.fit_rows, classes=CLASSES)

    @property
    def rows(self) -> int:
        """Of fit and eval."""
        return self.fit_rows + self.eval_rows

    @property
    def feature_bytes(self) -> int:
        """float32, before compression."""
        return 4 * self.rows * self.sizes.total

    @property
    def moment_bytes(self) -> int:
        """float64, fit and eval; both are held while maps are scored."""
        return 2 * 8 * self.sizes.total**2

    @property
    def memory_bytes(self) -> int:
        """Beside the moments, rows come in chunks."""
        return self.moment_bytes + 2**29

    @property
    def map_bytes(self) -> int:
        """float64, one per ordered pair."""
        return 8 * self.sizes.pairs

    @property
    def moment_work(self) -> float:
        """Multiply-adds in float64: D² / 2 a row."""
        return self.rows * self.sizes.total**2 / 2


JOBS = (
    Job(name="10 networks, 100,000 images", dims=THESIS_DIMS, fit_rows=100_000),
    Job(name="10 networks, ILSVRC", dims=THESIS_DIMS, fit_rows=1_281_167),
    Job(name="100 networks, ILSVRC", dims=THESIS_DIMS * 10, fit_rows=1_281_167),
    Job(name="10 networks, 1 billion images", dims=THESIS_DIMS, fit_rows=1_000_000_000),
)


def costs(job: Job, found: dict[str, float]) -> dict[str, float]:
    """Seconds of every stage of a job, and its bytes, from measured rates."""
    sizes, rows, networks = job.sizes, job.rows, len(job.dims)
    # Every head on every row of its source; R² of each map, and its folding into a head.
    scoring = float(job.eval_rows * sizes.total * networks * CLASSES)
    judging = sizes.products + sizes.pairs * CLASSES
    return {
        "decode": rows / found["decode and crop to 224, images/s"],
        "networks": rows * networks / found["ResNet-18 (ONNX) at 224, images/s"],
        "store": job.feature_bytes / found["store, write bytes/s"],
        "moments": job.moment_work / found["moments, multiply-adds/s"]
        + job.feature_bytes / found["store, read bytes/s"],
        "maps": OLS().work(sizes) / found["maps, multiply-adds/s"],
        "scores": scoring / found["scores, multiply-adds/s"]
        + judging / found["judging maps, multiply-adds/s"],
        "feature bytes": job.feature_bytes,
        "map bytes": job.map_bytes,
        "moment bytes": job.moment_bytes,
        "memory bytes": job.memory_bytes,
        "multiply-adds": job.moment_work,
    }
