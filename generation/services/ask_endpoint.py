"""Put prompts of another room to a language model behind a listed address, by the same rules as teachers."""

from collections.abc import Sequence
from dataclasses import dataclass

from generation.pipeline.records import Decoding, Prompt
from generation.pipeline.teacher.endpoint import EndpointTeacher
from generation.services.endpoints import check_endpoint, key_for

LONGEST_ANSWER = 8
"""Tokens; a rating is one or two, a verdict three."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model answered to one prompt; empty with an error where there is no answer."""

    text: str
    error: str = ""


def ask_endpoint(prompts: Sequence[str], *, endpoint: str, model: str, revision: str = "") -> list[Reply]:
    """One reply a prompt, in their order, drawn without chance; many requests are under way at a time.

    Raises:
        ValueError: the address is not listed, or the server refuses the key or the model.
    """
    check_endpoint(endpoint)
    asked = EndpointTeacher(endpoint, model, api_key=key_for(endpoint), revision=revision)
    drafts = asked.write(
        (),
        [Prompt(text, version="") for text in prompts],
        decoding=Decoding(max_new_tokens=LONGEST_ANSWER),
        seed=0,
    )
    return [Reply(draft.text, draft.error) for draft in drafts]
