"""Sizes and official test settings of STARK. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class StarkConfig:
    """The numbers that define a network, as in `experiments/stark_*/*.yaml`.

    Attributes:
        script: official name of the kind of tracker, a folder of checkpoints.
        yaml: official name of the configuration, a folder below it.
        file: official name of the weight file.
        blocks: of ResNet's three stages; none for RepVGG-A0.
        interval: frames from one change of the second template to the next; 0: there is none.
        intervals: the same for data sets that have another one.
        width, hidden, layers: channels of the transformer and of its feed-forward networks, layers
            of encoder and decoder.
        search_size, template_size: sides of the patches, in pixels.
        salt: of seeded weights, with which a closed loop keeps boxes of some size and scores on
            both sides of the threshold.
    """

    script: str
    yaml: str
    file: str
    blocks: tuple[int, ...]
    interval: int = 0
    intervals: dict[str, int] = field(default_factory=dict, hash=False)
    width: int = 256
    hidden: int = 2048
    layers: int = 6
    search_size: int = 320
    template_size: int = 128
    salt: str = "9"

    heads = 8
    search_factor = 5.0
    template_factor = 2.0
    stride = 16

    @property
    def templates(self) -> int:
        """How many there are."""
        return 2 if self.interval else 1

    @property
    def search_side(self) -> int:
        """Search tokens along a side: 20."""
        return self.search_size // self.stride

    @property
    def template_side(self) -> int:
        """Tokens of a template along a side: 8."""
        return self.template_size // self.stride


_ST_FILE = "STARKST_ep0050.pth.tar"
CONFIGS = {
    "s50": StarkConfig("stark_s", "baseline", "STARKS_ep0500.pth.tar", (3, 4, 6)),
    "st50": StarkConfig(
        "stark_st2",
        "baseline",
        _ST_FILE,
        (3, 4, 6),
        interval=200,
        intervals={"trackingnet": 25, "vot20": 10, "vot20lt": 200},
        salt="19",
    ),
    "st101": StarkConfig(
        "stark_st2",
        "baseline_R101",
        _ST_FILE,
        (3, 4, 23),
        interval=200,
        intervals={"trackingnet": 25, "vot20": 10, "vot20lt": 100},
        salt="16",
    ),
    "lightning": StarkConfig(
        "stark_lightning_X_trt",
        "baseline_rephead_4_lite_search5",
        "STARKLightningXtrt_ep0500.pth.tar",
        (),
        width=128,
        hidden=1024,
    ),
}
#: Names of settings: data sets of which the official interval, or the weights, are others.
GOT10K = "got10k"
SETTINGS = (GOT10K, "trackingnet", "vot20", "vot20lt")


def settings_of(size: str) -> tuple[str, ...]:
    """The official settings of a size beside the usual one.

    For GOT-10k there are weights that saw no other data, except for Lightning.
    """
    own_weights = () if size == "lightning" else (GOT10K,)
    return (*own_weights, *CONFIGS[size].intervals)


def interval_of(size: str, setting: str) -> int:
    """Frames from one change of the second template to the next; 0: there is none."""
    config = CONFIGS[size]
    return config.intervals.get(setting, config.interval)
