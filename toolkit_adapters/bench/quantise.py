"""An exported network in 8-bit integers, calibrated on the demo.

Static quantisation by ONNX Runtime: linear layers and convolutions in 8 bits (one scale per output
channel of the weights, one per activation, from its smallest and largest value over the demo's
search regions); attention products, softmax and what the family names stay in float32. ONNX
Runtime and OpenVINO both run the file. Boxes change: the bench and `verify` say by how much.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hit_trackers import families
from hit_trackers.closed_loop import ClosedLoopTracker
from hit_trackers.engines.export import ExportedEngine, quantised_path, write_once
from hit_trackers.errors import EngineError, MissingDependencyError
from hit_trackers.protocol import Tracker
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.decoding import decode_ahead

Sample = dict[str, np.ndarray]
EVERY = 5  # neighbouring frames look alike


def _samples(tracker: Tracker, count: int) -> Iterator[Sample]:
    """Inputs of the exported network as they occur while tracking the demo, sequences in turn."""
    assert isinstance(tracker, ClosedLoopTracker)  # no other has an export to calibrate
    sequences = [sequence for dataset in open_datasets("demo") for sequence in dataset]
    each = -(-count // len(sequences))

    def of(frames: tuple[Path, ...], box: np.ndarray) -> Iterator[Sample]:
        for number, frame in enumerate(decode_ahead(frames)):
            if number == 0:
                tracker.init(frame.image, box)
                continue
            tracker.update(frame.image)
            if number % EVERY == 0:
                yield tracker.inputs(tracker.network_input)

    chosen = (itertools.islice(of(s.files, s.first_box), each) for s in sequences)
    yield from itertools.islice(itertools.chain.from_iterable(chosen), count)


def quantise(name: str, checkpoint: str | None = None, count: int = 64) -> Path:
    """Make the 8-bit network of a tracker; returns its file.

    Args:
        name: such as `hit_base_onnx_int8`.
        checkpoint: as of `load_tracker`.
        count: search regions that it is calibrated on.

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
    baseline = families.family_of(name).resolve(name, checkpoint).baseline
    tracker = families.load_tracker(f"{baseline}_onnx", checkpoint)
    found = getattr(tracker, "engine", None)
    if not isinstance(found, ExportedEngine):
        raise EngineError(f"{baseline}_onnx runs no exported network, so none can be quantised")
    engine: ExportedEngine = found
    exported = engine.exported
    kept = exported.program.float_nodes

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self.samples = _samples(tracker, count)

        def get_next(self) -> Sample | None:
            return next(self.samples, None)

    def write(path: Path) -> None:
        quantization.quantize_static(
            str(exported.path),
            str(path),
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Gemm", "MatMul"],
            nodes_to_exclude=list(_left_in_float(exported.path, kept)),
            per_channel=True,
            activation_type=quantization.QuantType.QInt8,
            weight_type=quantization.QuantType.QInt8,
            # Symmetric: OpenVINO 2026.4 cannot compile linear layers whose input has a zero point.
            extra_options={"MatMulConstBOnly": True, "ActivationSymmetric": True},
        )

    path = quantised_path(exported.path)
    write_once(path, write)
    return path


def _left_in_float(path: Path, kept: tuple[str, ...]) -> Iterator[str]:
    """Names of the convolutions that a family keeps, and of whatever no input changes.

    That is computed once, when the network is loaded, such as STARK's first self-attention, of the
    query alone; OpenVINO 2026.4 cannot compile it in 8 bits where there are instructions for them.
    Shapes never change: a file is made for one size of each input.
    """
    import onnx

    graph = onnx.load(str(path), load_external_data=False).graph
    changing = {one.name for one in graph.input}
    for node in graph.node:  # in the order of execution
        if node.op_type != "Shape" and not changing.isdisjoint(node.input):
            changing.update(node.output)
            if node.op_type != "Conv" or not any(part in node.name for part in kept):
                continue
        yield node.name
