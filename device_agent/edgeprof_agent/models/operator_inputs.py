"""What operators do with the values of their inputs: index a table, decide what runs, or pass them on.

Numbers are positions of inputs. Operators are named without their domain: the domains of ONNX and of ONNX Runtime share
no name with another meaning.
"""

from collections.abc import Mapping

_ALL = tuple(range(64))
"""Every input: further ones count as changed."""

INDEXED_TABLES: Mapping[str, tuple[tuple[int, int, str], ...]] = {
    "Gather": ((1, 0, "axis"),),
    "GatherElements": ((1, 0, "axis"),),
    "GatherND": ((1, 0, "every"),),
    "GatherBlockQuantized": ((1, 0, "gather_axis"),),
    "Scatter": ((1, 0, "axis"),),
    "ScatterElements": ((1, 0, "axis"),),
    "ScatterND": ((1, 0, "every"),),
    "ArrayFeatureExtractor": ((1, 0, "last"),),
    "EmbedLayerNormalization": ((0, 2, "first"), (1, 4, "first"), (8, 3, "first")),
    "QEmbedLayerNormalization": ((0, 2, "first"), (1, 4, "first")),
    "RotaryEmbedding": ((1, 2, "first"), (3, 1, "first")),
}
"""Operators that index: inputs that hold indices, inputs that hold the table, and the dimension that is indexed: the
name of the attribute that has its number (0 where it is absent), the first, the last, or every one."""

PASSING: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("Cast", "CastLike", "Identity", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Transpose"), (0,)),
    **dict.fromkeys(("Expand", "Tile", "Slice", "Split", "Gather", "GatherElements", "GatherND", "Clip"), (0,)),
    **dict.fromkeys(("ReduceMax", "ReduceMin", "Dropout", "Unique", "TopK", "DepthToSpace", "Pad"), (0,)),
    **dict.fromkeys(
        ("Concat", "Max", "Min", "SequenceConstruct", "ConcatFromSequence", "SequenceAt"), tuple(range(64))
    ),
    "Compress": (0,),
    "Where": (1, 2),
    "ScatterElements": (0, 2),
    "ScatterND": (0, 2),
    "QuantizeLinear": (0,),
    "DequantizeLinear": (0,),
}
"""Operators whose outputs hold values of these inputs, none of them changed beyond its range."""

SAME_SHAPE = frozenset({"Cast", "CastLike", "Identity", "QuantizeLinear", "DequantizeLinear", "Dropout"})
"""Operators whose first output has the shape of their first input."""

SHAPE_ALONE = frozenset({"Shape", "Size", "EyeLike", "RandomNormalLike", "RandomUniformLike"})
"""Operators that read the shape of their inputs, never the values."""

DECIDING: Mapping[str, tuple[int, ...]] = {
    # What runs, and how often.
    "If": (0,),
    "Loop": (0, 1),
    **dict.fromkeys(("GRU", "LSTM", "RNN"), (4,)),
    **dict.fromkeys(("TreeEnsemble", "TreeEnsembleClassifier", "TreeEnsembleRegressor"), (0,)),
    **dict.fromkeys(("MoE", "QMoE"), (1,)),
    "GroupQueryAttention": (5, 6),
    **dict.fromkeys(("BeamSearch", "GreedySearch", "Sampling", "WhisperBeamSearch"), _ALL),
    # How many results there are.
    "NonMaxSuppression": (0, 1, 2, 3, 4),
    **dict.fromkeys(("NonZero", "Unique"), (0,)),
    "Compress": (1,),
    # Shapes and numbers of results that are values.
    **dict.fromkeys(("TopK", "Reshape", "Expand", "Tile", "OneHot", "Upsample", "Squeeze", "Unsqueeze"), (1,)),
    **dict.fromkeys(("Split", "SplitToSequence", "CenterCropPad", "Pad", "Trilu"), (1,)),
    **dict.fromkeys(("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean"), (1,)),
    **dict.fromkeys(("ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"), (1,)),
    **dict.fromkeys(("HannWindow", "HammingWindow", "BlackmanWindow", "ConstantOfShape"), (0,)),
    "Range": (0, 1, 2),
    "Slice": (1, 2, 3, 4),
    "Resize": (1, 2, 3),
    "Col2Im": (1, 2),
    "MaxUnpool": (2,),
    "DFT": (1,),
    "STFT": (1, 3),
    "MelWeightMatrix": _ALL,
}
"""Operators with inputs whose values decide what runs: branches, numbers of runs and of results, and shapes."""

SIZES: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("Reshape", "Expand", "Tile", "TopK", "OneHot", "Upsample", "CenterCropPad"), (1,)),
    **dict.fromkeys(("ConstantOfShape", "Loop", "HannWindow", "HammingWindow", "BlackmanWindow"), (0,)),
    "NonMaxSuppression": (2,),
    "Resize": (2, 3),
}
"""Operators with inputs that are sizes, counts or scales, of which 1 always is a right one: 0 would leave nothing to
compute."""
