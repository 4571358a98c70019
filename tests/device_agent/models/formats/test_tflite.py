import random
import struct

import pytest
from device_agent.models.flatbuffer_models import tflite_model

from edgeprof_agent.errors import ModelRefusedError
from edgeprof_agent.models.formats.base import ModelContent
from edgeprof_agent.models.formats.tflite import TfliteFormat, parse_inputs
from edgeprof_agent.models.signature import InputSignature

MODEL = tflite_model()


def check(content: bytes, *, batch_size: int = 1, memory_bytes: int = 10**6) -> None:
    TfliteFormat().check(ModelContent(memoryview(content)), memory_bytes=memory_bytes, batch_size=batch_size)


def test_the_inputs_of_a_model_are_read() -> None:
    assert parse_inputs(memoryview(MODEL)) == (InputSignature("x", "float32", (None, 4)),)
    assert parse_inputs(memoryview(tflite_model((2, 3), 9))) == (InputSignature("x", "int8", (2, 3)),)
    check(MODEL)


def test_inputs_that_do_not_fit_are_refused_with_the_batch_that_they_are_resized_to() -> None:
    check(tflite_model((1, 1_000)), batch_size=1)
    with pytest.raises(ModelRefusedError, match="inputs need 12000000 bytes"):
        check(tflite_model((1, 1_000)), batch_size=1_000)


@pytest.mark.parametrize("length", [0, 4, 8, 20, len(MODEL) // 2, len(MODEL) - 1])
def test_a_model_that_breaks_off_is_refused(length: int) -> None:
    with pytest.raises(ModelRefusedError, match=r"only a part of one: .*; copy or convert it again"):
        check(MODEL[:length])


@pytest.mark.parametrize("content", [b"\xff\xff\xff\x7fTFL3", b"\0\0\0\0TFL3" + bytes(64), tflite_model(version=9)])
def test_what_no_converter_writes_is_refused(content: bytes) -> None:
    with pytest.raises(ModelRefusedError, match="not a TensorFlow Lite model"):
        check(content)
    with pytest.raises(ModelRefusedError, match="one file"):
        model = ModelContent(memoryview(MODEL), {"more.bin": 4})
        TfliteFormat().check(model, memory_bytes=1, batch_size=1)


def test_changed_files_are_refused_or_read_and_never_end_the_check() -> None:
    generator = random.Random(5)
    refused = 0
    for _ in range(3_000):
        content = bytearray(MODEL)
        for _ in range(generator.choice((1, 2, 4))):
            position = generator.randrange(len(content) - 4)
            value = generator.choice((generator.randrange(2**32), 2**31, 2**32 - 1, len(MODEL), 0))
            struct.pack_into("<I", content, position, value)
        try:
            check(bytes(content))
        except ModelRefusedError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 1_000
