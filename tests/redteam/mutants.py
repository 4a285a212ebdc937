"""Small changes to the code that computes: each a file, a text, and what replaces it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One change; `why` says why no bit can show it, for those that are equivalent."""

    file: str
    old: str
    new: str
    why: str = ""

    @property
    def name(self) -> str:
        """`attention/exact.py: mul_(scale) -> mul_(scale * 1.001)`."""
        return f"{self.file}: {self.old.strip()} -> {self.new.strip() or '(nothing)'}"


def of(file: str, *changes: tuple[str, ...]) -> tuple[Mutant, ...]:
    """Changes of one file: text, what replaces it, and perhaps `why`."""
    return tuple(Mutant(file, *change) for change in changes)


_TRIED = "tried, such tiles change bits, and all queries run at once"
_SMALL = "hit_nano's linears are too small to be computed in another way"

MUTANTS = (
    *of(
        "attention/tiles.py",
        ("range(count)", "range(count - 1)"),
        ("(number + 1) // count)", "(number + 1) // count - 1)", _TRIED),
    ),
    *of(
        "attention/exact.py",
        (".mul_(scale)", ".mul_(scale * 1.001)"),
        (".mul_(scale)", ""),
        (".add_(bias)", ""),
        (".add_(bias)", ".sub_(bias)"),
        ("bias[:, rows]", "bias[:, : rows.stop - rows.start]", _TRIED),
        ("rows], keys, values", "rows], values[..., : keys.shape[-1]], values", _TRIED),
        ("out[:, some, rows] = ", "out[:, some, rows] = 0.5 * ", _TRIED),
        ("dim=-1, out=scores", "dim=-2, out=scores"),
        ("BLOCK = 160", "BLOCK = 64", "any block of four queries or more gives the same bits"),
        ("torch.softmax(scores, dim=-1, out=scores)", "torch.softmax(scores, dim=-1)"),
        ("return torch.softmax(", "return eager_softmax("),
    ),
    *of(
        "attention/memeff.py",
        ("scale=scale)", "scale=scale * 1.01)"),
        ("mask = bias[None] if", "mask = None if"),
        ("mask = bias[None] if", "mask = -bias[None] if"),
        ("F.pad(q, (0, padding))", "F.pad(q, (padding, 0))"),
        ("(q, k, v, attn_mask", "(k, q, v, attn_mask"),
        (
            "    padding = v.shape[-1] - q.shape[-1]\n",
            "    return ((q @ k.transpose(-2, -1)) * scale + bias).softmax(-1) @ v\n"
            "    padding = v.shape[-1] - q.shape[-1]\n",
        ),
    ),
    *of(
        "attention/streaming.py",
        ("s + bias[..., columns]", "s"),
        ("rescale * l + p", "l + p"),
        ("rescale * o + p", "o + p"),
        ("return o / l", "return o"),
        ("m = m_new", "m = m"),
        ("TILE = 64", "TILE = 32"),
    ),
    *of(
        "attention/eager.py",
        ("scores + bias", "scores"),
        ("* scale\n", "* (scale * 1.0001)\n"),
        ("softmax(dim=-1)", "softmax(dim=-2)"),
        ("k.transpose(-2, -1)", "k.flip(-2).transpose(-2, -1)"),
    ),
    *of(
        "attention/__init__.py",
        ('Operator("exact", exact.attend)', 'Operator("exact", EAGER.attend)'),
        (
            'Operator("memeff", memeff.attend, memeff.lay_out_bias)',
            'Operator("memeff", EAGER.attend)',
        ),
        ('Operator("streaming", streaming.attend)', 'Operator("streaming", EAGER.attend)'),
        ('Operator("streaming", streaming.attend)', 'Operator("streaming", memeff.attend)'),
        ('Operator("exact", exact.attend)', 'Operator("exact", memeff.attend)'),
    ),
    *of(
        "engines/eager.py",
        ('"bf16": torch.bfloat16', '"bf16": torch.float32'),
        (
            "self.held = self.program.hold(",
            "self.held = self.held if self.held is not None else self.program.hold(",
        ),
        ("permute(2, 0, 1)", "permute(2, 1, 0)"),
        ("cv2.LUT(patch[..., :3], self.values)", "cv2.LUT(patch[..., 2::-1].copy(), self.values)"),
    ),
    *of(
        "engines/pixels.py",
        ("0.456", "0.457"),
        ("0.229", "0.230"),
        ("/ 255.0", "/ 256.0"),
        ("- mean) / deviation", "- mean)"),
        ("permute(2, 0, 1)", "flip(-1).permute(2, 0, 1)"),
    ),
    *of(
        "geometry.py",
        ("MARGIN = 10", "MARGIN = 60"),
        ("round(x + 0.5 * w - side * 0.5)", "int(x + 0.5 * w - side * 0.5)"),
        (
            "round(x + 0.5 * w - side * 0.5), round",
            "round(x + 0.5 * w - side * 0.5) + 1, round",
        ),
        ("math.ceil(math.sqrt(w * h) * factor)", "math.ceil(math.sqrt(w * h) * factor) + 1"),
        ("cx += centre_x - half_side", "cx += centre_x"),
        ("cy - 0.5 * h", "cy + 0.5 * h"),
        ("previous[1] + 0.5 * previous[3]", "previous[1] + 0.5 * previous[2]"),
        ("max(margin, x2 - x1)", "max(margin, x2 - x1 + 1e-9)"),
        ("x1 + side - width + 1", "x1 + side - width"),
        ("dst=out), size / side", "dst=out), size / (side + 1)"),
    ),
    *of(
        "closed_loop.py",
        ("self._state = self.place(", "self.place("),
        ("self._state = state\n", "self._state = self._state or state\n"),
        ("regions.template_factor, regions.template_size", "1.9, regions.template_size"),
        ("self.to_pixels(output[:4], factor)", "self.to_pixels(output[[1, 0, 2, 3]], factor)"),
        ("np.float32(self.regions.search_size)", "np.float32(self.regions.search_size + 1)"),
    ),
    *of(
        "hit/tracker.py",
        ("math.sqrt(float(output[4]) * float(output[5]))", "float(output[4])"),
        ("math.sqrt(float(output[4]) * float(output[5]))", "0.0"),
    ),
    *of(
        "hit/program.py",
        ("output.bottom_right.amax()", "output.top_left.amax()"),
        ('.use(OPERATORS[variant.part("attention")])', '.use(OPERATORS["eager"])'),
        (".to(dtype)", ".to(torch.float32)"),
        (".to(dtype)", ".to(torch.bfloat16)"),
        ("self.network.embed(search), held", "self.network.embed(search), held * 1.0001"),
    ),
    *of(
        "hit/network/levit.py",
        ("key_dim**-0.5", "key_dim**-0.49"),
        ("out.transpose(1, 2).reshape", "out.reshape"),
        ("branch.add_(tokens)", "branch.add_(tokens, alpha=0.999)"),
        ("branch.add_(tokens)", "branch"),
        ("tokens + branch", "tokens"),
        ("[:, ::2, ::2]", "[:, 1::2, ::2]"),
        ("torch.cat((search, template), dim=1)", "torch.cat((template, search), dim=1)"),
        (
            "self.widths = [key_dim, key_dim, 2 * key_dim]",
            "self.widths = [key_dim, 2 * key_dim, key_dim]",
        ),
    ),
    *of(
        "hit/network/bridge.py",
        ("x.add_(maps[-2 - depth])", "x"),
        ("x + maps[-2 - depth]", "x - maps[-2 - depth]"),
        ("F.relu(x, inplace=self.in_place)", "x"),
        ("stages[-1].mean(1)", "stages[-1].amax(1)"),
    ),
    *of(
        "layers/__init__.py",
        ("torch.arange(side) * stride", "(torch.arange(side) + 0.5) * stride"),
        ("x2 - x1, y2 - y1", "x2 - x1, x2 - x1"),
        ('indexing="ij"', 'indexing="xy"'),
        ("softmax(dim=1)", "softmax(dim=1).square()"),
        ("nn.ReLU(inplace=True)", "nn.ReLU6(inplace=True)"),
    ),
    *of(
        "hit/network/hit.py",
        ("tokens.unsqueeze(-1) * similarity.unsqueeze(-2)", "tokens.unsqueeze(-1)"),
    ),
    *of(
        "hit/network/layers.py",
        ("norm.eps) ** 0.5", "0) ** 0.5"),
        ("norm.bias - norm.running_mean", "norm.bias + norm.running_mean"),
        (
            "_assign_bias(folded, bias)\n        return folded\n\n\nclass",
            "_assign_bias(folded, 0 * bias)\n        return folded\n\n\nclass",
        ),
    ),
    *of(
        "hit/network/position.py",
        ("abs(row * stride - y)", "abs(row - y)"),
        ("abs(column * stride - x)", "(column * stride - x)"),
    ),
    *of(
        "layers/products.py",
        ("if torch.equal(way(some), official)", "if True", _SMALL),
    ),
    *of(
        "hit/network/products.py",
        ("tokens[0].t()).t()", "tokens[0].t() * 1.0000001).t()", _SMALL),
    ),
)
