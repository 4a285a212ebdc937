"""Quantise an exported network to 8-bit integers, calibrated on the demo.

`python -m toolkit_adapters.bench.quantise hit_base_openvino_int8 --checkpoint FILE`

Static quantisation by ONNX Runtime: linear layers and convolutions in 8 bits (weights a scale per
output channel, activations one each, from their smallest and largest value over the demo's search
regions); attention products, softmax and the corner maps' last layer stay in float32. ONNX Runtime
and OpenVINO both run the file. Boxes change: the bench and `verify` say by how much.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hit_trackers import checkpoint as checkpoints
from hit_trackers import load_tracker, zoo
from hit_trackers.engines.export import INPUTS, export, quantised_path, write_once
from hit_trackers.errors import HitTrackersError, MissingDependencyError
from hit_trackers.hit.network.hit import build
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.decoding import decode_ahead

Sample = dict[str, np.ndarray]
EVERY = 5  # neighbouring frames look alike


def samples(size: str, checkpoint: str | None, count: int) -> Iterator[Sample]:
    """Inputs of the exported network as they occur while tracking the demo, sequences in turn."""
    tracker = load_tracker(f"hit_{size}_exact", checkpoint)
    sequences = [sequence for dataset in open_datasets("demo") for sequence in dataset]
    each = -(-count // len(sequences))

    def of(frames: tuple[Path, ...], box: np.ndarray) -> Iterator[Sample]:
        template = np.empty(0)
        for number, frame in enumerate(decode_ahead(frames)):
            if number == 0:
                tracker.init(frame.image, box)
                template = tracker.engine.template.numpy()  # type: ignore[attr-defined]
                continue
            tracker.update(frame.image)
            if number % EVERY == 0:
                assert tracker.search_patch is not None
                values = (tracker.search_patch, np.ascontiguousarray(template))
                yield dict(zip(INPUTS, values, strict=True))

    chosen = (itertools.islice(of(s.frames, s.first_box), each) for s in sequences)
    yield from itertools.islice(itertools.chain.from_iterable(chosen), count)


def quantise(name: str, checkpoint: str | None, count: int) -> Path:
    """Make the 8-bit network of a tracker; returns its file.

    Raises:
        HitTrackersError: no such tracker or weights, or the demo cannot be rendered.
        MissingDependencyError: ONNX Runtime or onnx is not installed.
    """
    try:
        from onnxruntime import quantization
    except ImportError as error:
        raise MissingDependencyError(
            f"quantisation needs ONNX Runtime and onnx ({error}); install them with "
            "`pip install 'hit-trackers[onnx]'`"
        ) from error
    spec = zoo.parse(name, default_size=checkpoints.default_size(name, checkpoint))
    network = build(spec.size)
    checkpoints.load_into(network, checkpoints.find(spec.size, checkpoint))
    exported = export(network, zoo.TrackerSpec(spec.size, engine="onnx"))

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self.samples = samples(spec.size, checkpoint, count)

        def get_next(self) -> Sample | None:
            return next(self.samples, None)

    def write(path: Path) -> None:
        quantization.quantize_static(
            str(exported.path),
            str(path),
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Gemm", "MatMul"],
            nodes_to_exclude=[node for node in _convolutions(exported.path) if "conv5_" in node],
            per_channel=True,
            activation_type=quantization.QuantType.QInt8,
            weight_type=quantization.QuantType.QInt8,
            # Symmetric: OpenVINO 2026.4 cannot compile linear layers whose input has a zero point.
            extra_options={"MatMulConstBOnly": True, "ActivationSymmetric": True},
        )

    path = quantised_path(exported.path)
    write_once(path, write)
    return path


def _convolutions(path: Path) -> list[str]:
    import onnx

    nodes = onnx.load(str(path), load_external_data=False).graph.node
    return [node.name for node in nodes if node.op_type == "Conv"]


def main() -> int:
    """Quantise the tracker named on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m toolkit_adapters.bench.quantise",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tracker", help="such as hit_base_onnx_int8 or hit_base_openvino_int8")
    parser.add_argument("--checkpoint", metavar="FILE|seeded", help="as of `run`")
    parser.add_argument(
        "--samples", type=int, default=64, metavar="N", help="search regions (default: %(default)s)"
    )
    args = parser.parse_args()
    try:
        print(quantise(args.tracker, args.checkpoint, args.samples))
    except HitTrackersError as error:
        print(f"hit-trackers quantise: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
