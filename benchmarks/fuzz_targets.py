"""Every kind of file that is damaged."""

from __future__ import annotations

import json
from collections.abc import Sequence

from benchmarks.fuzz_networks import (
    make_bundle,
    make_keras,
    make_parts,
    make_savedmodel,
    make_single,
    make_timm,
    make_transformers,
    read_keras,
    read_parts,
    read_source,
    read_variables,
)
from benchmarks.fuzz_ours import (
    controls_kept,
    from_study,
    make_blocks,
    make_checkpoint,
    make_journal,
    make_prints,
    make_task,
    names_kept,
    read_blocks,
    read_checkpoint,
    read_curve,
    read_journal,
    read_key,
    read_map,
    read_moments,
    read_overlaps,
    read_prints,
    read_record,
    read_results,
    read_said,
    read_scores,
    read_task,
    shared_kept,
)
from benchmarks.fuzz_stores import make_index, make_store, read_kept_index, read_store
from benchmarks.fuzz_users import (
    META,
    STUDY,
    Target,
    make_arrays,
    make_checkpoint_of,
    make_network,
    make_onnx,
    make_picture,
    make_samples,
    make_tar,
    read_checkpoint_of,
    read_images,
    read_labels_csv,
    read_map_of_classes,
    read_meta,
    read_names,
    read_network,
    read_onnx,
    read_study,
    text,
)

CLASS_MAPS = {
    "json": '{"cat": 0, "dog": 1, "ä": 2}',
    "csv": "name,index\ncat,0\ndog,1\n",
    "txt": "cat\ndog\n",
}
CLASS_NAMES = {"json": '{"0": ["n1", "cat"], "1": "dog", "2": "ä"}', "txt": "cat\ndog\ncow\n"}

TARGETS: Sequence[Target] = (
    Target(
        what="study.yaml", make=text("study.yaml", STUDY), read=read_study, ours=False, count=2000
    ),
    Target(what="meta.json", make=text("meta.json", json.dumps(META)), read=read_meta, ours=False),
    *(
        Target(
            what=f"class map, .{ending}",
            make=text(f"m.{ending}", said),
            read=read_map_of_classes(f"m.{ending}"),
            ours=False,
        )
        for ending, said in CLASS_MAPS.items()
    ),
    *(
        Target(
            what=f"class names, .{ending}",
            make=text(f"n.{ending}", said),
            read=read_names(f"n.{ending}"),
            ours=False,
        )
        for ending, said in CLASS_NAMES.items()
    ),
    Target(
        what="labels, .csv",
        make=text("labels.csv", "id,label\na.png,0\nb.png,1\n"),
        read=read_labels_csv,
        ours=False,
    ),
    Target(what="network, .npz", make=make_network, read=read_network, ours=False, count=2000),
    Target(
        what="images, .npz", make=make_arrays, read=read_images("x.npz", labelled=True), ours=False
    ),
    *(
        Target(
            what=f"image, .{ending}", make=make_picture(ending), read=read_images("x"), ours=False
        )
        for ending in ("png", "jpg", "webp", "gif", "bmp", "tif", "ppm")
    ),
    Target(
        what="images, .tar",
        make=make_tar("x.tar"),
        read=read_images("x.tar", labelled=False),
        ours=False,
        bits=2500,
    ),
    Target(
        what="images, .tar.gz", make=make_tar("x.tar.gz"), read=read_images("x.tar.gz"), ours=False
    ),
    Target(
        what="images, .tar of webdataset",
        make=make_samples,
        read=read_images("x.tar", labelled=True),
        ours=False,
        bits=3500,
    ),
    *(
        Target(
            what=f"images, {ending}",
            make=make_tar(f"x{ending}"),
            read=read_images(f"x{ending}"),
            ours=False,
        )
        for ending in (".tar.xz", ".zip")
    ),
    Target(what="network, .onnx", make=make_onnx, read=read_onnx, ours=False, count=300, bits=300),
    Target(
        what="checkpoint, .pt",
        make=make_checkpoint_of("pt"),
        read=read_checkpoint_of("pt"),
        ours=False,
        count=300,
        bits=300,
    ),
    Target(
        what="checkpoint, .safetensors",
        make=make_checkpoint_of("safetensors"),
        read=read_checkpoint_of("safetensors"),
        ours=False,
    ),
    *(
        Target(
            what=f"network, {ending}",
            make=make_keras(f"x{ending}"),
            read=read_keras(f"x{ending}"),
            ours=False,
            count=200,
            bits=200,
        )
        for ending in (".keras", ".h5")
    ),
    Target(
        what="weights, .weights.h5",
        make=make_keras("x.weights.h5"),
        read=read_keras("x.weights.h5"),
        ours=False,
        count=300,
        bits=500,
    ),
    Target(
        what="SavedModel",
        make=make_savedmodel,
        read=read_source("savedmodel:net"),
        ours=False,
        count=100,
        bits=150,
    ),
    Target(
        what="checkpoint of TensorFlow",
        make=make_bundle,
        read=read_variables("net"),
        ours=False,
        bits=7000,
    ),
    Target(
        what="checkpoint of TensorFlow, one file",
        make=make_single,
        read=read_variables("x.ckpt"),
        ours=False,
    ),
    Target(
        what="folder of transformers",
        make=make_transformers,
        read=read_source("hf:net"),
        ours=False,
        count=250,
        bits=150,
    ),
    Target(
        what="config.json of timm",
        make=make_timm,
        read=read_source("hf:net"),
        ours=False,
        count=300,
        bits=200,
    ),
    Target(what="list of parts of weights", make=make_parts, read=read_parts, ours=False),
    Target(
        what="store of features", make=make_store, read=read_store, ours=True, count=250, bits=700
    ),
    Target(what="moments", make=from_study("moments/fit-*.npz"), read=read_moments, ours=True),
    Target(what="moments of controls", make=make_blocks, read=read_blocks, ours=True, bits=3500),
    Target(
        what="map",
        make=from_study("maps/ols/a--b.safetensors"),
        read=read_map,
        ours=True,
        bits=2500,
    ),
    Target(
        what="loss curve",
        make=from_study("maps/cosine/a--b.curve.npz"),
        read=read_curve,
        ours=True,
        bits=3500,
    ),
    Target(what="state of a fit", make=make_checkpoint, read=read_checkpoint, ours=True, bits=3500),
    Target(
        what="key of maps",
        make=from_study("maps/ols/key.json"),
        read=read_key,
        ours=True,
        bits=3500,
    ),
    Target(
        what="scores", make=from_study("scores/ols/a/*.npz"), read=read_scores, ours=True, bits=2500
    ),
    Target(
        what="predictions.parquet",
        make=from_study("predictions.parquet"),
        read=read_said,
        ours=True,
        bits=2500,
    ),
    Target(
        what="controls",
        make=from_study("controls/*.json"),
        read=read_record(controls_kept, "controls/*.json"),
        ours=True,
    ),
    Target(
        what="number of shared images",
        make=from_study("scores/shared.json"),
        read=read_record(shared_kept, "scores/shared.json"),
        ours=True,
    ),
    Target(
        what="names of a report",
        make=from_study("report/files.json"),
        read=read_record(names_kept, "report/files.json"),
        ours=True,
    ),
    Target(what="task", make=make_task, read=read_task, ours=True, bits=3500),
    Target(
        what="overlap.json",
        make=from_study("overlap/*/a--b/overlap.json"),
        read=read_overlaps,
        ours=True,
    ),
    Target(
        what="study.json", make=from_study("study.json"), read=read_results, ours=True, bits=2500
    ),
    Target(what="journal", make=make_journal, read=read_journal, ours=True, bits=3500),
    Target(what="prints", make=make_prints, read=read_prints, ours=True, bits=3500),
    Target(what="index of an archive", make=make_index, read=read_kept_index, ours=True, bits=3500),
)
