import random

import pytest

from edgeprof_agent.errors import ModelRefusedError
from edgeprof_agent.models.formats.base import ModelContent
from edgeprof_agent.models.formats.ncnn import NcnnFormat, check_param
from edgeprof_agent.models.signature import InputSignature

PARAM = """7767517
7 8
Input                    in0                      0 1 in0
Convolution              conv_0                   1 1 in0 1 0=16 1=3 11=3 12=1 13=1 14=1 2=1 3=1 4=1 5=1 6=432 9=1
Split                    splitncnn_0              1 2 1 2 3
Pooling                  pool_1                   1 1 2 4 0=1 1=3 11=3 12=2 13=1 2=1 3=1 5=1
Interp                   up_1                     1 1 4 5 0=2 1=1.5e+00 2=1.5e+00 6=0
BinaryOp                 add_2                    2 1 5 3 6 0=0
ConvolutionDepthWise     act_3                    1 1 6 out0 0=16 1=1 11=1 6=16 7=16 9=2 -23310=2,1.6e-01,5.0e-01
"""
WEIGHT_BYTES = 2_000


def check(text: str | bytes, *, inputs: tuple[InputSignature, ...] = (), memory_bytes: int = 10**6) -> None:
    content = memoryview(text.encode() if isinstance(text, str) else text)
    model = ModelContent(content, {"m.bin": WEIGHT_BYTES}, inputs)
    NcnnFormat().check(model, memory_bytes=memory_bytes, batch_size=1)


def test_a_model_as_the_converter_writes_it_passes() -> None:
    assert check_param(memoryview(PARAM.encode()), WEIGHT_BYTES) == ("in0",)
    check(PARAM.replace("\n", "\r\n"))


def test_the_manifest_tells_of_the_inputs() -> None:
    value = InputSignature("in0", "float32", (3, 224, 224))
    check(PARAM, inputs=(value,), memory_bytes=10**7)
    with pytest.raises(ModelRefusedError, match="inputs need"):
        check(PARAM, inputs=(value,), memory_bytes=10**5)
    with pytest.raises(ModelRefusedError, match="an input 'x' that the model does not have"):
        check(PARAM, inputs=(InputSignature("x", "float32", (1,)),))


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("7767517", "7767518", "does not begin with 7767517"),
        ("\n7 8\n", "\n8 8\n", "tells of 8 layers, 7 follow"),
        ("\n7 8\n", "\n7 9\n", "tells of 9 blobs, there are 8"),
        ("\n7 8\n", "\n7 -8\n", "line 2 does not hold"),
        ("Convolution  ", "pnnx.Expression", "line 4: the engine has no layer of type 'pnnx.Expression', an operation"),
        ("1 1 in0 1 0=16", "1 1 nowhere 1 0=16", "line 4: the blob 'nowhere' is not there yet"),
        ("2 1 5 3 6", "2 1 5 5 6", "used before"),
        ("1 2 1 2 3", "1 2 1 2 2", "the blob '2' is there twice"),
        ("1 2 1 2 3", "1 200 1 2 3", "which do not follow"),
        ("0=16 1=3", "0=16 0=3", "key 0 is there twice"),
        ("9=1\n", "99=1\n", "key 99 is not one of 0 to 31"),
        ("-23310=2,", "-23310=3,", "does not hold as many numbers"),
        ("1=1.5e+00", "1=nan", "is no number"),
        ("1=1.5e+00", "1=1e99", "is no number"),
        ("6=432", "6=4320000", "has 4320000 weights, its .bin 2000 bytes"),
        ("6=432", "6=431", "16 outputs and 431 weights"),
        ("3=1 4=1 5=1 6=432", "3=0 4=1 5=1 6=432", "has 0 at key 3, which must be 1 to 65536"),
        ("0=16 1=3 11=3", "0=16 1=3.5 11=3", "whole number at key 1"),
        ("7=16", "7=0", "16 outputs in 0 groups"),
        ("12=2", "12=0", "Pooling has 0 at key 12"),
        ("Input   ", "Inputs  ", "it has no layer Input"),
    ],
)
def test_what_no_converter_writes_is_refused(old: str, new: str, match: str) -> None:
    assert old in PARAM
    with pytest.raises(ModelRefusedError, match=match) as caught:
        check(PARAM.replace(old, new))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["0w,-1", "0w,1h,1c", "1,1,//(512,0n),0n", "floor(*(0w,1.5e+00)),max(+(0h,1),neg(1c))"]
)
def test_sizes_may_follow_from_those_of_blobs(text: str) -> None:
    check(PARAM.replace("BinaryOp", "Reshape ").replace("3 6 0=0", f'3 6 6="{text}"'))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("2w", "names blob 2, the layer reads 2"),
        ("+(0w)", "takes 2 operands"),
        ("+(0w,1,2)", "takes 2 operands"),
        ("abs(0w,1)", "takes 1 operands"),
        ("+", "no expression of sizes"),
        ("system(1)", "no expression of sizes"),
        ("0w,", "no expression of sizes"),
        ("0w1", "no expression of sizes"),
        ("1,2,3,4,5,6", "no list of 1 to 5"),
        ("abs(" * 20 + "1" + ")" * 20, "no expression of sizes"),
        ("1" * 251, "at most 250 are read"),
    ],
)
def test_an_expression_that_the_engine_would_stumble_over_is_refused(text: str, match: str) -> None:
    with pytest.raises(ModelRefusedError, match=match):
        check(PARAM.replace("BinaryOp", "Reshape ").replace("3 6 0=0", f'3 6 6="{text}"'))


def test_a_text_where_a_number_must_be_is_refused() -> None:
    with pytest.raises(ModelRefusedError, match="BinaryOp has the text '0w' at key 0, where a number must be"):
        check(PARAM.replace("3 6 0=0", '3 6 0="0w"'))


def test_the_weights_must_come_along() -> None:
    with pytest.raises(ModelRefusedError, match=r"a \.param and a \.bin, got 1 files; upload both"):
        NcnnFormat().check(ModelContent(memoryview(PARAM.encode())), memory_bytes=1, batch_size=1)


def test_changed_files_are_refused_or_read_and_never_end_the_check() -> None:
    generator = random.Random(5)
    refused = 0
    for _ in range(2_000):
        content = bytearray(PARAM.encode())
        for _ in range(generator.choice((1, 2, 8))):
            content[generator.randrange(len(content))] = generator.choice((generator.randrange(256), *b"0123456789-= "))
        try:
            check(bytes(content))
        except ModelRefusedError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 1_000
