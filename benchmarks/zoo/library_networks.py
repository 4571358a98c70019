"""Networks of torchvision, timm and transformers, from their configurations, without weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn


def torchvision_classifier(name: str, **options: Any) -> Callable[[], nn.Module]:
    """Return what builds a classifier of torchvision."""

    def build() -> nn.Module:
        import torchvision

        return torchvision.models.get_model(name, weights=None, **options)

    return build


def torchvision_segmentation(name: str) -> Callable[[], nn.Module]:
    """Return what builds a segmentation network of torchvision, with its main output only."""

    def build() -> nn.Module:
        import torchvision

        network = torchvision.models.get_model(name, weights=None, weights_backbone=None)
        return _first_output_of(network, lambda output: output["out"])

    return build


def timm_classifier(name: str, **options: Any) -> Callable[[], nn.Module]:
    """Return what builds a classifier of timm."""

    def build() -> nn.Module:
        import timm

        return timm.create_model(name, pretrained=False, **options)

    return build


def mixer_tiny() -> nn.Module:
    """Return an MLP-Mixer for images of 128 pixels, smaller than the published ones."""
    from timm.models.mlp_mixer import MlpMixer

    return MlpMixer(img_size=128, patch_size=16, num_blocks=8, embed_dim=192)


def bert(*, width: int, layer_count: int) -> Callable[[], nn.Module]:
    """Return what builds a BERT encoder of one of the small published sizes: heads of 64 channels."""

    def build() -> nn.Module:
        from transformers import BertConfig, BertModel

        config = BertConfig(
            hidden_size=width,
            num_hidden_layers=layer_count,
            num_attention_heads=width // 64,
            intermediate_size=4 * width,
            attn_implementation="eager",
        )
        return _encoder(BertModel(config, add_pooling_layer=False))

    return build


def albert() -> nn.Module:
    """Return ALBERT base: twelve layers that share their weights."""
    from transformers import AlbertConfig, AlbertModel

    config = AlbertConfig(
        embedding_size=128,
        hidden_size=768,
        num_hidden_layers=12,
        num_attention_heads=12,
        intermediate_size=3072,
        attn_implementation="eager",
    )
    return _encoder(AlbertModel(config, add_pooling_layer=False))


def gpt2() -> nn.Module:
    """Return a GPT-2 of four layers that gives the scores of every next token."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(n_layer=4, n_embd=256, n_head=4, use_cache=False, attn_implementation="eager")
    return _first_output_of(GPT2LMHeadModel(config), lambda output: output.logits)


def t5_encoder() -> nn.Module:
    """Return the encoder of T5 small."""
    from transformers import T5Config, T5EncoderModel

    return _encoder(T5EncoderModel(T5Config(attn_implementation="eager")))


def whisper_encoder() -> nn.Module:
    """Return the encoder of Whisper tiny for 400 frames, four seconds, instead of 3000."""
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    config = WhisperConfig(
        d_model=384,
        encoder_layers=4,
        encoder_attention_heads=6,
        encoder_ffn_dim=1536,
        max_source_positions=200,
        attn_implementation="eager",
    )
    return _encoder(WhisperEncoder(config))


def _encoder(network: nn.Module) -> nn.Module:
    return _first_output_of(network, lambda output: output.last_hidden_state)


def _first_output_of(network: nn.Module, choose: Callable[[Any], Tensor]) -> nn.Module:
    """Return a module that gives one tensor, where the library's gives a structure."""
    from torch import nn

    class OneOutput(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, *inputs: Tensor) -> Tensor:
            if len(inputs) == 2:
                return choose(self.network(inputs[0], attention_mask=inputs[1]))
            return choose(self.network(inputs[0]))

    return OneOutput()
