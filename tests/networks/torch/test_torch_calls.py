"""Calls of layers while a model runs."""

from __future__ import annotations

import torch
from torch import nn

from samefeatures.networks.torch.calls import watched


def test_linear_layers_and_norms_of_vectors_are_noted_and_maps_of_norms_not() -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(4),
        nn.Flatten(), nn.BatchNorm1d(4), nn.Linear(4, 2),
    ).eval()  # fmt: skip
    with watched(model) as calls, torch.inference_mode():
        model(torch.ones(2, 3, 5, 5))
        model(torch.ones(2, 3, 1, 1))
    noted = [(call.place.name, call.place.nth) for call in calls]
    of_maps = [("0", 0), ("3", 0), ("5", 0), ("6", 0)]
    assert noted == [*of_maps, *((name, 1) for name in "01356")]
    with torch.inference_mode():
        model(torch.ones(2, 3, 5, 5))
    assert len(calls) == len(noted)
