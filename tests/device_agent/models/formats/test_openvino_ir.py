import random

import pytest

from edgeprof_agent.errors import ModelRefusedError
from edgeprof_agent.models.formats.base import ModelContent
from edgeprof_agent.models.formats.openvino_ir import OpenVinoIrFormat, parse_inputs
from edgeprof_agent.models.signature import InputSignature

XML = """<?xml version="1.0"?>
<net name="m" version="11">
    <layers>
        <layer id="0" name="x" type="Parameter" version="opset1"><data shape="?,3,8,8" element_type="f32"/></layer>
        <layer id="1" name="w" type="Const" version="opset1">
            <data element_type="f32" shape="4,3,3,3" offset="0" size="432"/>
        </layer>
        <layer id="2" name="c" type="Convolution" version="opset1"><data strides="1, 1"/></layer>
    </layers>
    <edges>
        <edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>
        <edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
    </edges>
</net>
"""


def check(xml: str | bytes, weight_bytes: int = 432, *, memory_bytes: int = 10**6) -> None:
    content = memoryview(xml.encode() if isinstance(xml, str) else xml)
    OpenVinoIrFormat().check(ModelContent(content, {"m.bin": weight_bytes}), memory_bytes=memory_bytes, batch_size=1)


def test_the_inputs_of_a_model_are_read() -> None:
    check(XML)
    assert parse_inputs(memoryview(XML.encode()), 432) == (InputSignature("x", "float32", (None, 3, 8, 8)),)
    scalar = XML.replace('shape="?,3,8,8"', 'shape=""')
    assert parse_inputs(memoryview(scalar.encode()), 432)[0].dimensions == ()
    ranges = XML.replace('shape="?,3,8,8"', 'shape="1..8,-1,8"')
    assert parse_inputs(memoryview(ranges.encode()), 432)[0].dimensions == (None, None, 8)


def test_weights_outside_the_file_are_refused() -> None:
    with pytest.raises(ModelRefusedError, match=r"432 bytes at byte 0 lie behind the end of the \.bin, which has 400"):
        check(XML, 400)
    with pytest.raises(ModelRefusedError, match="number of bytes"):
        check(XML.replace('offset="0"', 'offset="-4"'))
    with pytest.raises(ModelRefusedError, match=r"is an \.xml and a \.bin, got 3 files"):
        model = ModelContent(memoryview(XML.encode()), {"a": 1, "b": 1})
        OpenVinoIrFormat().check(model, memory_bytes=1, batch_size=1)


def test_inputs_that_do_not_fit_into_memory_are_refused() -> None:
    with pytest.raises(ModelRefusedError, match="inputs need"):
        check(XML.replace("?,3,8,8", "1,300,800,800"))


BOMB = '<!DOCTYPE net [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)


@pytest.mark.parametrize(
    "xml",
    [
        XML.replace("<net ", BOMB + "]><net ", 1),
        XML.replace("<net ", '<!DOCTYPE net SYSTEM "file:///etc/passwd"><net ', 1),
        "<net>" + "<a>" * 300,
        "<html/>",
        XML[: len(XML) // 2],
        XML.replace('to-layer="2"', 'to-layer="9"'),
        XML.replace("?,3,8,8", "?,3,8,8e9"),
        "",
    ],
)
def test_what_no_exporter_writes_is_refused(xml: str) -> None:
    with pytest.raises(ModelRefusedError) as caught:
        check(xml)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_text_in_another_encoding_hides_nothing() -> None:
    bomb = XML.replace('<?xml version="1.0"?>', BOMB + "]>")
    for encoding in ("utf-16", "utf-16-le", "utf-7", "cp500"):
        with pytest.raises(ModelRefusedError):
            check(bomb.encode(encoding))


def test_changed_files_are_refused_or_read_and_never_end_the_check() -> None:
    generator = random.Random(5)
    refused = 0
    for _ in range(2_000):
        content = bytearray(XML.encode())
        for _ in range(generator.choice((1, 2, 8))):
            content[generator.randrange(len(content))] = generator.randrange(256)
        try:
            check(bytes(content))
        except ModelRefusedError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 500
