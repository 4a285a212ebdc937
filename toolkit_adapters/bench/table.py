"""A bench as a table and as JSON."""

from __future__ import annotations

import json
import math
from typing import Any

from tabulate import tabulate

from hit_trackers.variants import Claim
from toolkit_adapters.bench.measure import Row, Speedup
from toolkit_adapters.running.timing import crowding


def table(rows: list[Row], rate: float, facts: dict[str, Any]) -> str:
    """Markdown: one row per variant, then how to read it."""
    on_cuda = str(facts["device"]).startswith("cuda")
    # Of one thread CPU time is what a busy machine leaves undisturbed; more threads spin as they
    # wait, and that counts as CPU time too.
    with_cpu = facts["threads"] == 1 and not on_cuda
    times = ["network (device)", "network (wall)"] if on_cuda else ["network (wall)"]
    further = list(dict.fromkeys(name for row in rows for name in row.further_peaks))
    headers = [
        "tracker",
        *(f"{name} ms" for name in times),
        "update ms",
        "network p99 / p50",
        "network × (min/median/max)",
        "update × (min/median/max)",
        "update ×, fastest",
        *(["update in CPU time × (min/median/max)"] if with_cpu else []),
        "operators",
        "peak MB",
        *(f"{name} MB" for name in further),
        "of matrix rate",
        "against the baseline",
    ]
    ran = [row for row in rows if not row.problem]
    body = []
    for row in ran:
        seconds = [row.device, row.network] if on_cuda else [row.network]
        body.append(
            [
                row.name,
                *(_number(value * 1e3) for value in (*seconds, row.update)),
                _number(row.network_p99 / row.network),
                _ratio(row.network_ratio),
                _ratio(row.update_ratio),
                _number(row.update_ratio.fastest if row.update_ratio else math.nan),
                *([_ratio(row.cpu_ratio)] if with_cpu else []),
                _or_dash(row.operators),
                _megabytes(row.peak_bytes),
                *(_megabytes(row.further_peaks.get(name)) for name in further),
                f"{row.roofline_share:.0%}" if math.isfinite(row.roofline_share) else "-",
                _verdict(row),
            ]
        )
    lines = [tabulate(body, headers, tablefmt="github", floatfmt=".2f"), ""]
    lines += [f"- {row.name}: not run: {row.problem}" for row in rows if row.problem]
    lines += [
        f"- {facts['device']}, {facts['threads']} threads, {facts['repeats']} interleaved repeats; "
        "times are medians (p50).",
        "- × is the baseline's total time over the variant's in the same repeats; in parentheses, "
        "of the ratio repeat by repeat, the smallest, the median and the largest. Fastest: the "
        "same of the fastest repeat of each, which other processes have disturbed least.",
        f"- Roofline: float32 matrix products run at {rate / 1e9:.0f} GFLOP/s here (measured "
        "between the repeats); the share is the frame's arithmetic over that rate, over the "
        f"fastest repeat. {_arithmetic(ran)}",
        "- Operators: ATen calls of the network, views left out. Peak: activations of one frame "
        "beside the weights; `after embedding` leaves the patch embedding out.",
        *(
            f"- Peak of {row.name} is held by {row.peak_operator}."
            for row in ran
            if row.peak_operator and row.claim is Claim.BASELINE
        ),
        *_between_sizes(ran),
        *([_precision(bool(facts["deterministic"]))] if on_cuda else []),
        f"- Weights: {', '.join(sorted({row.weights[:20] for row in ran}))}"
        + (
            " (random: they track nothing, the arithmetic is the same)."
            if any(row.weights.startswith("seeded") for row in ran)
            else "."
        ),
    ]
    if warning := crowding(facts["load_average"]):
        lines.append(f"- WARNING: {warning}.")
    return "\n".join(lines)


def as_json(rows: list[Row], rate: float, facts: dict[str, Any]) -> str:
    """Everything measured, with its provenance."""
    content = {**facts, "matrix_gflops": rate / 1e9, "rows": [row.as_json() for row in rows]}
    return json.dumps(content, indent=2) + "\n"


def _verdict(row: Row) -> str:
    far = f"{row.difference_px:.1e} px"
    if row.difference_relative is not None:
        far = f"{row.difference_relative:.1e} of the range of an output"
    is_what = "bitwise" if row.bitwise else f"within {far}"
    broken = "; ".join(breach.value for breach in row.breaches)
    return f"{is_what} (BROKEN: claims {row.claim}, but {broken})" if broken else is_what


def _precision(deterministic: bool) -> str:
    if deterministic:
        return "- Deterministic kernels, full float32."
    return (
        "- PyTorch's convolutions round to TF32 on CUDA unless told otherwise, as the official "
        "tracker's do; other runtimes do not, and differ by that. `--deterministic`: full float32."
    )


def _between_sizes(rows: list[Row]) -> list[str]:
    of = next(row.name for row in rows if row.claim is Claim.BASELINE and not row.size_ratio)
    return [
        f"- An update of {row.name} is {_ratio(row.size_ratio)} times as fast as one of {of}."
        for row in rows
        if row.size_ratio
    ]


def _arithmetic(rows: list[Row]) -> str:
    gflops = sorted({round(row.gflop, 2) for row in rows if math.isfinite(row.gflop)}, reverse=True)
    return f"Arithmetic of a frame: {', '.join(map(str, gflops))} GFLOP." if gflops else ""


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "-"


def _ratio(ratio: Speedup | None) -> str:
    if ratio is None:
        return "-"
    spread = "/".join(f"{v:.2f}" for v in (ratio.minimum, ratio.median, ratio.maximum))
    return f"{ratio.value:.2f} ({spread})"


def _or_dash(value: int | None) -> str:
    return "-" if value is None else str(value)


def _megabytes(value: int | None) -> str:
    return "-" if value is None else f"{value / 1e6:.2f}"
