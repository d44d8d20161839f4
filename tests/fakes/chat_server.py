"""A chat server that can fail in the ways real ones do, on a port of its own."""

import gzip
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Fault = Callable[[str, int], str]
"""(prompt, how often it was asked before) -> "", or what goes wrong."""


@dataclass
class ChatServer:
    fault: Fault = lambda prompt, before: ""
    text: Callable[[str], str] = lambda prompt: "It is the very film for you to watch tonight."
    usage: dict[str, Any] = field(
        default_factory=lambda: {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    )
    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    keys: set[str] = field(default_factory=set)
    most_at_once: int = 0
    now: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, prompt: str) -> dict[str, Any]:
        return {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": "tiny",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": self.text(prompt)},
                }
            ],
            "usage": self.usage,
        }


@contextmanager
def chat_server(**options: Any) -> Iterator[ChatServer]:
    state = ChatServer(**options)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            prompt = asked["messages"][0]["content"]
            with state.lock:
                before = state.asked[prompt]
                state.asked[prompt] += 1
                state.keys.add(self.headers["authorization"])
                state.now += 1
                state.most_at_once = max(state.most_at_once, state.now)
            try:
                self._reply(prompt, state.fault(prompt, before))
            finally:
                with state.lock:
                    state.now -= 1

        def _reply(self, prompt: str, fault: str) -> None:
            if fault == "hang":
                time.sleep(5.0)
            elif fault == "garbage":
                self._send(200, b"<html>busy</html>")
            elif fault == "drip":
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.end_headers()
                with suppress(OSError):
                    for _ in range(40):
                        self.wfile.write(b" ")
                        self.wfile.flush()
                        time.sleep(0.1)
                self.close_connection = True
            elif fault == "flood":
                with suppress(OSError):
                    self._send(200, b" " * 2**23)
                self.close_connection = True
            elif fault == "nested":
                self._send(200, b"[" * 200_000)
            elif fault == "packed":
                self._send(200, gzip.compress(b"{}"), encoding="gzip")
            elif fault == "half":
                answer = state.answer(prompt)
                answer["choices"][0]["message"]["content"] = "half \ud800"
                self._send(200, json.dumps(answer).encode())
            elif fault == "hollow":
                self._send(200, b'{"choices": []}')
            elif fault:
                status, _, pause = fault.partition(" ")
                self._send(int(status), b'{"error": {"message": "not now"}}', pause)
            else:
                time.sleep(0.005)
                self._send(200, json.dumps(state.answer(prompt)).encode())

        def _send(self, status: int, content: bytes, pause: str = "", encoding: str = "") -> None:
            self.send_response(status)
            if encoding:
                self.send_header("content-encoding", encoding)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            if pause:
                self.send_header("retry-after", pause)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
