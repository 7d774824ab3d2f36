"""What each of the ten networks is, and where Google's weights of it are published.

Sources: Table 5.1 of the thesis; the pages of the TensorFlow Hub modules that it used, each of
which names the checkpoint that it was exported from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from samefeatures.base.errors import NetworkError
from samefeatures.base.options import check_known

SLIM = "https://storage.googleapis.com/download.tensorflow.org/models"
SLIM_PAGE = "https://github.com/tensorflow/models/tree/master/research/slim#pre-trained-models"
TIMM_PAGE = "https://huggingface.co/timm"


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


def _slim_file(name: str, **known: int | str) -> WeightsFile:
    return WeightsFile(url=f"{SLIM}/{name}", name=name, page=SLIM_PAGE, **known)  # type: ignore[arg-type]


def _timm_file(model: str) -> WeightsFile:
    repository = f"https://huggingface.co/timm/{model}"
    return WeightsFile(
        url=f"{repository}/resolve/main/model.safetensors",
        name=f"{model}.safetensors",
        page=repository,
    )


_ENTRIES = (
    ThesisNetwork(
        name="inception_v1",
        title="Inception-v1",
        dim=1024,
        crop=331,
        parameters=6_617_624,
        slim="inception_v1",
        file=_slim_file(
            "inception_v1_2016_08_28.tar.gz",
            bytes=24_642_554,
            digest="sha256:7a620c430fcaba8f8f716241f5148c4c47c035cce4e49ef02cfbe6cd1adf96a6",
        ),
        trained="inception_v1_2016_08_28, the checkpoint that the Hub module was exported from",
    ),
    ThesisNetwork(
        name="inception_v2",
        title="Inception-v2",
        dim=1024,
        crop=331,
        parameters=11_178_336,
        slim="inception_v2",
        file=_slim_file(
            "inception_v2_2016_08_28.tar.gz",
            bytes=41_577_079,
            digest="sha384:c0b2efbae8fc5e237ae67637dca3f311d4b4f7da576b56067e83d95c398a2fcc"
            "d50baff9cc0de64335f4d7b78e1adb07",
        ),
        trained="inception_v2_2016_08_28, the checkpoint that the Hub module was exported from",
    ),
    ThesisNetwork(
        name="mobilenet_v2_140_224",
        title="MobileNet-v2-1.4-224",
        dim=1792,
        crop=224,
        parameters=6_108_776,
        slim="mobilenet_v2_140",
        file=WeightsFile(
            url="https://storage.googleapis.com/mobilenet_v2/checkpoints/mobilenet_v2_1.4_224.tgz",
            name="mobilenet_v2_1.4_224.tgz",
            page="https://github.com/tensorflow/models/tree/master/research/slim/nets/mobilenet",
            bytes=135_977_516,
            digest="sha384:fd257f73e8ee5280328903afa6bbd646dcf4e8ae7c090e3424cf05d973c0940f"
            "e02ee220a3a5a20ea51cb9caacbf4961",
        ),
        trained="mobilenet_v2_1.4_224, the checkpoint that the Hub module was exported from",
    ),
    ThesisNetwork(
        name="resnet_v1_152",
        title="ResNet-v1-152",
        dim=2048,
        crop=331,
        parameters=60_192_808,
        slim="resnet_v1_152",
        # Slim's own resnet_v1_152 is a conversion of the Caffe weights: another training.
        file=WeightsFile(
            url="https://tfhub.dev/google/imagenet/resnet_v1_152/classification/5"
            "?tf-hub-format=compressed",
            name="resnet_v1_152_classification_5.tar.gz",
            page="https://www.kaggle.com/models/google/resnet-v1",
        ),
        trained="google/imagenet/resnet_v1_152 of TensorFlow Hub, trained for it by Google",
    ),
    ThesisNetwork(
        name="resnet_v2_152",
        title="ResNet-v2-152",
        dim=2048,
        crop=331,
        parameters=60_236_904,
        slim="resnet_v2_152",
        file=_slim_file("resnet_v2_152_2017_04_14.tar.gz"),
        trained="resnet_v2_152_2017_04_14, the checkpoint that the Hub module was exported from",
    ),
    ThesisNetwork(
        name="inception_v3",
        title="Inception-v3",
        dim=2048,
        crop=331,
        parameters=23_834_568,
        timm="inception_v3.tf_in1k",
        file=_timm_file("inception_v3.tf_in1k"),
        trained="timm's conversion of inception_v3_2016_08_28",
    ),
    ThesisNetwork(
        name="inception_v4",
        title="Inception-v4",
        dim=1536,
        crop=331,
        parameters=42_679_816,
        timm="inception_v4.tf_in1k",
        file=_timm_file("inception_v4.tf_in1k"),
        trained="timm's conversion of inception_v4_2016_09_09",
    ),
    ThesisNetwork(
        name="inception_resnet_v2",
        title="Inception-ResNet-v2",
        dim=1536,
        crop=331,
        parameters=55_843_464,
        timm="inception_resnet_v2.tf_in1k",
        file=_timm_file("inception_resnet_v2.tf_in1k"),
        trained="timm's conversion of inception_resnet_v2_2016_08_30",
    ),
    ThesisNetwork(
        name="nasnet_large",
        title="NASNet-Large",
        dim=4032,
        crop=331,
        parameters=88_753_150,
        timm="nasnetalarge.tf_in1k",
        file=_timm_file("nasnetalarge.tf_in1k"),
        trained="timm's conversion of nasnet-a_large_04_10_2017",
    ),
    ThesisNetwork(
        name="pnasnet_large",
        title="PNASNet-Large",
        dim=4320,
        crop=331,
        parameters=86_057_668,
        timm="pnasnet5large.tf_in1k",
        file=_timm_file("pnasnet5large.tf_in1k"),
        trained="timm's conversion of pnasnet-5_large_2017_12_13",
    ),
)

NETWORKS: Mapping[str, ThesisNetwork] = {entry.name: entry for entry in _ENTRIES}
"""By name, in the order of Table 5.1."""


def find_network(name: str) -> ThesisNetwork:
    """The network of a name.

    Raises:
        NetworkError: naming the nearest.
    """
    check_known(name, NETWORKS, "The thesis has no network", NetworkError)
    return NETWORKS[name]
