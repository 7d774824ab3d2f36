"""Two files of features to a table, and to a map in use."""

import numpy as np

import samefeatures as sf

# Row i of both is the same image. The files stay on the disk.
x, y = np.load("a.npy", mmap_mode="r"), np.load("b.npy", mmap_mode="r")
results = sf.compare({"a": x, "b": y})  # a fifth of the rows is held out
sf.write_report(results, "arrays/report")
table = results.table("ridge")
print(f"a explains {100 * table['a', 'b'].r2:.1f} % of b, b {100 * table['b', 'a'].r2:.1f} % of a")

# One map, from all rows, kept.
m = sf.fit_map(x, y, method=sf.Ridge())
m.save("a_to_b.safetensors")

# In use, elsewhere: block by block, from a file into a file.
m = sf.AffineMap.load("a_to_b.safetensors")
new = np.load("new.npy", mmap_mode="r")
shape = (len(new), y.shape[1])
out = np.lib.format.open_memmap("mapped.npy", mode="w+", dtype="float32", shape=shape)
m.apply(new, out=out)
