"""Positions: sinusoidal and learned ones are added to embeddings, rotary ones rotate queries and keys.

Without positions, attention sees a set. Sinusoidal positions (Vaswani et al. 2017, section 3.5) encode
position p as sin(p f_i) and cos(p f_i) over falling frequencies f_i = 10000^(-2i/M), all sines first, then
all cosines. Rotary positions (Su et al. 2021, eq. 34) rotate the pair (x_i, x_{i+D/2}) by the angle p f_i;
the dot product of two rotated vectors depends on the distance of their positions alone. The paper pairs
neighbours, Llama's code and ours the two halves; a model that learns its weights learns the same function.
"""

from functools import lru_cache

import torch
from torch import Tensor, nn

from seq2seq.attention.transforms import functorch_is_active

BASE = 10000.0


def frequencies(width: int, device: torch.device | str = "cpu") -> Tensor:
    """Return the falling frequencies f_i of one embedding: [width / 2]."""
    # Computed anew from plain numbers: a tensor kept between calls may be a tracer's, and after torch.export
    # no rotary model of the process would compute.
    falling = [BASE ** (-i / width) for i in range(0, width, 2)]
    return torch.tensor(falling, dtype=torch.float64, device=device)


class SinusoidalPositions(nn.Module):
    """Fixed waves, added to embeddings: positions [T] or [N, T] -> [T, M] or [N, T, M].

    State dicts do not hold the table, for the formula gives it. A model made on the meta device gets its
    table when weights are loaded, or by `reset_parameters`.
    """

    table: Tensor

    def __init__(self, max_length: int, width: int):
        super().__init__()
        self.register_buffer("table", torch.empty(max_length, width), persistent=False)
        nn.Module.register_load_state_dict_post_hook(self, _reset_after_loading)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Write the waves into the table, unless it is on the meta device, which holds no numbers."""
        if self.table.is_meta:
            return
        length, width = self.table.shape
        # In double precision on the CPU, so that every device and type gets the same numbers, rounded.
        angles = torch.arange(length, dtype=torch.float64, device="cpu")[:, None] * frequencies(width)
        self.table.copy_(torch.cat([angles.sin(), angles.cos()], dim=-1).float())

    def forward(self, positions: Tensor) -> Tensor:
        """Look up positions [T] or [N, T] -> [T, M] or [N, T, M]."""
        return self.table[positions]


def _reset_after_loading(positions: nn.Module, _: object) -> None:
    """Fill the table, which no file holds, of a model that was made on the meta device."""
    assert isinstance(positions, SinusoidalPositions)
    if positions.table.is_meta:  # weights were assigned, which leaves other buffers where they are
        positions.table = torch.empty_like(positions.table, device=torch.get_default_device())
    positions.reset_parameters()


class LearnedPositions(nn.Module):
    """Trained vectors, added to embeddings: positions [T] or [N, T] -> [T, M] or [N, T, M]."""

    def __init__(self, max_length: int, width: int):
        super().__init__()
        self.embedding = make_embedding(max_length, width)

    def forward(self, positions: Tensor) -> Tensor:
        """Look up positions [T] or [N, T] -> [T, M] or [N, T, M]."""
        vectors: Tensor = self.embedding(positions)
        return vectors


def make_embedding(rows: int, width: int) -> nn.Embedding:
    """Return a table of normal vectors [rows, width] with standard deviation width^(-1/2)."""
    weight = torch.empty(rows, width)
    # On the meta device torch's normal_ imports its compiler, 1.5 s and 71 MiB, and draws nothing.
    if not weight.is_meta:
        nn.init.normal_(weight)  # as nn.Embedding does: a seed goes on giving the weights it always gave
        nn.init.normal_(weight, std=width**-0.5)
    return nn.Embedding(rows, width, _weight=weight)


def rotate(x: Tensor, positions: Tensor) -> Tensor:
    """Rotate each pair (x_i, x_{i+D/2}) by its position.

    Shapes: x [B, T, heads, D], positions [T] or [B, T] -> like x. Source: Su et al. 2021, eq. 34.
    """
    one = positions.numel() == 1 and x.device.type == "cpu" and not torch.compiler.is_compiling()
    if one and torch.is_inference_mode_enabled() and not functorch_is_active():
        cos, sin = _turn_at(int(positions), x.shape[-1], x.dtype)  # the same for every layer of a step
    else:
        cos, sin = _turn(positions, x.shape[-1], x.dtype)
    return torch.addcmul(x * cos, x.roll(x.shape[-1] // 2, dims=-1), sin)


def _turn(positions: Tensor, width: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the factors of x and of its swapped halves: cosines, and sines (-, then +), [..., 1, D]."""
    angles = positions[..., None] * frequencies(width, positions.device)
    cos, sin = angles.cos(), angles.sin()
    cos, sin = torch.cat([cos, cos], dim=-1), torch.cat([-sin, sin], dim=-1)
    return cos.to(dtype)[..., None, :], sin.to(dtype)[..., None, :]


@lru_cache(maxsize=256)
def _turn_at(position: int, width: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return `_turn` of one position on the CPU, kept between calls."""
    return _turn(torch.tensor([position], device="cpu"), width, dtype)
