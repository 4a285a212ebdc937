"""An ONNX file in ONNX Runtime, one thread."""

import onnx
import onnxruntime


def load(path):
    """A function of the file's inputs, by name, to the list of its outputs."""
    model = onnx.load(str(path))
    constants = {one.name for one in model.graph.initializer}
    for value in [*model.graph.input, *model.graph.output]:
        dims = value.type.tensor_type.shape.dim
        if value.name not in constants and len(dims) == 4:
            # Some files declare one side of the image and are used with two.
            for side in dims[2:]:
                side.ClearField("dim_value")
    for value in [one for one in model.graph.input if one.name in constants]:
        model.graph.input.remove(value)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, ["CPUExecutionProvider"]
    )
    return lambda **inputs: session.run(None, inputs)
