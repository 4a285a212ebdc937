"""Weights as the package carries them: safetensors, without what the geometry already says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import nn


def export(network: nn.Module, path: Path, facts: Mapping[str, object]) -> None:
    """Write the state dict of `network` to `path`, with `facts` as metadata.

    The attention's index buffers are left out: they are constants, and larger than the weights.
    """
    from safetensors.torch import save_file

    state = {
        name: value.detach().cpu().contiguous().clone()
        for name, value in network.state_dict().items()
        if not name.endswith("attention_bias_idxs")
    }
    partial = path.with_suffix(".partial")
    save_file(state, partial, {name: str(value) for name, value in facts.items()})
    partial.replace(path)
