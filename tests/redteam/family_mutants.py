"""Small changes to the code of the families that others published; see `mutants`.

Each group runs on its family's own trackers, with seeded weights and narrow networks.
"""

from __future__ import annotations

from tests.redteam.mutants import of

OSTRACK = (
    *of(
        "ostrack/network/block.py",
        ("math.ceil(self.keep_ratio", "math.floor(self.keep_ratio"),
        ("descending=True", "descending=False"),
        ("positions.gather(1, stay), positions", "stay, positions"),
        ("tokens[:, template:].gather(1, index)", "tokens[:, : -template].gather(1, index)"),
        ("row[..., template:].mean(dim=1)", "row[..., template:].amax(dim=1)"),
        ("weights[..., index - first, :]", "weights[..., 0, :]"),
        ("mask[:, self.centre] = True", "mask[:, self.centre + 1] = True"),
        (".mean(dim=2).mean(dim=1)", ".mean(dim=2).amax(dim=1)"),
        ("attended.add_(tokens)", "attended.add_(tokens, alpha=0.9999)"),
        ("q[:, :, first:], k, v", "q[:, :, first:], v, v"),
        ("* self.scale).softmax", "* 1.001 * self.scale).softmax"),
    ),
    *of(
        "ostrack/network/ostrack.py",
        ("tokens += self.pos_embed_x", "tokens += 0.999 * self.pos_embed_x"),
        ("tokens.new_zeros(batch", "tokens.new_ones(batch"),
        ("max=1 - 1e-4", "max=0.7"),
        ("_probability(sizes), offsets", "_probability(sizes), offsets.sigmoid()"),
        ("torch.cat([template, search], dim=1)", "torch.cat([template, search.flip(1)], dim=1)"),
    ),
    *of(
        "ostrack/program.py",
        ("self.window * output.scores", "output.scores"),
        ("2 * torch.pi / (side + 1)", "2 * torch.pi / side"),
        ("column.float() + offset[:, :1]", "column.float() + offset[:, 1:]"),
        ('return variant.part("attention") == "exact" or', "return", "patches embedded anew"),
    ),
    *of(
        "ostrack/config.py",
        ("keep_ratio = 0.7", "keep_ratio = 0.71"),
        ("locations = (3, 6, 9)", "locations = (3, 6, 10)"),
        ("(self.template_side - 1) // 2", "self.template_side // 2"),
    ),
    *of("ostrack/tracker.py", ("self.config.search_factor,", "self.config.search_factor + 0.01,")),
)

MIXFORMER = (
    *of(
        "mixformer/network/cvt.py",
        ("EinsumSite(width**-0.5)", "EinsumSite(width**-0.49)"),
        ("** 2 * 2\n", "** 2\n"),
        ("torch.sigmoid_(1.702 * x)", "torch.sigmoid_(1.7 * x)"),
        ("x * torch.sigmoid(1.702 * x)", "x * torch.sigmoid(1.7 * x)"),
        ("x.mul_(scale).add_(shift)", "x.mul_(scale)"),
        ("kept += [keys, values]", "kept += [values, keys]"),
        ("[keys, self.conv_proj_k(maps)]", "[self.conv_proj_k(maps), keys]"),
    ),
    *of(
        "mixformer/network/vit.py",
        ("own, k[:, :, :templates], v[:, :, :templates]", "own, k, v"),
        ("10000 **", "1000 **"),
        ("_, k, v = torch.cat([kept, own]", "_, v, k = torch.cat([kept, own]"),
        ("branch.add_(tokens)", "branch.sub_(tokens)"),
    ),
    *of(
        "mixformer/network/score.py",
        ("/ bins**2", "/ bins"),
        ("clamp(-1, 1)", "clamp(-1, 0.9)"),
        ("0.5 * (t + 1) ** 2", "0.5 * (t + 1)"),
        ("[down, features, across]", "[across, features, down]"),
        ("* search.shape[-1])", "* (search.shape[-1] - 1))"),
        ("memories = [to_tokens(pooled", "memories = [0 * to_tokens(pooled"),
    ),
    *of(
        "mixformer/network/mixformer.py",
        ("cy - halves[1], cx", "cy - halves[0], cx"),
        ('enlarged(layer("adjust4", third), 2)', 'enlarged(layer("adjust3", second), 4)'),
    ),
    *of(
        "mixformer/tracker.py",
        ("THRESHOLD = 0.5", "THRESHOLD = 0.7"),
        ("interval == 0", "interval == 1"),
        ("max(THRESHOLD, self._highest * self.setting.decay)", "THRESHOLD"),
        (
            "self.templates[0], -1.0",
            "self._best, -1.0",
            "these clips never lose a target that they had; test_mixformer.py has such scores",
        ),
        ("self._best, self._highest = self.templates[0], -1.0", "pass"),
        (
            "self._highest *= self.setting.decay",
            "pass",
            "read in the third frame after a change, and here there are two; as above",
        ),
        ("changed[1 + self._next]", "changed[self._next]"),
        ("(self._next + 1) % self.setting", "(self._next + 2) % self.setting"),
        ("len(self.templates) - 1 < self", "len(self.templates) < self"),
        ("if score > self._to_exceed", "if score >= self._to_exceed"),
    ),
)

STARK = (
    *of(
        "stark/tracker.py",
        ("THRESHOLD = 0.5", "THRESHOLD = 0.6"),
        ("interval == 0 and", "interval == 1 and"),
        ("[self.templates[0], self.cut", "[self.templates[1], self.cut"),
        ("super().start(template)\n        self._frame = 0", "super().start(template)"),
        ("float(output[4]) * float(output[5])", "float(output[4])"),
        (
            "return crop_with_padding(image, box, regions.search",
            "return crop_with_padding(image, [b + 0.5 for b in box], regions.search",
        ),
    ),
    *of(
        "stark/program.py",
        ("patch[..., 3] > 0", "patch[..., 3] > 255"),
        ("probabilities.amax()", "probabilities.mean()"),
        ("output.logits.view(-1).sigmoid()", "output.logits.view(-1).tanh()"),
    ),
    *of(
        "stark/network/stark.py",
        ("if self.looks and not padding.any()", "if self.looks"),
        ("masked_fill_(padding, -math.inf)", "masked_fill_(padding, -9.0)"),
        ("if self.looks else tokens.padding", "if self.looks else None"),
        ("tokens.unsqueeze(-1) * likeness", "tokens.unsqueeze(-1) + likeness"),
        ("self.cls_head(found)[-1]", "self.cls_head(found)[-1] - 0.5"),
    ),
    *of(
        "stark/network/transformer.py",
        (
            "self.self_attn(placed, placed, tokens, padding)",
            "self.self_attn(placed, placed, placed, padding)",
        ),
        ("(target + query, placed, memory, padding)", "(target, placed, memory, padding)"),
        ("not self.places_once", "True", "memory and positions do not change between layers"),
    ),
    *of(
        "stark/network/lightning.py",
        ("torch.arange(config.search_side) + 0.5", "torch.arange(config.search_side)"),
        ("summed.add_(same)", "summed"),
        ("torch.cat((columns, rows), dim=-1)", "torch.cat((rows, columns), dim=-1)"),
        ("query = joined.tokens[-count:] +", "query ="),
    ),
    *of(
        "geometry.py",
        (
            "found[..., 3] = np.where(cv2.resize(outside, (size, size)), 255, 0)",
            "found[..., 3] = np.where(cv2.resize(outside, (size, size)) > 0.5, 255, 0)",
            "tokens look at every 16th pixel, none of them half outside; see test_stark_golden.py",
        ),
        ("(outside, (size, size)), 255, 0)", "(outside, (size, size)), 0, 255)"),
        ("outside[top : side - bottom, left", "outside[bottom : side - top, left"),
    ),
    *of(
        "layers/sine.py",
        ("(exponent // 2)", "(exponent / 2)"),
        ("TEMPERATURE = 10000", "TEMPERATURE = 9999"),
        ("inside = ~padding", "inside = torch.ones_like(padding)"),
    ),
    *of(
        "layers/resnet.py",
        ("rows[..., 1:, :], x[..., 1:-1:2, :]", "rows[..., 1:, :], x[..., 2::2, :]"),
        ("out += x if self.downsample", "out = out if self.downsample"),
    ),
    *of(
        "layers/__init__.py",
        ("return x.mul_(scale).add_(shift)", "return x.mul_(scale)"),
        ("bias - mean * scale", "bias + mean * scale"),
    ),
)

TRANST = (
    *of(
        "transt/crop.py",
        ("half = (side + 1) / 2", "half = side / 2"),
        ("position - half + 0.5", "position - half"),
        ("padded[:] = colour.astype(np.uint8)", "padded[:] = 0"),
        ("math.ceil(math.sqrt", "round(math.sqrt"),
        ("context * ((size[0] + size[1]) * 0.5)", "context * size[0]"),
    ),
    *of(
        "transt/tracker.py",
        ("SMALLEST = 10", "SMALLEST = 60"),
        ("min(cx, width)", "min(cx, width / 2)"),
        ("min(w, width)", "min(w, width / 4)"),
        ("side_around(self._size, context=1)", "side_around(self._size, context=2)"),
        ("np.array([cx, cy]), np.array([w, h])", "np.array([cx, cy]), np.array([w, w])"),
    ),
    *of(
        "transt/program.py",
        ("np.hanning(config.search_side)", "np.hamming(config.search_side)"),
        ("(1 - self.network.config.window_penalty) + self.window", "1"),
        ("softmax(dim=1)[:, 0]", "softmax(dim=1)[:, 1]"),
        ("mul(1.0 / 255.0)", "div(255.0)"),
    ),
    *of(
        "transt/network/fusion.py",
        (
            "template.placed, search.placed, search.tokens",
            "template.placed, search.placed, search.placed",
        ),
        ("placed, placed, template.tokens", "placed, placed, placed"),
        ("if number > 0:", "if number > 1:"),
        ("self.add(search.tokens, to_search)", "to_search"),
    ),
    *of(
        "transt/network/transt.py",
        ("self.bbox_embed(tokens).sigmoid()", "self.bbox_embed(tokens).tanh()"),
        ("(3, 4, 6), (1, 2, 1), (1, 1, 2)", "(3, 4, 6), (1, 2, 1), (1, 1, 1)"),
        (
            'self.get_buffer(f"position_{image_size}")',
            'self.get_buffer(f"position_{image_size}") * 1.001',
        ),
    ),
    *of(
        "layers/multihead.py",
        ("math.sqrt(1.0 / float(q.shape[-1]))", "math.sqrt(1.001 / float(q.shape[-1]))"),
        ("heads[0].transpose(0, 1)", "heads[0].flip(0).transpose(0, 1)"),
    ),
    *of(
        "layers/transformer.py",
        ("branch.add_(tokens)", "branch.add_(tokens, alpha=0.999)"),
        (
            "fed[rows] = second(first(tokens[rows]).relu_())",
            "fed[rows] = second(first(tokens[rows]))",
        ),
        ("last(F.relu(second", "last(F.elu(second"),
    ),
    *of(
        "layers/resnet.py",
        ("(False, 0.0, self.eps)", "(False, 0.0, 1e-3)"),
        ("torch.maximum(rows[..., 0::2], rows[..., 1::2])", "rows[..., 0::2].clone()"),
    ),
)
