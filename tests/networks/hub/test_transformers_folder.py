"""``hf:`` classifiers of transformers against its own features, logits and errors."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import hf_models
import numpy as np
import pytest
import torch
import transformers
from hf_models import MODELS, build, edit_config, save
from PIL import Image

from samefeatures.base.errors import CheckpointError, MissingExtraError, NetworkError
from samefeatures.networks.hub.processor import probe_pictures
from samefeatures.networks.load import load
from samefeatures.networks.record import ImageNetwork
from samefeatures.study.checking import check_networks


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    for name in MODELS:
        save(name, root / name)
    return root


@pytest.fixture
def vit(folders: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(folders / "vit", tmp_path / "vit"))


def opened(folder: Path, query: str = "", **options) -> ImageNetwork:
    network = load(f"hf:{folder}{query}", threads=1, **options)
    assert isinstance(network, ImageNetwork)
    return network


def close(ours: np.ndarray, theirs: np.ndarray) -> None:
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * abs(theirs).max(), rtol=0)


def agrees(folder: Path, pictures: list[Image.Image]) -> None:
    """Our pixels, features and logits of images against the library's own pipeline."""
    network = opened(folder)
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    model = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
    heads = [m for m in model.modules() if isinstance(m, torch.nn.Linear)]
    seen: list[torch.Tensor] = []
    handle = heads[-1].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.inference_mode():
        logits = model(**processor(images=pictures, return_tensors="pt")).logits.numpy()
    handle.remove()
    prep = network.preprocessing
    ours = network.backend.features(prep.normalise(np.stack([prep.pixels(p) for p in pictures])))
    assert network.split is not None
    if " + " not in network.split.layer:  # else they are what several heads see
        close(ours, seen[0].flatten(1).numpy())
    if len(network.head.weight) < logits.shape[1]:
        logits = logits[:, 1:]
    close(network.head.logits(ours), logits)
    assert logits.std(axis=0).min() > 1e-3  # the images are told apart
    assert network.split.error < 1e-5
    assert network.parameters == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("name", MODELS)
def test_features_and_logits_are_those_of_transformers(folders: Path, name: str) -> None:
    agrees(folders / name, probe_pictures())


@pytest.mark.parametrize("name", MODELS)
def test_on_real_images(folders: Path, name: str, shared_data: Path) -> None:
    paths = sorted((shared_data / "images" / "imagenet-sample").glob("*/*"))[:8]
    assert len(paths) == 8
    agrees(folders / name, [Image.open(path).convert("RGB") for path in paths])


def test_dinov2_features_are_class_token_and_mean(folders: Path) -> None:
    assert opened(folders / "dinov2").dim == 2 * 48


def test_heads_of_teachers_are_added_up(folders: Path) -> None:
    for name, dim, layer in (
        ("deit with a teacher", 96, "0.5 cls_classifier + 0.5 distillation_classifier"),
        ("levit with a teacher", 32, "0.5 classifier.linear + 0.5 classifier_distill.linear"),
        ("swiftformer", 24, "0.5 head + 0.5 dist_head"),
    ):
        network = opened(folders / name)
        assert network.split is not None
        assert (network.dim, network.split.layer) == (dim, layer)


def test_a_background_class_is_dropped_and_said(folders: Path) -> None:
    dropped, kept = (opened(folders / "mobilenet_v2", q) for q in ("", "?background=keep"))
    assert (dropped.head.classes, kept.head.classes) == (1000, 1001)
    np.testing.assert_array_equal(dropped.head.weight, kept.head.weight[1:])
    np.testing.assert_array_equal(dropped.head.bias, kept.head.bias[1:])
    assert dropped.fingerprint != kept.fingerprint
    (note,) = dropped.notes
    assert "row 0" in note
    assert "background" in note
    assert kept.notes == ()
    (check,) = check_networks([f"hf:{folders / 'mobilenet_v2'}"])
    assert check.rows()["note"] == note


def test_the_fingerprint_covers_weights_and_config(folders: Path, vit: Path) -> None:
    first = opened(folders / "vit").fingerprint
    assert opened(vit).fingerprint == first
    edit_config(vit, num_attention_heads=2)
    assert opened(vit).fingerprint != first
    shutil.copy(folders / "vit" / "config.json", vit)
    model = build("vit")
    with torch.no_grad():
        model.classifier.bias[3] += 1
    model.save_pretrained(vit)
    assert opened(vit).fingerprint != first


def test_names_and_relative_paths(folders: Path) -> None:
    network = load("hf:vit/", base=folders)
    assert network.name == "vit"
    assert isinstance(network, ImageNetwork)
    assert "transformers" in network.backend.runtime
    assert network.notes == ()


def test_its_noise_is_silenced_and_its_settings_left(folders: Path, capfd) -> None:
    logging = transformers.utils.logging
    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    opened(folders / "convnext")
    assert capfd.readouterr().err == ""
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


def refused(folder: Path, query: str = "", **options) -> str:
    with pytest.raises(NetworkError) as caught:
        opened(folder, query, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_another_number_of_classes(vit: Path) -> None:
    edit_config(
        vit, id2label={str(i): f"c{i}" for i in range(9)}, label2id={f"c{i}": i for i in range(9)}
    )
    message = refused(vit)
    assert "2 tensors" in message
    assert "classifier.weight is (11, 48), the model has (9, 48)" in message
    with pytest.raises(CheckpointError):
        opened(vit)


def test_a_deeper_network_lists_five_tensors_and_their_number(vit: Path) -> None:
    edit_config(vit, num_hidden_layers=3)
    message = refused(vit)
    assert "16 tensors" in message
    assert message.count("is missing") == 5
    assert "…" in message


def test_tensors_without_a_place_are_noted(vit: Path) -> None:
    edit_config(vit, num_hidden_layers=1)
    (note,) = opened(vit).notes
    assert note.startswith("16 tensors of the weights have no place in the model")


@pytest.mark.parametrize("left", [0, 7, 400, -50])
def test_truncated_weights(vit: Path, left: int) -> None:
    path = vit / "model.safetensors"
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is cut short.*it again"):
        opened(vit)
    refused(vit)


def test_a_truncated_pickle(vit: Path) -> None:
    torch.save(build("vit").state_dict(), vit / "pytorch_model.bin")
    (vit / "model.safetensors").unlink()
    assert opened(vit).dim == 48
    data = (vit / "pytorch_model.bin").read_bytes()
    (vit / "pytorch_model.bin").write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin is cut short"):
        opened(vit)


def test_weights_in_parts(folders: Path, tmp_path: Path) -> None:
    build("vit").save_pretrained(tmp_path, max_shard_size="100KB")
    hf_models.MODELS["vit"][1]().save_pretrained(tmp_path)
    parts = sorted(tmp_path.glob("model-0*.safetensors"))
    assert len(parts) > 1
    assert opened(tmp_path).fingerprint == opened(folders / "vit").fingerprint
    parts[1].unlink()
    assert f"{parts[1].name}, a part of its weights, is missing" in refused(tmp_path)


def test_a_model_without_a_classifier(tmp_path: Path) -> None:
    transformers.ViTModel(MODELS["vit"][0]()).save_pretrained(tmp_path)
    assert "holds ViTModel, not an image classifier" in refused(tmp_path)


def test_a_language_model(tmp_path: Path) -> None:
    config = transformers.BertConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    transformers.BertForMaskedLM(config).save_pretrained(tmp_path)
    assert "holds BertForMaskedLM, not an image classifier" in refused(tmp_path)


def test_code_of_a_model_is_never_run(vit: Path) -> None:
    trap = vit / "modeling_trap.py"
    trap.write_text("raise SystemExit('this code was run')\n")
    edit_config(
        vit,
        model_type="trap",
        architectures=["TrapForImageClassification"],
        auto_map={
            "AutoConfig": "modeling_trap.TrapConfig",
            "AutoModelForImageClassification": "modeling_trap.TrapForImageClassification",
        },
    )
    assert "needs code that comes with it (TrapForImageClassification)" in refused(vit)


def test_code_of_an_image_processor_is_never_run(vit: Path) -> None:
    (vit / "trap.py").write_text("raise SystemExit('this code was run')\n")
    (vit / "preprocessor_config.json").write_text(
        '{"image_processor_type": "Trap", "auto_map": {"AutoImageProcessor": "trap.Trap"}}'
    )
    assert "image processor can't be loaded" in refused(vit)


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('this code was run')",)


def test_code_in_weights_is_never_run(vit: Path) -> None:
    (vit / "model.safetensors").unlink()
    torch.save({"vit.x": Trap()}, vit / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="would run code from the file"):
        opened(vit)


def test_an_unknown_kind(vit: Path) -> None:
    edit_config(vit, model_type="newest", architectures=["NewestForImageClassification"])
    assert "is a 'newest', which transformers" in refused(vit)
    edit_config(vit, model_type=None)
    assert "neither 'model_type'" in refused(vit)


def test_no_image_processor_asks_for_all_fields(vit: Path) -> None:
    (vit / "preprocessor_config.json").unlink()
    message = refused(vit)
    assert "no preprocessor_config.json" in message
    assert "Give input_size, crop_pct, interpolation, mean, std, crop_mode" in message
    given = {
        "input_size": [3, 64, 64],
        "crop_pct": 0.9,
        "interpolation": "bilinear",
        "mean": [0.5] * 3,
        "std": [0.5] * 3,
        "crop_mode": "center",
    }
    assert opened(vit, preprocessing=given).preprocessing.crop_pct == 0.9
    assert "Give std with" in refused(
        vit, preprocessing={k: v for k, v in given.items() if k != "std"}
    )


def test_a_processor_that_can_not_be_said(vit: Path) -> None:
    (vit / "preprocessor_config.json").write_text(
        '{"image_processor_type": "ViTImageProcessor", "size": {"shortest_edge": 64}}'
    )
    assert "leaves images of different shapes" in refused(vit)


def test_a_missing_package_prints_the_pip_command(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'samefeatures\[hf-networks\]'"):
        opened(folders / "vit")


def test_names_of_classes_are_those_of_the_model(vit: Path) -> None:
    assert opened(vit).class_names == ()  # LABEL_0 and so on say nothing
    names = [f"c{i}" for i in range(11)]
    edit_config(vit, id2label=dict(enumerate(names)), label2id={n: i for i, n in enumerate(names)})
    assert opened(vit).class_names == tuple(names)
