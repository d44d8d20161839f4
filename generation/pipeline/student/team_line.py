"""What a team of training processes and the process that started it tell each other: JSON, a line a message.

The line is a Unix socket and lives as long as both ends do, whatever kills one of them: so neither side trains, or
waits, for a dead one.
"""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOOR, PLAN = "door", "plan.json"
"""In a folder of the team's own: where its members knock, and what they are to train."""
SECONDS_TO_ANSWER = 60.0


class Line:
    """One end. Only one thread may say, and one may hear, at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._rest = b""

    @classmethod
    def to(cls, folder: Path) -> "Line":
        """The line to the process that started us.

        Raises:
            OSError: it is gone.
        """
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(folder / DOOR))
        return cls(connection)

    def say(self, kind: str, **words: Any) -> None:
        """Raises OSError where the other end is gone."""
        self.connection.sendall(json.dumps({"kind": kind, **words}).encode() + b"\n")

    def heard(self) -> list[dict[str, Any]] | None:
        """What came since the last call, waiting for something; None once the other end is gone."""
        try:
            said = self.connection.recv(1 << 16)
        except ConnectionError:
            return None
        if not said:
            return None
        *lines, self._rest = (self._rest + said).split(b"\n")
        return [json.loads(line) for line in lines]

    def hear(self) -> Iterator[dict[str, Any]]:
        """Every message, until the other end is gone."""
        while (messages := self.heard()) is not None:
            yield from messages

    def close(self) -> None:
        self.connection.close()
