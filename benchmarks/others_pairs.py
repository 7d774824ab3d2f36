"""What packages by others say of two spaces, each in the terms of ours.

Every function takes (n, d) rows. Packages are imported where they are used: ``scripts/bench``
installs them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.others_data import ENOUGH, FEW, PAIRS, UNRELATED, Peer, Rows
from benchmarks.others_import import mvlearn, part


def tensors(*rows: Rows) -> Any:
    import torch

    return tuple(torch.from_numpy(np.ascontiguousarray(x)) for x in rows)


def centred(x: Rows) -> Rows:
    x = x.astype(np.float64)
    return x - x.mean(axis=0)


def thingsvision(*, backend: str, unbiased: bool = False) -> Any:
    def of(a: Rows, b: Rows) -> float:
        get = part("thingsvision", "core.cka").get_cka
        device = {"device": "cpu"} if backend == "torch" else {}
        made = get(backend=backend, m=len(a), kernel="linear", unbiased=unbiased, **device)
        return float(made.compare(a, b))

    return of


def ckatorch(a: Rows, b: Rows, **options: Any) -> float:
    from ckatorch.core import cka_base

    return float(cka_base(*tensors(a, b), **options))


def ckatorch_batch(a: Rows, b: Rows) -> float:
    from ckatorch.core import cka_batch

    return float(cka_batch(*(x[None] for x in tensors(a, b))))


def pytorch_cka(a: Rows, b: Rows) -> float:
    from cka import cka_from_features

    return float(cka_from_features(*tensors(a, b)))


def models(a: Rows, b: Rows) -> Any:
    """Two modules that hand out their part of a row, and a loader of one batch, in float32."""
    import torch

    class First(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return x[:, : a.shape[1]]

    class Second(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return x[:, a.shape[1] :]

    rows = torch.from_numpy(np.hstack([a, b]).astype(np.float32))
    data = torch.utils.data.TensorDataset(rows, rows[:, 0])
    loader = torch.utils.data.DataLoader(data, batch_size=len(rows))
    return torch.nn.Sequential(First()), torch.nn.Sequential(Second()), loader


def torch_cka(a: Rows, b: Rows) -> float:
    from torch_cka import CKA

    first, second, loader = models(a, b)
    made = CKA(first, second, "a", "b", model1_layers=["0"], model2_layers=["0"])
    made.compare(loader, loader)
    return float(made.export()["CKA"][0, 0])


def cka_pytorch(a: Rows, b: Rows) -> float:
    import torch
    from cka_pytorch.cka import CKACalculator

    first, second, loader = models(a, b)
    made = CKACalculator(first, second, ["0"], ["0"], device=torch.device("cpu"), verbose=False)
    return float(made.calculate_cka_matrix(loader, num_epochs=1)[0, 0])


def deep_reps(call: str) -> Any:
    def of(a: Rows, b: Rows) -> float:
        folder, _, name = call.partition(".")
        return float(getattr(part("deep_reps", folder), name)(*tensors(a, b)))

    return of


def deep_reps_procrustes(a: Rows, b: Rows) -> float:
    """Its distance of centred spaces of length 1: d² = 2 (1 − value)."""
    taken = part("deep_reps", "alignment_measures").orthogonal_procrustes
    x, y = (z / np.linalg.norm(z) for z in (centred(a), centred(b)))
    return 1 - float(taken(*tensors(x, y))) ** 2 / 2


def google_cca(a: Rows, b: Rows) -> float:
    core = part("similarity", "backend.svcca.cca_core")
    return float(core.get_cca_similarity(a.T, b.T, verbose=False)["mean"][0])


def google_pwcca(a: Rows, b: Rows) -> float:
    return float(part("similarity", "backend.svcca.pwcca").compute_pwcca(a.T, b.T)[0])


def linear_cka(a: Rows, b: Rows) -> float:
    return float(part("similarity", "backend.yuanli2333.CKA").linear_CKA(a, b))


def sim_index(call: str) -> Any:
    def of(a: Rows, b: Rows) -> float:
        made = part("similarity", "backend.nn_similarity_index.sim_indices").SimIndex()
        return float(getattr(made, call)(a @ a.T, b @ b.T))

    return of


def rsatoolbox_bures(a: Rows, b: Rows) -> float:
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm, compare

    one, two = (calc_rdm(Dataset(x), method="euclidean") for x in (a, b))
    return float(compare(one, two, method="bures")[0][0])


def qc_procrustes(a: Rows, b: Rows) -> float:
    """Its squared distance of centred spaces of length 1, the smaller filled with zeros."""
    from procrustes import orthogonal

    return 1 - float(orthogonal(a, b, translate=True, scale=True, pad=True).error) / 2


def cca_zoo(a: Rows, b: Rows) -> float:
    from cca_zoo.linear import CCA

    count = min(a.shape[1], b.shape[1])
    return float(CCA(n_components=count).fit([a, b]).score([a, b]))


def mvlearn_cca(a: Rows, b: Rows) -> float:
    """Of two views its eigenvalues are 1 + ρ."""
    made = mvlearn("CCA")(n_components=min(a.shape[1], b.shape[1]))
    return float(np.mean(made.fit([a, b]).evals_ - 1))


def repsim(call: str, **options: str) -> Any:
    def of(a: Rows, b: Rows) -> float:
        import repsim as package

        return float(getattr(package, call)([a, b], **options)[0, 1])

    return of


def far(why: str) -> dict[str, str]:
    return {"far": why}


def few(why: str = "few") -> dict[str, str]:
    return dict.fromkeys(FEW, why)


def narrower() -> dict[str, str]:
    """Where the first space is the wider one, or has more features than rows."""
    return few() | dict.fromkeys(("square", "square, unrelated"), "width") | far("single")


def peer(measure: str, package: str, call: str, of: Any, **rest: Any) -> Peer:
    return Peer(measure=measure, package=package, call=call, of=of, **rest)


SIMILARITY = "similarity-repository"
IN_FLOAT32: dict[str, Any] = {"within": 3e-3, "note": "float32"}
BY_ROOTS: dict[str, Any] = {"within": 1e-5, "note": "roots"}
NUMPY, TORCH = {"backend": "numpy"}, {"backend": "torch"}
LINEAR = {"kernel_type": "linear"}
PEERS: tuple[Peer, ...] = (
    peer("cka", "thingsvision", "get_cka('numpy')", thingsvision(**NUMPY), apart=far("single")),
    peer("cka", "thingsvision", "get_cka('torch')", thingsvision(**TORCH), apart=far("single")),
    peer("cka", "ckatorch", "cka_base", ckatorch),
    peer("cka", "ckatorch", "cka_base(method='hsic')", partial(ckatorch, method="hsic")),
    peer("cka", SIMILARITY, "yuanli2333.cka", linear_cka, apart=far("single")),
    peer("cka", SIMILARITY, "nn_similarity_index.cka", sim_index("cka"), apart=far("single")),
    peer("cka", "repsim", "cka('linear', 'gretton')",
         repsim("cka", estimator="gretton", **LINEAR)),
    peer("cka", "deep-reps", "centered_kernel_alignment",
         deep_reps("rsm_measures.centered_kernel_alignment"),
         apart=dict.fromkeys(PAIRS, "centring")),
    peer("debiased_cka", "thingsvision", "get_cka('numpy', unbiased=True)",
         thingsvision(unbiased=True, **NUMPY), apart=far("single")),
    peer("debiased_cka", "thingsvision", "get_cka('torch', unbiased=True)",
         thingsvision(unbiased=True, **TORCH), apart=far("single")),
    peer("debiased_cka", "ckatorch", "cka_base(unbiased=True)", partial(ckatorch, unbiased=True)),
    peer("debiased_cka", "ckatorch", "cka_batch", ckatorch_batch, apart=far("uncentred")),
    peer("debiased_cka", "pytorch-cka", "cka_from_features", pytorch_cka,
         apart=dict.fromkeys(UNRELATED, "zero") | far("rounding")),
    peer("debiased_cka", "torch-cka", "CKA, one batch", torch_cka, apart=far("rounding"),
         **IN_FLOAT32),
    peer("debiased_cka", "cka-pytorch", "CKACalculator, one batch", cka_pytorch,
         apart=far("rounding") | {"small": "epsilon"}, **IN_FLOAT32),
    peer("debiased_cka", "repsim", "cka('linear', 'song')",
         repsim("cka", estimator="song", **LINEAR), apart=dict.fromkeys(PAIRS, "mixed")),
    peer("cca", "cca-zoo", "CCA", cca_zoo, apart=few() | far("single")),
    peer("cca", "mvlearn", "CCA", mvlearn_cca, apart=far("single")),
    peer("cca", "repsim", "cca('pillai')", repsim("cca", summary_type="pillai"), apart=few()),
    peer("cca", SIMILARITY, "svcca.cca", google_cca,
         apart=dict.fromkeys(set(ENOUGH) - {"tall, unrelated"}, "tail")),
    peer("cca", "deep-reps", "compute_standard_cca",
         deep_reps("cca_measures.compute_standard_cca"), apart=narrower()),
    peer("r2_cca", "repsim", "cca('yanai')", repsim("cca", summary_type="yanai"), apart=few()),
    peer("r2_cca", "deep-reps", "compute_yanai_cca",
         deep_reps("cca_measures.compute_yanai_cca"), apart=narrower()),
    peer("svcca", "repsim", "svcca('pillai')", repsim("svcca", summary_type="pillai"),
         apart=few() | dict.fromkeys(ENOUGH, "whitened")),
    peer("svcca", "deep-reps", "compute_standard_svcca",
         deep_reps("cca_measures.compute_standard_svcca"), apart=narrower()),
    peer("pwcca", "repsim", "pwcca, both directions", repsim("pwcca"), apart=few(), both=True),
    peer("pwcca", SIMILARITY, "svcca.pwcca", google_pwcca,
         apart=dict.fromkeys(ENOUGH, "variates")),
    peer("procrustes", "qc-procrustes", "orthogonal", qc_procrustes, apart=far("single")),
    peer("procrustes", "deep-reps", "orthogonal_procrustes", deep_reps_procrustes),
    peer("procrustes", SIMILARITY, "nn_similarity_index.nbs", sim_index("nbs"),
         apart=far("single"), **BY_ROOTS),
    peer("procrustes", "rsatoolbox", "compare('bures')", rsatoolbox_bures, apart=far("single"),
         **BY_ROOTS),
)  # fmt: skip
