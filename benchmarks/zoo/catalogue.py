"""The 62 networks of the zoo."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from benchmarks.zoo import library_networks as library
from benchmarks.zoo.networks import IDS, Input, ZooNetwork, image, tokens

if TYPE_CHECKING:
    from torch import nn

CLASSIFIER = "CNN classifier"
DETECTOR = "CNN detector"
HYBRID = "hybrid of convolution and attention"
TRANSFORMER = "vision transformer or mixer"
DENSE = "dense image output"
AUDIO = "audio, mostly 1-D convolution"
RECURRENT = "recurrent"
TEXT = "text or speech transformer"
FILM = "3-D convolution"
TABLE = "dense layers"

BERT_VOCABULARY, GPT2_VOCABULARY, T5_VOCABULARY, ALBERT_VOCABULARY = 30522, 50257, 32128, 30000
TAGGER_VOCABULARY = 20000


def catalogue() -> list[ZooNetwork]:
    """Return the networks, those of one kind beside each other."""
    return [*_classifiers(), *_with_attention(), *_images(), *_sounds(), *_recurrent(), *_texts()]


def _torchvision(rows: Iterable[tuple[str, int]]) -> Iterable[ZooNetwork]:
    for name, size in rows:
        options = {"init_weights": False, "aux_logits": False} if name in ("googlenet", "inception_v3") else {}
        build = library.torchvision_classifier(name, **options)
        yield _classifier(name, size, build)


def _timm(rows: Iterable[tuple[str, int]]) -> Iterable[ZooNetwork]:
    for name, size in rows:
        yield _classifier(name, size, library.timm_classifier(name))


def _classifier(name: str, size: int, build: Callable[[], nn.Module], group: str = CLASSIFIER) -> ZooNetwork:
    full_name = name if name.endswith("_224") else f"{name}_{size}"
    return ZooNetwork(name=full_name, group=group, family=_FAMILIES[name], build=build, inputs=image(size))


_FAMILIES = {
    "squeezenet1_1": "squeezenet",
    "squeezenet1_0": "squeezenet",
    "mobilenet_v2": "mobilenet",
    "mobilenet_v3_small": "mobilenet",
    "mobilenet_v3_large": "mobilenet",
    "mnasnet0_5": "mnasnet",
    "semnasnet_075": "mnasnet",
    "efficientnet_b0": "efficientnet",
    "efficientnet_b1": "efficientnet",
    "resnet18": "resnet",
    "resnet50": "resnet",
    "skresnet18": "resnet",
    "res2net50_26w_4s": "resnet",
    "densenet121": "densenet",
    "convnext_tiny": "convnext",
    "convnext_atto": "convnext",
    "googlenet": "inception",
    "inception_v3": "inception",
    "alexnet": "alexnet",
    "ghostnet_100": "ghostnet",
    "repghostnet_050": "ghostnet",
    "repvgg_a0": "repvgg",
    "lcnet_050": "lcnet",
    "lcnet_100": "lcnet",
    "starnet_s1": "starnet",
    "mobilevit_xxs": "mobilevit",
    "mobilevitv2_050": "mobilevit",
    "coatnet_nano_rw_224": "coatnet",
    "poolformer_s12": "metaformer",
    "tiny_vit_5m_224": "tiny_vit",
    "deit_tiny_patch16_224": "vit",
    "vit_small_patch32_224": "vit",
    "xcit_nano_12_p16_224": "xcit",
    "mixer_s32_224": "mixer",
    "mixer_tiny": "mixer",
    "resmlp_12_224": "mixer",
}


def _classifiers() -> Iterable[ZooNetwork]:
    yield from _torchvision(
        (
            ("squeezenet1_1", 224),
            ("squeezenet1_0", 160),
            ("mobilenet_v2", 224),
            ("mobilenet_v2", 128),
            ("mobilenet_v3_small", 224),
            ("mobilenet_v3_large", 160),
            ("mnasnet0_5", 224),
            ("efficientnet_b0", 224),
            ("efficientnet_b1", 160),
            ("resnet18", 224),
            ("resnet50", 160),
            ("densenet121", 192),
            ("googlenet", 224),
            ("inception_v3", 200),
            ("alexnet", 224),
        )
    )
    yield from _timm(
        (
            ("semnasnet_075", 160),
            ("skresnet18", 128),
            ("res2net50_26w_4s", 96),
            ("convnext_tiny", 128),
            ("convnext_atto", 160),
            ("ghostnet_100", 224),
            ("repghostnet_050", 192),
            ("repvgg_a0", 192),
            ("lcnet_050", 224),
            ("lcnet_100", 128),
            ("starnet_s1", 160),
        )
    )


def _with_attention() -> Iterable[ZooNetwork]:
    for name, size, group in (
        ("mobilevit_xxs", 192, HYBRID),
        ("mobilevitv2_050", 224, HYBRID),
        ("coatnet_nano_rw_224", 224, HYBRID),
        ("tiny_vit_5m_224", 224, HYBRID),
        ("poolformer_s12", 128, TRANSFORMER),
        ("deit_tiny_patch16_224", 224, TRANSFORMER),
        ("vit_small_patch32_224", 224, TRANSFORMER),
        ("xcit_nano_12_p16_224", 224, TRANSFORMER),
        ("mixer_s32_224", 224, TRANSFORMER),
        ("resmlp_12_224", 224, TRANSFORMER),
    ):
        yield _classifier(name, size, library.timm_classifier(name), group)
    yield _classifier("mixer_tiny", 128, library.mixer_tiny, TRANSFORMER)


def _images() -> Iterable[ZooNetwork]:
    for name, size in (("lraspp_mobilenet_v3_large", 256), ("deeplabv3_mobilenet_v3_large", 192)):
        build = library.torchvision_segmentation(name)
        family = "mobilenet segmentation"
        yield ZooNetwork(name=f"{name}_{size}", group=DENSE, family=family, build=build, inputs=image(size))
    for size in (256, 416):
        build = _written_here("image_networks", "YoloNano")
        yield ZooNetwork(name=f"yolo_nano_{size}", group=DETECTOR, family="yolo", build=build, inputs=image(size))
    for name, function, channels in (
        ("espcn_x3_96", "espcn", 1),
        ("fsrcnn_x2_96", "fsrcnn", 1),
        ("conv_autoencoder_96", "conv_autoencoder", 3),
    ):
        build = _written_here("image_networks", function)
        family = "autoencoder" if channels == 3 else "super-resolution"
        yield ZooNetwork(name=name, group=DENSE, family=family, build=build, inputs=image(96, channels=channels))
    build = _written_here("image_networks", "resnet8")
    yield ZooNetwork(name="resnet8_32", group=CLASSIFIER, family="resnet", build=build, inputs=image(32))
    film = Input(name="film", shape=(1, 3, 8, 64, 64))
    build = _written_here("image_networks", "conv3d")
    yield ZooNetwork(name="conv3d_8x64", group=FILM, family="conv3d", build=build, inputs=(film,))


def _sounds() -> Iterable[ZooNetwork]:
    for name, function, family, group, shape in (
        ("anomaly_mlp_640", "anomaly_mlp", "mlp", TABLE, (1, 640)),
        ("ds_cnn_kws", "ds_cnn", "keyword spotting", AUDIO, (1, 1, 49, 10)),
        ("tc_resnet14_kws", "tc_resnet14", "keyword spotting", AUDIO, (1, 40, 101)),
        ("m5_raw_audio", "m5", "m5", AUDIO, (1, 1, 16000)),
        ("conv_tasnet_1s", "ConvTasNet", "conv_tasnet", AUDIO, (1, 1, 8000)),
    ):
        build, inputs = _written_here("audio_networks", function), (Input(name="sound", shape=shape),)
        yield ZooNetwork(name=name, group=group, family=family, build=build, inputs=inputs)


def _recurrent() -> Iterable[ZooNetwork]:
    for name, layer_count, width, steps in (("lstm_2x256_t50", 2, 256, 50), ("lstm_1x512_t100", 1, 512, 100)):
        build = _written_here("audio_networks", "RecurrentClassifier", layer_count=layer_count, width=width)
        inputs = (Input(name="features", shape=(1, steps, 80)),)
        yield ZooNetwork(name=name, group=RECURRENT, family="lstm", build=build, inputs=inputs)
    words = Input(name="words", shape=(1, 40), kind=IDS, upper=TAGGER_VOCABULARY)
    build = _written_here("audio_networks", "Tagger", vocabulary=TAGGER_VOCABULARY)
    yield ZooNetwork(name="bilstm_tagger_t40", group=RECURRENT, family="lstm tagger", build=build, inputs=(words,))
    spectrogram = Input(name="spectrogram", shape=(1, 1, 161, 100))
    build = _written_here("audio_networks", "SpeechRecogniser")
    family = "deepspeech"
    yield ZooNetwork(name="deepspeech2_small", group=RECURRENT, family=family, build=build, inputs=(spectrogram,))


def _texts() -> Iterable[ZooNetwork]:
    for name, build, family, inputs, is_open in (
        ("bert_mini_s64", library.bert(width=256, layer_count=4), "bert", tokens(64, BERT_VOCABULARY), False),
        ("bert_tiny_s128", library.bert(width=128, layer_count=2), "bert", tokens(128, BERT_VOCABULARY), True),
        ("bert_small_s32", library.bert(width=512, layer_count=4), "bert", tokens(32, BERT_VOCABULARY), False),
        ("albert_s32", library.albert, "albert", tokens(32, ALBERT_VOCABULARY), False),
        ("gpt2_4_layers_s32", library.gpt2, "gpt2", tokens(32, GPT2_VOCABULARY), True),
        ("t5_encoder_s48", library.t5_encoder, "t5", tokens(48, T5_VOCABULARY), True),
    ):
        dimensions = {item.name: {0: "batch", 1: "sequence"} for item in inputs} if is_open else None
        yield ZooNetwork(name=name, group=TEXT, family=family, build=build, inputs=inputs, open_dimensions=dimensions)
    frames = (Input(name="frames", shape=(1, 80, 400)),)
    yield ZooNetwork(
        name="whisper_encoder_400", group=TEXT, family="whisper", build=library.whisper_encoder, inputs=frames
    )


def _written_here(module: str, name: str, **options: int) -> Callable[[], nn.Module]:
    """Return what builds a network of one of the modules here, which import torch only then."""

    def build() -> nn.Module:
        import importlib

        function = getattr(importlib.import_module(f"benchmarks.zoo.{module}"), name)
        return functools.partial(function, **options)()

    return build
