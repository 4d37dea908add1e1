"""Where a token stands: sinusoidal and learned positions are added, rotary ones turn queries and keys.

Attention by itself sees a set. Sinusoidal (Vaswani et al. 2017, section 3.5) writes position p as
sin(p f_i), cos(p f_i) over falling frequencies f_i = 10000^(-2i/M), all sines first, then all
cosines. Rotary (Su et al. 2021, eq. 34) turns the pair (x_i, x_{i+D/2}) by the angle p f_i, so
that a dot product of two turned vectors depends on the distance of their positions alone. (The paper
pairs neighbours, Llama's code halves as we do: to what is learned it is a matter of numbering.)
"""

from functools import lru_cache

import torch
from torch import Tensor, nn

from seq2seq.attention.transforms import functorch_is_active

BASE = 10000.0


def frequencies(width: int, device: torch.device | str = "cpu") -> Tensor:
    """The falling frequencies f_i of one embedding: [width / 2].

    Made anew, of plain numbers: a tensor kept between calls may be one that only a tracer understands,
    and after torch.export no rotary model of the process would compute.
    """
    falling = [BASE ** (-i / width) for i in range(0, width, 2)]
    return torch.tensor(falling, dtype=torch.float64, device=device)


class SinusoidalPositions(nn.Module):
    """Fixed waves, added to embeddings: positions [T] or [N, T] -> [T, M] or [N, T, M].

    The table is not saved, for the formula gives it. A model made on the meta device gets its numbers when
    weights are loaded, or by `reset_parameters`.
    """

    table: Tensor

    def __init__(self, max_length: int, width: int):
        super().__init__()
        self.register_buffer("table", torch.empty(max_length, width), persistent=False)
        self.register_load_state_dict_post_hook(_reset_after_loading)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Write the waves into the table; on the meta device, which holds no numbers, nothing is done."""
        if self.table.is_meta:
            return
        length, width = self.table.shape
        # In double precision on the CPU, so that every device and type gets the same numbers, rounded.
        angles = torch.arange(length, dtype=torch.float64, device="cpu")[:, None] * frequencies(width)
        self.table.copy_(torch.cat([angles.sin(), angles.cos()], dim=-1).float())

    def forward(self, positions: Tensor) -> Tensor:
        return self.table[positions]


def _reset_after_loading(positions: nn.Module, _: object) -> None:
    """Fill the table of a model that was made on the meta device: no file holds it."""
    assert isinstance(positions, SinusoidalPositions)
    if positions.table.is_meta:  # weights were assigned, which leaves other buffers where they are
        positions.table = torch.empty_like(positions.table, device=torch.get_default_device())
    positions.reset_parameters()


class LearnedPositions(nn.Module):
    """One trained vector a position, added to embeddings: positions [T] or [N, T] -> [T, M] or [N, T, M]."""

    def __init__(self, max_length: int, width: int):
        super().__init__()
        self.embedding = make_embedding(max_length, width)

    def forward(self, positions: Tensor) -> Tensor:
        return self.embedding(positions)


def make_embedding(rows: int, width: int) -> nn.Embedding:
    """Return a table of vectors [rows, width], drawn so that a vector's length is 1 on average."""
    weight = torch.empty(rows, width)
    if not weight.is_meta:  # there torch's normal_ would import its compiler: 1.5 s and 71 MiB
        nn.init.normal_(weight)  # as nn.Embedding itself begins: a seed goes on giving the weights it gave
        nn.init.normal_(weight, std=width**-0.5)
    return nn.Embedding.from_pretrained(weight, freeze=False)


def rotate(x: Tensor, positions: Tensor) -> Tensor:
    """Turn each pair (x_i, x_{i+D/2}) by its position.

    Shapes: x [B, T, heads, D], positions [T] or [B, T] -> like x. Source: Su et al. 2021, eq. 34.
    """
    one = positions.numel() == 1 and x.device.type == "cpu" and torch.is_inference_mode_enabled()
    if one and not torch.compiler.is_compiling() and not functorch_is_active():
        cos, sin = _turn_at(int(positions), x.shape[-1], x.dtype)  # the same for every layer of a step
    else:
        cos, sin = _turn(positions, x.shape[-1], x.dtype)
    return torch.addcmul(x * cos, x.roll(x.shape[-1] // 2, dims=-1), sin)


def _turn(positions: Tensor, width: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """What x and its swapped halves are multiplied by: cosines, and sines (first -, then +), [..., 1, D]."""
    angles = positions[..., None] * frequencies(width, positions.device)
    cos, sin = angles.cos(), angles.sin()
    cos, sin = torch.cat([cos, cos], dim=-1), torch.cat([-sin, sin], dim=-1)
    return cos.to(dtype)[..., None, :], sin.to(dtype)[..., None, :]


@lru_cache(maxsize=256)
def _turn_at(position: int, width: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """As `_turn`, of one position on the CPU."""
    return _turn(torch.tensor([position], device="cpu"), width, dtype)
