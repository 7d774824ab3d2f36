"""What each of the ten networks is, and where Google's weights of it are published.

Sources: Table 5.1 of the thesis; the pages of the TensorFlow Hub modules that it used, each of
which names the checkpoint that it was exported from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from samefeatures.networks.source import look_up

SLIM = "https://storage.googleapis.com/download.tensorflow.org/models"
SLIM_PAGE = "https://github.com/tensorflow/models/tree/master/research/slim#pre-trained-models"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsFile:
    """A published file of weights.

    Attributes:
        url: Where it can be downloaded.
        name: Its file name.
        bytes: Its size; None where it is not known.
        digest: ``sha256:…`` or ``sha384:…`` as others published it; None where nobody did.
        page: Where it is described.
    """

    url: str
    name: str
    page: str
    bytes: int | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThesisNetwork:
    """One of the ten.

    Attributes:
        name: As in ``thesis:NAME``.
        title: As the thesis prints it.
        dim: Length of the feature vector (Table 5.1).
        crop: Side of the input in the thesis (Table 5.1, local crop).
        parameters: Trained numbers, with a head of 1000 classes.
        slim: Name of the ``slim:`` definition that runs it; None where timm runs it.
        timm: Name of the timm model that runs it; None where ``slim:`` does.
        file: Where its weights are published.
        trained: Which training these weights come from.
    """

    name: str
    title: str
    dim: int
    crop: int
    parameters: int
    slim: str | None = None
    timm: str | None = None
    file: WeightsFile
    trained: str


def _exported(
    name: str,
    title: str,
    dim: int,
    parameters: int,
    url: str,
    *,
    slim: str | None = None,
    crop: int = 331,
    page: str = SLIM_PAGE,
    **known: Any,
) -> ThesisNetwork:
    """One whose Hub module was exported from a checkpoint of TF-Slim that is published too."""
    archive = url.rpartition("/")[2]
    return ThesisNetwork(
        name=name,
        title=title,
        dim=dim,
        crop=crop,
        parameters=parameters,
        slim=slim or name,
        file=WeightsFile(url=url, name=archive, page=page, **known),
        trained=f"{archive.removesuffix('.tar.gz').removesuffix('.tgz')}, the checkpoint that the "
        "Hub module was exported from",
    )


def _converted(
    name: str, title: str, dim: int, parameters: int, *, timm: str, original: str
) -> ThesisNetwork:
    """One that timm has converted from ``original``."""
    page = f"https://huggingface.co/timm/{timm}"
    url = f"{page}/resolve/main/model.safetensors"
    return ThesisNetwork(
        name=name,
        title=title,
        dim=dim,
        crop=331,
        parameters=parameters,
        timm=timm,
        file=WeightsFile(url=url, name=f"{timm}.safetensors", page=page),
        trained=f"timm's conversion of {original}",
    )


# fmt: off
_ENTRIES = (
    _exported(
        "inception_v1", "Inception-v1", 1024, 6_617_624, f"{SLIM}/inception_v1_2016_08_28.tar.gz",
        bytes=24_642_554,
        digest="sha256:7a620c430fcaba8f8f716241f5148c4c47c035cce4e49ef02cfbe6cd1adf96a6"),
    _exported(
        "inception_v2", "Inception-v2", 1024, 11_178_336, f"{SLIM}/inception_v2_2016_08_28.tar.gz",
        bytes=41_577_079,
        digest="sha384:c0b2efbae8fc5e237ae67637dca3f311d4b4f7da576b56067e83d95c398a2fcc"
               "d50baff9cc0de64335f4d7b78e1adb07"),
    _exported(
        "mobilenet_v2_140_224", "MobileNet-v2-1.4-224", 1792, 6_108_776,
        "https://storage.googleapis.com/mobilenet_v2/checkpoints/mobilenet_v2_1.4_224.tgz",
        slim="mobilenet_v2_140", crop=224, bytes=135_977_516,
        page="https://github.com/tensorflow/models/tree/master/research/slim/nets/mobilenet",
        digest="sha384:fd257f73e8ee5280328903afa6bbd646dcf4e8ae7c090e3424cf05d973c0940f"
               "e02ee220a3a5a20ea51cb9caacbf4961"),
    # Slim's own resnet_v1_152 is a conversion of the Caffe weights: another training.
    ThesisNetwork(
        name="resnet_v1_152", title="ResNet-v1-152", dim=2048, crop=331, parameters=60_192_808,
        slim="resnet_v1_152",
        file=WeightsFile(
            url="https://tfhub.dev/google/imagenet/resnet_v1_152/classification/5"
                "?tf-hub-format=compressed",
            name="resnet_v1_152_classification_5.tar.gz",
            page="https://www.kaggle.com/models/google/resnet-v1"),
        trained="google/imagenet/resnet_v1_152 of TensorFlow Hub, trained for it by Google"),
    _exported(
        "resnet_v2_152", "ResNet-v2-152", 2048, 60_236_904,
        f"{SLIM}/resnet_v2_152_2017_04_14.tar.gz"),
    _converted(
        "inception_v3", "Inception-v3", 2048, 23_834_568,
        timm="inception_v3.tf_in1k", original="inception_v3_2016_08_28"),
    _converted(
        "inception_v4", "Inception-v4", 1536, 42_679_816,
        timm="inception_v4.tf_in1k", original="inception_v4_2016_09_09"),
    _converted(
        "inception_resnet_v2", "Inception-ResNet-v2", 1536, 55_843_464,
        timm="inception_resnet_v2.tf_in1k", original="inception_resnet_v2_2016_08_30"),
    _converted(
        "nasnet_large", "NASNet-Large", 4032, 88_753_150,
        timm="nasnetalarge.tf_in1k", original="nasnet-a_large_04_10_2017"),
    _converted(
        "pnasnet_large", "PNASNet-Large", 4320, 86_057_668,
        timm="pnasnet5large.tf_in1k", original="pnasnet-5_large_2017_12_13"),
)
# fmt: on
NETWORKS: Mapping[str, ThesisNetwork] = {entry.name: entry for entry in _ENTRIES}
"""By name, in the order of Table 5.1."""


def find_network(name: str) -> ThesisNetwork:
    """The network of a name.

    Raises:
        NetworkError: naming the nearest.
    """
    return look_up(name, NETWORKS, "The thesis has no network")
