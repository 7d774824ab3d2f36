"""Google's own preprocessing of images, in the environment that can still run it.

    .venv-slim/bin/python tests/networks/slim/preprocessing.py PIXELS.npz OUT.npz SIZE…

PIXELS.npz holds images (h, w, 3) as bytes by name; OUT.npz gets NAME-SIZE (SIZE, SIZE, 3) float32.
"""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(sys.prefix) / "slim"))

from preprocessing import inception_preprocessing

if __name__ == "__main__":
    images, out, sizes = np.load(sys.argv[1]), sys.argv[2], [int(s) for s in sys.argv[3:]]
    results = {}
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        x = tf.compat.v1.placeholder(tf.uint8, [None, None, 3])
        made = {size: inception_preprocessing.preprocess_for_eval(x, size, size) for size in sizes}
        for name in images.files:
            for size, value in session.run(made, {x: images[name]}).items():
                results[f"{name}-{size}"] = value
    np.savez(out, **results)
