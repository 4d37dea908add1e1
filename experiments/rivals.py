"""Baselines without attention: a GRU and a convolutional encoder-decoder.

    GRU          reads the source token by token; the decoder gets its last state only
    convolution  every layer sees a few neighbours, so L layers of kernel K see L (K - 1) + 1 tokens;
                 the decoder gets the vector of the last one only

Both map source [B, S] and target [B, T] to logits [B, T, V], as our Transformer does.
"""

from torch import Tensor, nn
from torch.nn import functional


class RecurrentModel(nn.Module):
    """GRU encoder and GRU decoder (Sutskever et al. 2014; Cho et al. 2014)."""

    def __init__(self, vocabulary_size: int, width: int):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, width)
        self.encoder = nn.GRU(width, width, batch_first=True)
        self.decoder = nn.GRU(width, width, batch_first=True)
        self.output = nn.Linear(width, vocabulary_size)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Return logits [B, T, V] for source [B, S] and target [B, T]."""
        _, state = self.encoder(self.embedding(source))
        written, _ = self.decoder(self.embedding(target), state)
        return self.output(written)


class ConvolutionalModel(nn.Module):
    """Gated convolutions as encoder, causal ones as decoder (Gehring et al. 2017, no attention)."""

    def __init__(self, vocabulary_size: int, width: int, layers: int = 4, kernel: int = 7):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, width)
        self.encoder = nn.ModuleList(GatedConvolution(width, kernel) for _ in range(layers))
        self.bridge = nn.Linear(width, width)
        self.decoder = nn.ModuleList(GatedConvolution(width, 3) for _ in range(2))
        self.output = nn.Linear(width, vocabulary_size)
        self.receptive_field = layers * (kernel - 1) + 1

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Return logits [B, T, V] for source [B, S] and target [B, T]."""
        x = self.embedding(source)
        for layer in self.encoder:
            x = layer(x)
        y = self.embedding(target) + self.bridge(x[:, -1:])
        for layer in self.decoder:
            y = layer(y)
        return self.output(y)


class GatedConvolution(nn.Module):
    """x + half of a convolution over the last `kernel` tokens, gated by its other half: [B, S, M]."""

    def __init__(self, width: int, kernel: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.convolution = nn.Conv1d(width, 2 * width, kernel)
        self.before = kernel - 1

    def forward(self, x: Tensor) -> Tensor:
        """Map x [B, S, M] to [B, S, M]; token s sees the tokens s - kernel + 1 to s."""
        neighbours = functional.pad(self.norm(x).transpose(1, 2), (self.before, 0))
        return x + functional.glu(self.convolution(neighbours), dim=1).transpose(1, 2)
