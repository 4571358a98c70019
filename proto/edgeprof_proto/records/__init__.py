"""The messages of the wire contract as frozen dataclasses: used by both sides.

Fields have the names and units of the wire contract; `None` and an empty tuple mean "not reported". Times are seconds
since the Unix epoch. `wire.py` turns records into messages and back, `record_json.py` carries them between processes
and into files. No module here imports protobuf, so that a worker process starts fast.
"""
