"""An attention with its projections in one launch, for HiT's stages two and three, with Triton.

With 80 or 20 tokens a GPU waits more from one launch to the next than it computes. A block of such
a stage fits into one processor's shared memory, but there it would wait for that processor's
arithmetic. So the work stays spread over all of them: one launch holds the programs of the
projections, of the attention and of the projection after it, and each phase waits for the one
before by a counter in memory. The arithmetic is that of `triton_layers` and of `fused`, block by
block, so it changes none of their bits.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hit_trackers.attention import fused
from hit_trackers.hit.network import triton_layers
from hit_trackers.hit.network.hit import HiT
from hit_trackers.hit.network.levit import Attention, BiasedAttention, ShrinkAttention


class AttentionBlock(nn.Module):
    """x + projection(Hardswish(attention(x))), or a Shrink Attention, in one launch.

    Holds four counters, which are zero between launches: one launch at a time, as in any stream.
    """

    bias: Tensor
    signs: Tensor
    asking: Tensor

    def __init__(self, attention: BiasedAttention, project: nn.Linear) -> None:
        super().__init__()
        assert attention.bias is not None, "the operator is chosen first"
        self.heads, self.width, self.scale = attention.heads, attention.key_dim, attention.scale
        self.project = project
        self.values = project.in_features // self.heads
        self.shrinks = isinstance(attention, ShrinkAttention)
        bias = attention.bias.contiguous()
        asking = torch.arange(bias.shape[2], dtype=torch.int32, device=bias.device)
        if isinstance(attention, ShrinkAttention):
            self.made, self.query = _linear(attention.kv), _linear(attention.q[1])
            asking = attention.q[0](asking.view(1, -1, 1)).flatten()
        else:
            assert isinstance(attention, Attention)
            self.made = self.query = _linear(attention.qkv)
        self.register_buffer("bias", bias, persistent=False)
        self.register_buffer("asking", asking, persistent=False)
        self.register_buffer("signs", bias.new_zeros(4, dtype=torch.int32), persistent=False)

    def programs(self) -> tuple[int, int, int, int]:
        """Of each phase: of all tokens, of queries by themselves, attention, projection."""
        _, queries, tokens = self.bias.shape
        high = -(-queries // fused.BLOCK)
        made, asked, out = (
            -(-linear.out_features // triton_layers.COLUMNS)
            for linear in (self.made, self.query, self.project)
        )
        height = triton_layers.rows_of_a_program(tokens)
        return (
            -(-tokens // height) * made,
            high * asked if self.shrinks else 0,
            high * self.heads,
            high * out,
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """(1, N, C) -> (1, N, C), or (1, N / 4, C') of a Shrink Attention."""
        batch, count, inner = tokens.shape
        assert batch == 1, "a tracker sees one image at a time"
        queries, columns = self.bias.shape[1], self.project.out_features
        tokens = tokens.contiguous()
        made = tokens.new_empty(count, self.made.out_features)
        asked = tokens.new_empty(queries, self.query.out_features) if self.shrinks else made
        attended = tokens.new_empty(queries, self.project.in_features)
        out = tokens.new_empty(1, queries, columns)
        *blocks, last = self.programs()
        with torch.cuda.device_of(tokens):  # Triton launches on the current device
            triton_layers.kernels().attention_block[(sum(blocks) + last,)](
                *(tokens, self.made.weight, self.made.bias),
                *(self.asking, self.query.weight, self.query.bias),
                *(self.bias, self.project.weight, self.project.bias),
                *(made, asked, attended, out, self.signs),
                *(self.scale, count, queries, inner, self.heads, columns, *blocks),
                WIDTH=self.width,
                VALUES=self.values,
                SHRINK=self.shrinks,
                BLOCK_TOKENS=triton_layers.rows_of_a_program(count),
                BLOCK_QUERIES=fused.BLOCK,
                BLOCK_COLUMNS=triton_layers.COLUMNS,
                STEP=triton_layers.STEP,
                num_warps=4,
                enable_fp_fusion=False,  # a product and a sum made one would be rounded once
            )
        return out


def _linear(module: object) -> nn.Linear:
    assert isinstance(module, nn.Linear), "batch norms are folded first"
    return module


def use(network: HiT) -> None:
    """Replace the attentions after stage one; `triton_layers.use` and an operator come first."""
    body = network.backbone.body
    for place in range(body.starts[1], len(body.blocks)):
        block = body.blocks[place]
        if isinstance(block, triton_layers.AttentionBranch):
            body.blocks[place] = AttentionBlock(block.attention, _linear(block.project.linear))
        elif isinstance(block, ShrinkAttention):
            body.blocks[place] = AttentionBlock(block, _linear(block.proj[0].linear))
