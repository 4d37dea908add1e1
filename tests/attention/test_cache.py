"""The memory of a layer: order, growth, rows moved, bytes counted, tokens dropped, and its capacity."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seq2seq.attention import AttentionConfig, CausalSelfAttention, KeyValueCache, LinearState


def empty(rows: int = 2, capacity: int = 53, width: int = 3) -> KeyValueCache:
    return KeyValueCache(rows, capacity, width, dtype=torch.float32, device=torch.device("cpu"))


@given(st.lists(st.integers(1, 13), max_size=9), st.integers(1, 5), st.integers(1, 7))
@settings(deadline=None, max_examples=40)
def test_appended_parts_are_their_concatenation(steps: list[int], rows: int, width: int) -> None:
    """Tokens come back complete and in order, however they are appended and whenever the room grows."""
    cache = empty(rows, max(1, sum(steps)), width)
    parts = [torch.randn(rows, tokens, width) for tokens in steps]
    for end, part in enumerate(parts, start=1):
        assert torch.equal(cache.append(part), torch.cat(parts[:end], dim=1))
        assert cache.length == sum(steps[:end])
        assert cache.nbytes == rows * cache.length * width * 4


def test_rows_are_kept_reordered_and_repeated() -> None:
    """After a select, each row continues with the past of the row it came from."""
    cache = empty(rows=3)
    entries = torch.randn(3, 2, 3)
    cache.append(entries)
    cache.select(torch.tensor([2, 0, 0, 1]))
    newest = torch.randn(4, 1, 3)
    assert torch.equal(cache.append(newest), torch.cat([entries[[2, 0, 0, 1]], newest], dim=1))


def test_repeated_rows_are_copies() -> None:
    """Two hypotheses with one past do not share storage: each appends its own tokens."""
    cache = empty(rows=1)
    cache.append(torch.zeros(1, 1, 3))
    cache.select(torch.tensor([0, 0]))
    two = torch.stack([torch.ones(1, 3), 2 * torch.ones(1, 3)])
    assert cache.append(two)[:, -1, 0].tolist() == [1.0, 2.0]


def test_overrun_is_refused_and_nothing_is_written() -> None:
    """Tokens beyond the capacity are refused, and the memory stays as it was."""
    cache = empty(capacity=3)
    cache.append(torch.zeros(2, 2, 3))
    with pytest.raises(ValueError, match=r"4 tokens do not fit a memory of 3; .*larger capacity"):
        cache.append(torch.zeros(2, 2, 3))
    assert cache.length == 2
    cache.append(torch.zeros(2, 1, 3))


def test_bytes_follow_the_key_value_heads() -> None:
    """Width 64 over 4 heads caches 128, 64 and 32 numbers a token: MHA, GQA, MQA as 4 : 2 : 1."""
    numbers = []
    for kv_heads in (None, 2, 1):
        attention = CausalSelfAttention(64, AttentionConfig(heads=4, kv_heads=kv_heads))
        memory = attention.empty_memory(rows=5, capacity=7)
        attention(torch.randn(5, 3, 64), memory=memory)
        numbers.append(memory.nbytes // (5 * 3 * 4))
    assert numbers == [128, 64, 32]


def test_a_window_forgets_what_no_later_token_sees() -> None:
    """With window 4 a token sees three before it; bytes and room stop growing, and rows still move."""
    cache = KeyValueCache(2, 53, 3, window=4, dtype=torch.float32, device=torch.device("cpu"))
    entries = torch.randn(2, 50, 3)
    end = 0
    for tokens in (2, 1, 5, *[1] * 20, 7, 2, 1):
        part = entries[:, end : end + tokens]
        shown = cache.append(part)
        assert torch.equal(shown, entries[:, max(0, end - 3) : end + tokens])
        end += tokens
        assert cache.length == end and cache.nbytes == 2 * min(end, 3) * 3 * 4
        cache.select(torch.tensor([1, 0]))
        entries = entries.flip(0)
    assert cache._entries.shape[1] <= 2 * (3 + 7), "spare room must not grow with length either"


def test_a_window_of_one_remembers_nothing() -> None:
    """With window 1 a token sees itself only, and the cache stays empty."""
    cache = KeyValueCache(2, 9, 3, window=1, dtype=torch.float32, device=torch.device("cpu"))
    for part in torch.randn(2, 6, 3).split([1, 3, 2], dim=1):
        assert torch.equal(cache.append(part), part)
    assert cache.nbytes == 0 and cache.length == 6


def test_a_linear_state_never_grows() -> None:
    """Its bytes are those of two sums after 1 and after 64 tokens; rows are selected and repeated."""
    attention = CausalSelfAttention(12, AttentionConfig(heads=3, linear=True))
    memory = attention.empty_memory(rows=2, capacity=4)
    assert isinstance(memory, LinearState)
    counted = []
    for tokens in (1, 63):
        attention(torch.randn(2, tokens, 12), memory=memory)
        counted.append(memory.nbytes)
    assert counted == [2 * 3 * (4 * 4 + 4) * 4] * 2 and memory.length == 64
    sums, totals = memory.sums, memory.totals
    memory.select(torch.tensor([1, 1, 0]))
    assert torch.equal(memory.sums, sums[[1, 1, 0]]) and torch.equal(memory.totals, totals[[1, 1, 0]])


@pytest.mark.parametrize("others", [{"global_tokens": 1}, {"stride": 2}])
def test_what_others_may_ask_for_is_kept(others: dict[str, int]) -> None:
    """Beside a window, global tokens and strides reach far back, so no token is dropped."""
    attention = CausalSelfAttention(12, AttentionConfig(heads=3, window=2, **others))
    memory = attention.empty_memory(rows=2, capacity=9)
    attention(torch.randn(2, 9, 12), memory=memory)
    assert memory.nbytes == 2 * 9 * 24 * 4


@pytest.mark.parametrize("window", [1, 4])
@pytest.mark.parametrize(
    "choice", [{}, {"window": 3}, {"window": 9}, {"latent": 6}, {"stride": 2}, {"window": 4, "stride": 3}]
)
@pytest.mark.parametrize("rotary", [False, True])
def test_several_tokens_see_no_more_than_one_by_one(
    choice: dict[str, int], rotary: bool, window: int
) -> None:
    """A prompt read in chunks gives the results of one read token by token, under any window."""
    torch.manual_seed(1)
    attention = CausalSelfAttention(16, AttentionConfig(heads=2, rotary=rotary, **choice)).eval()
    x = torch.randn(2, 40, 16)

    def read(sizes: list[int]) -> torch.Tensor:
        memory = attention.empty_memory(2, 100, window)
        return torch.cat([attention(part, memory=memory).context for part in x.split(sizes, dim=1)], dim=1)

    single = read([1] * 40)
    for sizes in ([6, 4, 1, 29], [40], [3] * 13 + [1]):
        torch.testing.assert_close(read(sizes), single)


@pytest.mark.parametrize(
    "choice", [{}, {"kv_heads": 1}, {"latent": 5}, {"window": 3}, {"score": "additive"}, {"linear": True}]
)
def test_gradients_flow_through_steps(choice: dict[str, Any]) -> None:
    """Gradients through a memory, and through rows moved in it, equal those of the full pass."""
    torch.manual_seed(2)
    attention = CausalSelfAttention(16, AttentionConfig(heads=2, **choice)).double()
    x, rows = torch.randn(2, 19, 16, dtype=torch.float64, requires_grad=True), torch.tensor([1, 0, 1])
    memory = attention.empty_memory(2, 19)
    parts = [attention(x[:, t : t + 1], memory=memory).context[rows] for t in range(9)]
    memory.select(rows)
    parts += [attention(x[rows, t : t + 1], memory=memory).context for t in range(9, 19)]
    gradients = [
        torch.autograd.grad(context.square().sum(), [x, *attention.parameters()])
        for context in (torch.cat(parts, dim=1), attention(x[rows]).context)
    ]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-10, rtol=1e-10)
