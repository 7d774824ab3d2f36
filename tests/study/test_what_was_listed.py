"""A study says what its listings took and passed over, its own pictures among it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from onnx_nets import CLASSES, gemm_net, save
from samefeatures.report.write import write_report
from samefeatures.study.config import parse_config
from samefeatures.study.results import StudyResults
from samefeatures.study.study import Study


def test_results_below_the_images_change_nothing(tmp_path: Path) -> None:
    source = f"onnx:{save(gemm_net(), tmp_path / 'net')}"
    rng = np.random.default_rng(0)
    for side in ("fit", "val"):
        for label in range(CLASSES):
            (tmp_path / side / str(label)).mkdir(parents=True)
            for k in range(3):
                pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / side / str(label) / f"{k}.png")
    (tmp_path / "fit/notes.txt").touch()
    out = tmp_path / "fit" / "results"
    networks = [{"load": source, "name": name} for name in ("a", "b")]
    data = {"fit": "fit", "eval": {"source": "val", "exif": "ignore"}}
    config = parse_config({"networks": networks, "data": data, "methods": ["naive"]})
    found = []
    for _ in range(2):
        results = Study(config, out=out, base=tmp_path).score()
        write_report(results, out / "report")
        assert StudyResults.load(out / "study.json").fit_data == results.fit_data
        found.append(results)
    assert list(out.rglob("*.png")), "the report has pictures"
    first, second = (results.fit_data for results in found)
    assert first == second
    assert first.passed_over == {".txt": 1}
    assert first.listing == f"took {3 * CLASSES} images; passed over 1 .txt"
    assert found[1].eval_data.passed_over == {}
    assert (first.upright, found[1].eval_data.upright) == (True, False)
