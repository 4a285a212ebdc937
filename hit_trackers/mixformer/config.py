"""Sizes and official test settings of MixFormer. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One stage of MixCvT.

    Attributes:
        width, depth, heads: channels, blocks and attention heads.
        kernel, stride, padding: of the convolution that embeds its input.
    """

    width: int
    depth: int
    heads: int
    kernel: int
    stride: int
    padding: int


@dataclass(frozen=True)
class MixFormerConfig:
    """The numbers that define a network, as in `experiments/mixformer_*_online/*.yaml`.

    Attributes:
        checkpoint: official name of the weight file; {got} is "_got" where it was trained on
            GOT-10k only.
        search_size, template_size: sides of the patches, in pixels.
        width: of the features that the heads read.
        stages: of MixCvT; empty for MixViT.
        depth, heads: of MixViT; 0 for MixCvT.
        cell: pixels of the search region per cell of the corner maps.
    """

    checkpoint: str
    search_size: int
    template_size: int
    width: int
    stages: tuple[Stage, ...] = ()
    depth: int = 0
    heads: int = 0
    cell: int = 16

    template_factor = 2.0
    channels = 384  # of the corner head's first layers

    @property
    def feature_side(self) -> int:
        """Cells along a side of the search region's features."""
        return self.search_size // 16

    @property
    def template_side(self) -> int:
        """Cells along a side of a template's features."""
        return self.template_size // 16


def _stages(widths: tuple[int, ...], depths: tuple[int, ...]) -> tuple[Stage, ...]:
    embeddings = ((7, 4, 2), (3, 2, 1), (3, 2, 1))
    return tuple(
        Stage(width, depth, width // 64, *embedding)
        for width, depth, embedding in zip(widths, depths, embeddings, strict=True)
    )


CONFIGS = {
    "cvt": MixFormerConfig(
        "mixformer_cvt_online_22k{got}", 320, 128, 384, _stages((64, 192, 384), (1, 4, 16))
    ),
    "cvtl": MixFormerConfig(
        "mixformer_cvtL_online_22k{got}", 320, 128, 1024, _stages((192, 768, 1024), (2, 2, 12))
    ),
    "vit": MixFormerConfig(
        "mixformer_vit_base_online{got}", 288, 128, 768, depth=12, heads=12, cell=4
    ),
    "vitl": MixFormerConfig(
        "mixformer_vit_large_online{got}", 384, 192, 1024, depth=24, heads=16, cell=4
    ),
}


@dataclass(frozen=True)
class Setting:
    """How a tracker searches and learns.

    Attributes:
        search_factor: side of the search region over sqrt(w * h) of the box.
        interval: frames from one change of the online templates to the next.
        online: how many online templates there are at most. With 1 the network sees both templates
            in every frame; with more their keys and values are kept.
        decay: what the highest score since the last change is multiplied by in each frame.
    """

    search_factor: float
    interval: int
    online: int
    decay: float = 1.0


#: Of a bare name: TrackingNet's official setting of MixCvT. One online template is no official
#: setting of the others, though their code runs it.
USUAL = Setting(4.5, 25, 1)
#: The official test settings, by size and data set: `tracking/test_mixformer_*.sh` for the search
#: factor and the decay, `experiments/*_online/baseline*.yaml` for the others.
SETTINGS = {
    "cvt": {
        "lasot": Setting(4.55, 200, 2),
        "trackingnet": Setting(4.5, 25, 1),
        "got10k": Setting(4.55, 10, 2, 0.98),
        "uav": Setting(4.5, 200, 1),
        "otb": Setting(4.5, 6, 3),
        "vot20": Setting(5.0, 10, 5),
    },
    "cvtl": {
        "lasot": Setting(4.55, 200, 2),
        "trackingnet": Setting(4.5, 25, 3, 0.98),
        "got10k": Setting(5.0, 200, 2),
        "uav": Setting(4.5, 25, 3),
        "otb": Setting(4.55, 6, 2),
        "vot20": Setting(5.0, 10, 5),
    },
    "vit": {
        "lasot": Setting(5.05, 200, 2),
        "trackingnet": Setting(4.5, 25, 3),
        "got10k": Setting(4.5, 200, 2),
        "uav": Setting(4.7, 20, 3),
        "otb": Setting(4.45, 6, 2),
        "vot20": Setting(4.5, 6, 5),
    },
    "vitl": {
        "lasot": Setting(4.55, 200, 2),
        "trackingnet": Setting(4.6, 25, 2),
        "got10k": Setting(4.5, 200, 2),
        "uav": Setting(4.7, 25, 2),
        "otb": Setting(4.6, 12, 5),
        "vot20": Setting(4.5, 10, 5),
    },
}


def setting_of(size: str, setting: str) -> Setting:
    """The setting of a name's parts; "" is the bare name's."""
    return SETTINGS[size][setting] if setting else USUAL
