"""Weights that come and go, and what is left of a batch that failed."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
import torch
from torch import nn

from samefeatures.base.errors import NetworkError, OutOfMemoryError
from samefeatures.networks.torch.residency import Resident, activation_bytes, torch_error

CPU = torch.device("cpu")


class Moves(nn.Module):
    """Says where it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[str] = []

    def to(self, device: torch.device) -> Moves:  # type: ignore[override]
        self.places.append(device.type)
        return self


def test_weights_go_and_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    freed: list[int] = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: freed.append(1))
    one, two = Moves(), Moves()
    resident = Resident(torch.device("cuda:1"), one, two, source="s")
    resident.wake()
    assert (one.places, resident.resident) == ([], True), "it is there already"
    resident.rest()
    resident.rest()
    assert (one.places, two.places, resident.resident) == (["cpu"], ["cpu"], False)
    assert len(freed) == 1
    resident.wake()
    assert (one.places, resident.resident) == (["cpu", "cuda"], True)


def test_weights_that_do_not_fit_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    moves = Moves()
    resident = Resident(torch.device("cuda"), moves, source="timm:big")
    resident.rest()

    def full(_device: torch.device) -> Moves:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(moves, "to", full)
    with pytest.raises(OutOfMemoryError, match=r"timm:big ran out of memory \(OutOfMemoryError"):
        resident.wake()
    assert not resident.resident


def test_on_the_processor_they_never_leave() -> None:
    resident = Resident(CPU, nn.Linear(2, 3), source="s")
    resident.rest()
    assert resident.resident
    assert resident.free_memory() is None
    assert resident.weights == 4 * (2 * 3 + 3)


class Batch:
    """Stands for gigabytes."""


@pytest.mark.parametrize(
    ("error", "kind"), [(MemoryError(), OutOfMemoryError), (ValueError("odd"), NetworkError)]
)
def test_a_failed_batch_is_let_go(error: Exception, kind: type[NetworkError]) -> None:
    """A smaller batch is tried while the error is still in hand."""
    held: list[weakref.ref[Batch]] = []

    def run() -> None:
        batch = Batch()
        held.append(weakref.ref(batch))
        raise error

    resident = Resident(CPU, nn.Linear(2, 3), source="s")
    with pytest.raises(NetworkError, match=r"s .* on images \(5, 3, 8, 8\)") as caught:
        resident._guarded(run, shape=(5, 3, 8, 8))
    assert type(caught.value) is kind
    assert held[0]() is None
    assert resident._guarded(lambda: 7, shape=()) == 7


def test_errors_of_the_compiler_are_said_where_it_was_asked_for() -> None:
    error = type("Failed", (Exception,), {"__module__": "torch._inductor.exc"})("no compiler")
    asked = str(torch_error(error, (1, 3, 8, 8), source="s", compiled=True))
    assert "can't be compiled by torch.compile (Failed: no compiler)" in asked
    assert "Leave 'compile' out" in asked
    assert "failed on images" in str(torch_error(error, (1, 3, 8, 8), source="s", compiled=False))


def test_activations_of_the_largest_layer() -> None:
    model = nn.Sequential(nn.Linear(10, 100), nn.Linear(100, 4))
    x = torch.from_numpy(np.ones((5, 10), np.float32))
    # In and out of the first layer are 10 and 100, of the second 100 and 4, of both 10 and 4.
    assert activation_bytes(lambda: model(x), model, CPU) == 4 * 5 * 110
    assert not any(layer._forward_hooks for layer in model.modules())
