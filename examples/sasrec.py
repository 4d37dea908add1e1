"""SASRec, sequential recommendation: a language model whose words are items.

    items --embed, add positions--> [B, T, M] --causal self-attention, layer by layer--> logits [B, T, V]

Position t has read items 0 to t and predicts item t + 1, as GPT does with words (Kang and McAuley 2018). The
paper trains against one negative item drawn at random; here the softmax is over all items. HR@10 is the share
of users whose next item is among the ten most likely that they have not taken yet; NDCG@10 weighs it by
1 / log2(1 + rank).

    python examples/sasrec.py                             on the synthetic data of series.py
    python examples/sasrec.py --data ratings.csv --columns userId movieId timestamp --longest 200
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import torch
from interactions import FILLER, Interactions, add_data_arguments, natural
from progress import show_progress
from series import add_world_arguments, chosen_data, score_by_truth
from torch import Tensor, nn
from torch.nn import functional

from seq2seq.attention import AttentionConfig, CausalSelfAttention, Memory
from seq2seq.attention.positions import LearnedPositions
from seq2seq.config import ModelConfig
from seq2seq.model.layers import Embedding, FeedForward, Residual, Stack, make_norm

TOP = 10
Score = Callable[[Tensor], Tensor]  # histories [U, T] -> how likely each item is next [U, V]


class Layer(nn.Module):
    """Causal self-attention, then feed-forward, each in a residual branch: [B, T, M] -> [B, T, M]."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.attention = CausalSelfAttention(config.width, config.decoder_attention)
        self.feed_forward = FeedForward(config)
        self.attention_residual, self.feed_forward_residual = Residual(config), Residual(config)

    def forward(self, x: Tensor, memory: Memory | None, need_weights: bool) -> tuple[Tensor, Tensor | None]:
        """Return x [B, T, M] after the layer, and its attention [B, H, T, S] if requested."""
        residual = self.attention_residual
        found = self.attention(residual.enter(x), memory=memory, need_weights=need_weights)
        x = residual.leave(x, found.context)
        return self.feed_forward_residual(x, self.feed_forward), found.weights


class Guess(NamedTuple):
    """Logits of the next item, [B, T, V], and on request each layer's attention, [L, B, H, T, S]."""

    logits: Tensor
    maps: Tensor | None


class SASRec(nn.Module):
    """Model of the next item after each item of a history; filler at the end of a row affects nothing."""

    def __init__(self, items: int, longest: int, width: int, layers: int, heads: int, dropout: float):
        super().__init__()
        if width % heads:
            raise ValueError(f"--heads is {heads}, which does not divide --width {width}; choose a divisor")
        attention = AttentionConfig(heads=heads)
        self.config = ModelConfig(
            vocabulary_size=items,
            width=width,
            feed_forward=2 * width,
            decoder_layers=layers,
            encoder_attention=attention,  # neither is there in a decoder of its own; their heads must fit
            decoder_attention=attention,
            cross_attention=attention,
            norm_order="pre",
            dropout=dropout,
            max_length=longest,
        )
        self.embedding = Embedding(self.config)
        self.positions = LearnedPositions(longest, width)
        self.layers = Stack[Layer](Layer(self.config) for _ in range(layers))
        self.norm = make_norm(self.config)

    def empty_memories(self, users: int) -> list[Memory]:
        """Return a memory per layer, for reading a user's items one at a time."""
        return [layer.attention.empty_memory(users, self.config.max_length) for layer in self.layers]

    def forward(
        self, items: Tensor, memories: list[Memory] | None = None, *, need_weights: bool = False
    ) -> Guess:
        """Read items [B, T], the newest ones where memories hold the earlier."""
        read = 0 if memories is None else memories[0].length
        places = torch.arange(read, read + items.shape[1], device=items.device)
        x = self.embedding(items) + self.positions(places)
        maps = []
        for number, layer in enumerate(self.layers):
            x, weights = layer(x, None if memories is None else memories[number], need_weights)
            maps.append(weights)
        logits = self.embedding.scores(self.norm(x))
        return Guess(logits, torch.stack([m for m in maps if m is not None]) if need_weights else None)


def train(model: SASRec, data: Interactions, arguments: argparse.Namespace) -> None:
    """Train the model on the next item at every position of every history."""
    rows = data.rows(arguments.longest + 1, held_out=2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.learning_rate)
    model.train()
    for step in range(1, arguments.steps + 1):
        batch = rows[torch.randint(len(rows), (arguments.batch,))]
        logits = model(batch[:, :-1]).logits
        loss = functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten(), ignore_index=FILLER)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        show_progress(step, arguments.steps, loss.item())
    model.eval()


@torch.no_grad()
def score_next(model: SASRec, history: Tensor) -> Tensor:
    """Return scores of the next item: histories [U, T] -> [U, V]."""
    logits: Tensor = model(history).logits
    return logits[torch.arange(len(history)), last_place(history)]


def score_by_last_item(data: Interactions) -> Score:
    """Return a baseline that scores items by how often they followed the last one in training."""
    pairs = Counter(pair for past in data.histories for pair in pairwise(past[:-2]))
    after: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (first, second), times in pairs.items():
        after[first].append((second, times))

    def score(history: Tensor) -> Tensor:
        scores = torch.zeros(len(history), len(data.items))
        newest = history[torch.arange(len(history)), last_place(history)].tolist()
        for row, item in zip(scores, newest, strict=True):
            for second, times in after[item]:
                row[second] = times
        return scores

    return score


def last_place(history: Tensor) -> Tensor:
    """Return the position of the newest item of each history: [U, T] -> [U]."""
    return (history != FILLER).sum(dim=1) - 1


def measure(score: Score, data: Interactions, longest: int, place: int) -> tuple[float, float]:
    """Return HR@10 and NDCG@10 on the items at a place from the end (1: the test)."""
    ranks = []
    users = torch.arange(len(data.histories)).split(512)  # so that [U, V] stays small
    for part in users:
        scores = score(data.rows(longest, held_out=place)[part]).clone()
        for row, user in zip(scores, part.tolist(), strict=True):
            row[[FILLER, *data.histories[user][:-place]]] = -torch.inf
        own = scores.gather(1, data.held_out(place)[part, None])
        ranks.append((scores > own).sum(dim=1) + ((scores == own).sum(dim=1) - 1) / 2)  # a tie counts half
    rank = torch.cat(ranks)
    hit = rank < TOP
    return hit.float().mean().item(), (hit / torch.log2(rank + 2)).mean().item()


def newest_of_category(data: Interactions, history: Tensor) -> Tensor:
    """Mark the newest item of each category that a history holds twice: [U, T] boolean."""
    same = data.same_category(history[:, :, None], history[:, None])
    again_later = same.triu(1).any(dim=2)
    return (same.sum(dim=2) > 1) & ~again_later


@torch.no_grad()
def measure_look(model: SASRec, data: Interactions, longest: int) -> tuple[list[float], float]:
    """Return the share of the newest item's attention on such items, head by head.

    Beside it the share of such places among all, which a head that looks everywhere alike would give.
    """
    history = data.rows(longest, held_out=1)
    newest, last = newest_of_category(data, history), last_place(history)
    maps = model(history, need_weights=True).maps
    assert maps is not None
    looks = maps.permute(1, 3, 0, 2, 4)[torch.arange(len(history)), last]  # [U, L, H, T]
    found = (looks * newest[:, None, None]).sum(dim=-1).mean(dim=0)
    return found.flatten().tolist(), (newest.sum(dim=1) / (last + 1)).mean().item()


@torch.no_grad()
def draw_table(model: SASRec, data: Interactions, longest: int) -> str:
    """Return the attention of the last query of one history, mean over heads, and its five best items."""
    history = data.rows(longest, held_out=1)[:1]
    history = history[history != FILLER][None]
    maps = model(history, need_weights=True).maps
    assert maps is not None
    looks = maps[:, 0, :, -1].mean(dim=1)
    names = [data.items[item] for item in history[0].tolist()]
    wide = max(map(len, names)) + 2
    lines = ["history".ljust(wide) + "".join(f"layer {n:<13}" for n in range(1, len(looks) + 1))]
    for place, name in enumerate(names):
        cells = (f"{look[place]:.2f} {'#' * int(10 * look[place] / look.max()):14}" for look in looks)
        lines.append(f"{name:{wide}}" + "".join(cells))
    scores = score_next(model, history)[0].softmax(dim=0)
    scores[[FILLER, *history[0].tolist()]] = 0
    likeliest = (f"{data.items[item]} {scores[item]:.2f}" for item in scores.topk(5).indices.tolist())
    lines += [f"next: {', '.join(likeliest)}; taken: {data.items[int(data.held_out(1)[0])]}"]
    return "\n".join(line.rstrip() for line in lines)


def main() -> None:
    """Train SASRec and print its scores beside the baselines, and its attention."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_data_arguments(parser)
    add_world_arguments(parser)
    parser.add_argument("--longest", type=natural, default=24, help="items of a history that are read")
    parser.add_argument("--width", type=natural, default=32)
    parser.add_argument("--layers", type=natural, default=2)
    parser.add_argument("--heads", type=natural, default=1)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--steps", type=natural, default=1500)
    parser.add_argument("--batch", type=natural, default=64)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    try:
        compare(arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error


def compare(arguments: argparse.Namespace) -> None:
    """Train SASRec on the data; print a line per method, the attention shares, and the table."""
    data = chosen_data(arguments)
    print(data)
    torch.manual_seed(arguments.seed)
    a = arguments
    model = SASRec(len(data.items), a.longest, a.width, a.layers, a.heads, a.dropout)
    train(model, data, arguments)
    popularity = data.popularity().float()
    print(f"{'':12} HR@{TOP}  NDCG@{TOP}")
    methods: list[tuple[str, Score]] = [
        ("popularity", lambda history: popularity.expand(len(history), -1)),
        ("last item", score_by_last_item(data)),
        ("SASRec", lambda history: score_next(model, history)),
    ]
    if arguments.data is None:
        methods.append(("the truth", score_by_truth(data)))
    for name, score in methods:
        print("{:12} {:.3f}  {:.3f}".format(name, *measure(score, data, a.longest, place=1)))
    if data.categories is not None:
        looks, chance = measure_look(model, data, a.longest)
        shares = ", ".join(f"{share:.0%}" for share in looks)
        print(
            f"attention where followed categories were left, head by head: {shares}; by chance {chance:.0%}"
        )
    print("\n" + draw_table(model, data, a.longest))


if __name__ == "__main__":
    main()
