"""Two files of features to try things with: a.npy and b.npy, and new.npy of other images."""

import numpy as np

import samefeatures as sf

networks = [sf.load("mini:resnet_v1"), sf.load("mini:inception_v3")]
for name, limit in {"fit": 10_000, "eval": 2_000}.items():
    images = sf.open_images(
        sf.ImageSource(source=f"fashion-mnist:{name}", limit=limit), labelled=False
    )
    a, b = (np.concatenate(list(f.chunks(4096))) for f in sf.extract(networks, images, "features"))
    if name == "fit":
        np.save("a.npy", a)
        np.save("b.npy", b)
    else:
        np.save("new.npy", a)
