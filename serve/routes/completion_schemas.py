"""Body and answer of POST /v1/completions, with OpenAI's names."""

from typing import Literal

from pydantic import BaseModel, Field

from seq2seq.options import LONGEST

from ..http.parsing import Body


class StreamOptions(BaseModel):
    """Extras of a stream."""

    include_usage: bool = False


class CompletionRequest(Body):
    """Body of POST /v1/completions; the last three fields are not OpenAI's."""

    model: str | None = Field(None, description="the name of a language model, or leave it out for the first")
    prompt: str | list[str] = Field(description="a text or a list of texts")
    max_tokens: int | None = Field(
        None, ge=1, le=LONGEST, description=f"the most tokens to write, a whole number from 1 to {LONGEST}"
    )
    temperature: float | None = Field(None, ge=0, le=2, description="a number from 0 (greedy) to 2")
    top_p: float | None = Field(None, ge=0, le=1, description="a number from 0 to 1")
    n: int | None = Field(None, ge=1, le=1_000_000, description="how many texts a prompt, from 1")
    stream: bool | None = Field(None, description="true or false: whether the text comes as it is written")
    stream_options: StreamOptions | None = Field(None, description='{"include_usage": true} or nothing')
    logprobs: int | None = Field(None, ge=0, le=5, description="a whole number from 0 to 5, or leave it out")
    echo: bool | None = Field(None, description="true or false: whether the prompt stands before the text")
    stop: str | list[str] | None = Field(None, description="a text, or up to four, before which to stop")
    seed: int | None = Field(None, ge=0, le=2**63 - 1, description="a whole number from 0")
    user: str | None = Field(None, description="any text; it is not used")
    # These have no effect here, so they are accepted only at the value that changes nothing.
    best_of: Literal[1] | None = Field(None, description="1, or leave it out")
    frequency_penalty: Literal[0] | None = Field(
        None, description="0, or leave it out: repetition_penalty is there"
    )
    presence_penalty: Literal[0] | None = Field(
        None, description="0, or leave it out: repetition_penalty is there"
    )
    top_k: int | None = Field(None, ge=0, le=1_000_000, description="tokens to choose among, 0 for all")
    repetition_penalty: float | None = Field(None, ge=0.1, le=10, description="a number from 0.1 to 10")
    no_repeat_ngram_size: int | None = Field(None, ge=0, le=1000, description="a whole number from 0")

    @property
    def prompts(self) -> list[str]:
        """The prompts; a single one alone in a list."""
        return [self.prompt] if isinstance(self.prompt, str) else self.prompt

    @property
    def text_count(self) -> int:
        """The number of texts to write, which a client's rate counts."""
        return max(1, len(self.prompts)) * (self.n or 1)

    @property
    def stops(self) -> list[str]:
        """The stop texts; none where the body has none."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []


class Logprobs(BaseModel):
    """The text of each token, its log-probability, the likeliest tokens there, and its offset in the text."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]] | None = None
    text_offset: list[int]


class CompletionChoice(BaseModel):
    """One generated text."""

    index: int
    text: str
    finish_reason: Literal["stop", "length"] | None
    logprobs: Logprobs | None = None


class Usage(BaseModel):
    """The number of tokens read and generated."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Completion(BaseModel):
    """Answer of POST /v1/completions."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: Usage | None = None
