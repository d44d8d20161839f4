"""HTTP answers that end: one without end, or packed so that it unpacks to one, would take all the memory."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2


def at_most(n_bytes: int) -> Callable[[httpx2.Response], Awaitable[None]]:
    """A hook of an HTTP client for its answers; a longer or a packed one ends as a lost connection."""

    async def bound(response: httpx2.Response) -> None:
        packed = response.headers.get("content-encoding", "identity")
        if packed != "identity":
            raise httpx2.ReadError(f"the answer is packed ({packed[:20]}), which was not asked for")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Bounded(response.stream, n_bytes)

    return bound


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, n_bytes: int) -> None:
        self.stream, self.n_bytes = stream, n_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        n_read = 0
        async for part in self.stream:
            n_read += len(part)
            if n_read > self.n_bytes:
                raise httpx2.ReadError(f"the answer is over {self.n_bytes:,} bytes")
            yield part

    async def aclose(self) -> None:
        await self.stream.aclose()
