"""What a package of TensorFlow Lite can do, found out with a model of one ReLU of four numbers."""

import base64
from typing import Any

MODEL = base64.b64decode(
    "GAAAAFRGTDMAAA4AFAAQAAwACAAAAAQADgAAABAAAAAcAAAA2AAAAAMAAAABAAAACAAAAAQABAAEAAAAAQAAABAAAAAMABQAEAAM"
    "AAgABAAMAAAAEAAAADwAAABAAAAARAAAAAEAAAAQAAAAAAAKAAwAAAAIAAQACgAAAAgAAAAMAAAAAQAAAAEAAAABAAAAAAAAAAEA"
    "AAABAAAAAQAAAAAAAAACAAAANAAAAAQAAADg////CAAAAAwAAAABAAAAeQAAAAIAAAABAAAABAAAAAwADAAIAAAAAAAEAAwAAAAI"
    "AAAADAAAAAEAAAB4AAAAAgAAAAEAAAAEAAAAAQAAABAAAAAMAAwACwAAAAAABAAMAAAAEwAAAAAAABM="
)


def has_xnnpack(module: Any) -> bool:
    """Tell whether a package brings XNNPACK; that of tflite-runtime for 32-bit Arm does not.

    Args:
        module: The module of the package that holds `Interpreter`.
    """
    interpreter = module.Interpreter(
        model_content=MODEL, experimental_op_resolver_type=module.OpResolverType.BUILTIN, num_threads=1
    )
    interpreter.allocate_tensors()
    # Where XNNPACK took the node, what it runs instead stands behind it.
    return len(interpreter._get_ops_details()) > 1
