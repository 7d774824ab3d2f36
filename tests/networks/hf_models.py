"""Small image classifiers with random weights, as transformers and timm save them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import timm
import torch
import transformers
from transformers import (
    BeitImageProcessor,
    BitImageProcessor,
    ConvNextImageProcessor,
    MobileNetV2ImageProcessor,
    MobileViTImageProcessor,
    ViTImageProcessor,
)

STD = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def _vit(**more: Any) -> Any:
    return transformers.ViTConfig(
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        image_size=64,
        patch_size=16,
        num_labels=11,
        **more,
    )


def _processor_vit() -> Any:
    return ViTImageProcessor(size={"height": 64, "width": 64})


MODELS: dict[str, tuple[Any, Any]] = {
    "vit": (_vit, _processor_vit),
    "convnext": (
        lambda: transformers.ConvNextConfig(
            hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 2, 1], num_labels=11
        ),
        lambda: ConvNextImageProcessor(size={"shortest_edge": 64}, crop_pct=0.875, **STD),
    ),
    "resnet": (
        lambda: transformers.ResNetConfig(
            embedding_size=8,
            hidden_sizes=[8, 16, 24, 40],
            depths=[1, 1, 1, 1],
            layer_type="basic",
            num_labels=11,
        ),
        lambda: ConvNextImageProcessor(size={"shortest_edge": 64}, crop_pct=0.95, **STD),
    ),
    "swin": (
        lambda: transformers.SwinConfig(
            image_size=64,
            patch_size=4,
            window_size=4,
            embed_dim=12,
            depths=[1, 1, 2],
            num_heads=[2, 2, 4],
            num_labels=11,
        ),
        _processor_vit,
    ),
    "beit": (
        lambda: transformers.BeitConfig(
            image_size=64,
            hidden_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=96,
            num_labels=11,
        ),
        lambda: BeitImageProcessor(size={"height": 64, "width": 64}),
    ),
    "mobilenet_v2": (
        lambda: transformers.MobileNetV2Config(
            depth_multiplier=0.35,
            num_labels=1001,
            id2label={0: "background", **{i: f"class {i}" for i in range(1, 1001)}},
        ),
        lambda: MobileNetV2ImageProcessor(
            size={"shortest_edge": 74}, crop_size={"height": 65, "width": 65}
        ),
    ),
    "mobilevit": (
        lambda: transformers.MobileViTConfig(
            image_size=64,
            hidden_sizes=[16, 20, 24],
            neck_hidden_sizes=[8, 8, 12, 16, 16, 20, 32],
            num_attention_heads=4,
            num_labels=11,
        ),
        lambda: MobileViTImageProcessor(
            size={"shortest_edge": 73}, crop_size={"height": 64, "width": 64}
        ),
    ),
    "dinov2": (
        lambda: transformers.Dinov2Config(
            image_size=56, hidden_size=48, num_hidden_layers=2, num_attention_heads=4, num_labels=11
        ),
        lambda: BitImageProcessor(
            size={"shortest_edge": 64}, crop_size={"height": 56, "width": 56}, **STD
        ),
    ),
    "deit with a teacher": (
        lambda: transformers.DeiTConfig(
            hidden_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=96,
            image_size=64,
            num_labels=11,
            architectures=["DeiTForImageClassificationWithTeacher"],
        ),
        _processor_vit,
    ),
    "levit with a teacher": (
        lambda: transformers.LevitConfig(
            image_size=64,
            hidden_sizes=[16, 24, 32],
            num_attention_heads=[1, 2, 2],
            depths=[1, 1, 1],
            key_dim=[8, 8, 8],
            attention_ratio=[1, 1, 1],
            mlp_ratio=[1, 1, 1],
            num_labels=11,
            architectures=["LevitForImageClassificationWithTeacher"],
        ),
        _processor_vit,
    ),
    "swiftformer": (
        lambda: transformers.SwiftFormerConfig(
            image_size=64, depths=[1, 1, 1, 1], embed_dims=[8, 12, 16, 24], num_labels=11
        ),
        _processor_vit,
    ),
}
"""Configuration and image processor by name."""


def build(name: str) -> Any:
    """The classifier; all its numbers differ, so that one that is lost shows."""
    torch.manual_seed(0)
    model = transformers.AutoModelForImageClassification.from_config(MODELS[name][0]()).eval()
    with torch.no_grad():
        for key, value in [*model.named_parameters(), *model.named_buffers()]:
            if value.dtype != torch.float32 or "index" in key:
                continue
            if "running_var" in key or (value.ndim == 1 and key.endswith("weight")):
                value.uniform_(0.5, 1.5)
            elif value.ndim == 1:
                value.add_(0.1 * torch.randn_like(value))
            elif value.ndim == 4 or (
                value.ndim == 2 and key.startswith("levit")
            ):  # as they come, deep networks forget the image
                value.normal_(std=(2 / value[0].numel()) ** 0.5)
            elif "distillation_token" in key:  # as it comes it is the class token's double
                value.normal_()
            elif "classifier" in key:
                value.normal_(std=0.3)
    return model


def save(name: str, folder: Path) -> Path:
    """Write a model and its processor as ``save_pretrained`` does."""
    build(name).save_pretrained(folder)
    MODELS[name][1]().save_pretrained(folder)
    return folder


def save_timm(name: str, folder: Path, **options: Any) -> Path:
    """Write a timm model in the layout that it pushes to the Hub."""
    torch.manual_seed(0)
    model = timm.create_model(name, pretrained=False, **options)
    timm.models.save_for_hf(model, folder, safe_serialization=True)
    return folder


def edit_config(folder: Path, **changes: Any) -> None:
    """Replace values of ``config.json``; None removes one."""
    path = folder / "config.json"
    config = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}))
