"""A language model behind an OpenAI-compatible address as teacher: vLLM, llama.cpp, `transformers serve`, a hosted one.

Many requests are under way at a time. What passes by itself (429, 5xx, a silent or babbling server) is asked again
after a growing, jittered pause, or the one the server names; what is wrong with one row stays with that row; what
is wrong with all of them (a key, a model's name) ends the run in words.
"""

import asyncio
import math
import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from anyio.from_thread import start_blocking_portal

from generation.pipeline.records import Case, Decoding, Prompt, Signature
from generation.pipeline.teacher.address import checked_url
from generation.pipeline.teacher.bounded import at_most
from generation.pipeline.teacher.budget import Limits
from generation.pipeline.teacher.completions import read_completion, request_body
from generation.pipeline.teacher.interface import UNASKED, Draft

if TYPE_CHECKING:
    import openai  # a second to import, which every command and server would pay for; here the first request does

VERSION = "1"
LONGEST_PAUSE = 120.0
"""Seconds; a server that asks for more is asked again after these."""
FIRST_PAUSE = 0.5
LARGEST_ANSWER = 2**22
"""Bytes; of an explanation's few sentences, many times over."""
BYTES_A_TOKEN = 3
"""Fewer than English takes with any vocabulary in use, so that a prompt counted by it fits."""


class EndpointRefused(ValueError):
    """The server will not do any of it: the key, the model or the address is wrong."""


class EndpointTeacher:
    """Asks for one chat completion a case."""

    reads_user = False

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: str = "",
        revision: str = "",
        concurrency: int = 16,
        attempts: int = 6,
        timeout: float = 120.0,
        limits: Limits | None = None,
        budget: int | None = None,
        prompt_version: str = "faithful-v1",
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        """Nothing is sent yet.

        Args:
            api_key: goes into the header of requests and nowhere else.
            revision: what the operator calls the weights behind the name; another one is other work.
            budget: tokens a prompt may take, counted roughly, since the server's vocabulary is not here.
        """
        self.base_url, self.model = checked_url(base_url), model
        self.concurrency, self.attempts, self.first_pause = concurrency, attempts, first_pause
        self.limits = limits or Limits()
        self.budget, self.prompt_version = budget, prompt_version
        self.chunk = max(64, 8 * concurrency)
        """Rows between two writes: enough that the slowest of them holds up few others."""
        self.n_in = self.n_out = 0
        self._n_in_under_way = self._n_out_under_way = 0
        self.exhausted = ""
        """Why no more is asked, in words; empty while there is budget left."""
        self._refused = False
        self._key, self._timeout = api_key, timeout
        self.signature = Signature(
            "endpoint",
            VERSION,
            {"model": model, "revision": revision, "url": self.base_url, "budget": budget},
        )

    def count_tokens(self, text: str) -> int:
        return math.ceil(len(text.encode()) / BYTES_A_TOKEN) + 8

    def spent_before(self, n_in: int, n_out: int) -> None:
        """What earlier attempts at the same work used, so that resuming does not start a new budget."""
        self.n_in, self.n_out = n_in, n_out

    def _room(self, n_in: int, n_out: int) -> bool:
        """Whether one more request of at most so many tokens fits beside those under way."""
        limits = self.limits
        n_in, n_out = self.n_in + self._n_in_under_way + n_in, self.n_out + self._n_out_under_way + n_out
        if limits.max_tokens and n_in + n_out > limits.max_tokens:
            self.exhausted = f"the budget of {limits.max_tokens:,} tokens has no room for another request"
        elif limits.max_cost and limits.cost(n_in, n_out) > limits.max_cost:
            self.exhausted = f"the budget of {limits.max_cost:,.4g} in money has no room for another request"
        return not self.exhausted

    def write(
        self, cases: Sequence[Case], prompts: Sequence[Prompt], *, decoding: Decoding, seed: int
    ) -> list[Draft]:
        """One draft a case; those the budget had no room for are marked as not asked."""
        body = request_body(self.model, decoding, seed)
        # A loop in a thread of its own: the caller's thread may run one already. Interrupted, it is cancelled.
        with start_blocking_portal() as portal:
            return portal.call(self._all, prompts, body)

    async def _all(self, prompts: Sequence[Prompt], body: dict[str, Any]) -> list[Draft]:
        import openai

        gate = asyncio.Semaphore(self.concurrency)
        http = openai.DefaultAsyncHttpxClient(
            follow_redirects=False,
            headers={"accept-encoding": "identity"},
            event_hooks={"response": [at_most(LARGEST_ANSWER)]},
        )
        client = openai.AsyncOpenAI(
            api_key=self._key or "none",
            base_url=self.base_url,
            max_retries=0,
            timeout=self._timeout,
            http_client=http,
        )

        async def one(prompt: Prompt) -> Draft:
            async with gate:
                n_in, n_out = self.count_tokens(prompt.text), body["max_tokens"]
                if self._refused or not self._room(n_in, n_out):
                    return Draft("", error=UNASKED)
                self._n_in_under_way += n_in
                self._n_out_under_way += n_out
                try:
                    return await self._ask(client, prompt, body)
                finally:
                    self._n_in_under_way -= n_in
                    self._n_out_under_way -= n_out

        async with client:
            tasks = [asyncio.create_task(one(prompt)) for prompt in prompts]
            try:
                return list(await asyncio.gather(*tasks))
            except BaseException:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                raise

    async def _ask(self, client: "openai.AsyncOpenAI", prompt: Prompt, body: dict[str, Any]) -> Draft:
        import openai

        fatal = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError)
        began, problem = time.monotonic(), ""
        for attempt in range(1, self.attempts + 1):
            wait: float | None = None
            try:
                asked = client.chat.completions.create(
                    messages=[{"role": "user", "content": prompt.text}], **body
                )
                # The client's own limit is one on each read: an answer that drips would hold a place for ever.
                answer = await asyncio.wait_for(asked, self._timeout)
                return self._draft(answer, prompt, attempt, time.monotonic() - began)
            except fatal as error:
                self._refused = True
                raise EndpointRefused(
                    f"{self.base_url} refuses model {self.model!r} ({error.status_code}): {self._words(error)} "
                    "Check the endpoint's address, the model's name and the key in PRISM_ENDPOINT_KEY."
                ) from None
            except openai.APIStatusError as error:
                problem = f"HTTP {error.status_code}: {self._words(error)}"
                if error.status_code not in (408, 409, 425, 429) and error.status_code < 500:
                    return Draft("", error=problem, attempts=attempt, latency=time.monotonic() - began)
                wait = retry_after(error.response.headers.get("retry-after"))
            except (openai.APITimeoutError, TimeoutError):
                problem = f"no answer within {self._timeout:g} seconds"
            except openai.APIConnectionError as error:
                problem = f"no connection: {self._words(error)}"
            except (
                openai.APIError,
                ValueError,
                TypeError,
                AttributeError,
                LookupError,
                RecursionError,
            ) as error:
                problem = f"not an answer: {type(error).__name__}"
            if attempt < self.attempts:
                await asyncio.sleep(self._pause(attempt, wait))
        return Draft("", error=problem, attempts=self.attempts, latency=time.monotonic() - began)

    def _draft(self, answer: Any, prompt: Prompt, attempt: int, latency: float) -> Draft:
        """Raises what a babbling server's answer lacks. A server that does not count is counted for, roughly."""
        draft = read_completion(answer.model_dump(), attempts=attempt, latency=latency)
        self.n_in += draft.usage["prompt_tokens"] or self.count_tokens(prompt.text)
        self.n_out += draft.usage["completion_tokens"] or self.count_tokens(draft.text)
        return draft

    def _pause(self, attempt: int, asked_for: float | None) -> float:
        """Full jitter, so that many writers do not come back together; never sooner than the server asks."""
        jitter = random.uniform(0, min(LONGEST_PAUSE, self.first_pause * 2**attempt))  # noqa: S311
        return min(LONGEST_PAUSE, (asked_for or 0.0) + jitter)

    def _words(self, error: Exception) -> str:
        """What the server said, short, and without the key should it have echoed it."""
        text = " ".join(str(error).split())[:300]
        return text.replace(self._key, "[key]") if self._key else text


def retry_after(header: str | None) -> float | None:
    """Seconds of a Retry-After header; None where there is none, or a date."""
    try:
        seconds = float(header or "")
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def load(*, base_url: str, model: str, **options: Any) -> EndpointTeacher:
    return EndpointTeacher(base_url, model, **options)
