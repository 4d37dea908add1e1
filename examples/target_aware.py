"""Target-aware recommendation: attention from a candidate to a user's history, beside two simpler poolings.

    mean           sum_s h_s / S                        one vector per user, for any candidate
    cross          softmax_s(W_q c . W_k h_s) V h_s     the candidate is the query, its weights sum to 1
    target_aware   sum_s MLP([c, h_s, c-h_s, c*h_s]) h_s    DIN's unit: the weights are free

Each pools a history [B, S, M] for a candidate c [B, M], and a small net scores [pooled, c] (Zhou et al. 2018,
figure 2). The three differ in nothing else. AUC is the mean over users of how often the item that was taken
gets a higher score than one that was not, drawn by popularity.

    python examples/target_aware.py                             on the synthetic data of series.py
    python examples/target_aware.py --data ratings.csv --columns userId movieId timestamp --longest 50
"""

import argparse
import sys
from collections.abc import Callable
from typing import NamedTuple

import torch
from interactions import FILLER, Interactions, Others, add_data_arguments, natural
from progress import show_progress
from series import add_world_arguments, chosen_data, score_by_truth
from torch import Tensor, nn
from torch.nn import functional

from seq2seq.attention import AttentionConfig, CrossAttention, TargetAwarePooling, padding_mask

POOLINGS = ("mean", "cross", "target_aware")
RIVALS = 20  # items that were not taken, for each that was, when judging
PART = 1024  # users judged at once
Score = Callable[[Tensor, Tensor], Tensor]  # candidates [B], histories [B, S] -> [B]


class Judged(NamedTuple):
    """Prediction for candidates (logits [B]), and the weights on the history [B, S]."""

    logits: Tensor
    weights: Tensor


class Recommender(nn.Module):
    """Model that scores a candidate by a user's history, pooled in one of three ways.

    Shapes: candidate [B], history [B, S], as numbers of items -> logits [B], weights [B, S].
    """

    def __init__(self, items: int, width: int, pooling: str):
        super().__init__()
        self.embedding = nn.Embedding(items, width, padding_idx=FILLER)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.pooling: nn.Module | None = None
        if pooling == "cross":
            self.pooling = CrossAttention(width, AttentionConfig(heads=1))
        elif pooling == "target_aware":
            self.pooling = TargetAwarePooling(width)
        self.judge = nn.Sequential(nn.Linear(2 * width, 64), nn.PReLU(), nn.Linear(64, 1))

    def forward(self, candidate: Tensor, history: Tensor) -> Judged:
        """Score candidates [B] by histories [B, S]."""
        present = history != FILLER
        asked, past = self.embedding(candidate), self.embedding(history)
        pooled, weights = self.pool(asked, past, present)
        return Judged(self.judge(torch.cat([pooled, asked], dim=-1)).squeeze(-1), weights)

    def score(self, candidate: Tensor, history: Tensor) -> Tensor:
        """Return the logits alone."""
        judged: Judged = self(candidate, history)
        return judged.logits

    def pool(self, candidate: Tensor, history: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Pool history [B, S, M] for candidate [B, M], present [B, S] -> pooled [B, M], weights [B, S]."""
        match self.pooling:
            case TargetAwarePooling() as unit:
                found = unit(candidate, history, present)
                return found.context, found.weights
            case CrossAttention() as cross:
                mask, memory = padding_mask(present), cross.remember(history)
                found = cross(candidate[:, None], memory, mask, need_weights=True)
                return found.context[:, 0], found.weights[:, 0, 0]
            case _:
                weights = present / present.sum(dim=1, keepdim=True).clamp_min(1)
                return (weights[:, None] @ history).squeeze(1), weights


def train(model: Recommender, data: Interactions, arguments: argparse.Namespace) -> None:
    """Train the model to tell the next item of a history from one that the user never took."""
    others = Others(data, arguments.seed)
    rows = data.rows(arguments.longest + 1, held_out=2)
    lengths = (rows != FILLER).sum(dim=1)
    places = torch.arange(rows.shape[1])
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.learning_rate)
    for step in range(1, arguments.steps + 1):
        users = torch.randint(len(rows), (arguments.batch,))
        cut = 1 + (torch.rand(arguments.batch) * (lengths[users] - 1)).long()
        history = rows[users].masked_fill(places >= cut[:, None], FILLER)[:, :-1]
        taken, other = rows[users, cut], others.draw(users, 1).squeeze(1)
        logits = model(torch.cat([taken, other]), history.repeat(2, 1)).logits
        truth = torch.cat([torch.ones(arguments.batch), torch.zeros(arguments.batch)])
        loss = functional.binary_cross_entropy_with_logits(logits, truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        show_progress(step, arguments.steps, loss.item())


@torch.no_grad()
def measure_auc(score: Score, data: Interactions, longest: int, place: int) -> float:
    """Return AUC on the items at a place from the end (1: the test, 2: the validation)."""
    history, target = data.rows(longest, held_out=place), data.held_out(place)
    others, won = Others(data, seed=0), []
    for users in torch.arange(len(history)).split(PART):
        taken = score(target[users], history[users])
        rivals = others.draw(users, RIVALS).unbind(dim=1)
        won += [_won(taken, score(rival, history[users])) for rival in rivals]
    return torch.cat(won).mean().item()


def _won(score: Tensor, rival: Tensor) -> Tensor:
    return (score > rival).float() + 0.5 * (score == rival).float()


def count_category(data: Interactions) -> Score:
    """Return a baseline that counts the history's items of the candidate's category."""
    return lambda candidate, history: data.same_category(candidate[:, None], history).float().sum(dim=1)


@torch.no_grad()
def measure_look(model: Recommender, data: Interactions, longest: int) -> tuple[float, float]:
    """Return how often the strongest item is of the test item's category, and the rate by chance.

    Among histories that hold the category and another. A weight's size counts: its sign is for the judge.
    """
    found, shares = [], []
    pairs = zip(data.held_out(1).split(PART), data.rows(longest, held_out=1).split(PART), strict=True)
    for candidate, history in pairs:
        same = data.same_category(candidate[:, None], history)
        share = same.sum(dim=1) / (history != FILLER).sum(dim=1)
        mixed = (share > 0) & (share < 1)
        sizes = model(candidate, history).weights.abs().masked_fill(history == FILLER, -1.0)
        found.append(same.gather(1, sizes.argmax(dim=1, keepdim=True)).squeeze(1)[mixed])
        shares.append(share[mixed])
    return torch.cat(found).float().mean().item(), torch.cat(shares).mean().item()


@torch.no_grad()
def draw_table(model: Recommender, data: Interactions, longest: int) -> str:
    """Return one history as two candidates see it: a line per item, a weight and a bar per candidate.

    The candidates are the last two items of the first user who took them from different categories.
    """
    user = first_mixed(data)
    history = data.rows(longest, held_out=2)[user : user + 1]
    history = history[history != FILLER][None]
    candidates = torch.tensor(data.histories[user][-2:])
    weights = model(candidates, history.repeat(2, 1)).weights
    bars = (weights.abs() / weights.abs().amax(dim=1, keepdim=True).clamp_min(1e-9) * 10).round().int()
    names = [data.items[item] for item in (*history[0].tolist(), *candidates.tolist())]
    wide = max(map(len, names)) + 2
    lines = [f"{'history':{wide}}" + "".join(f"for {name:<{wide + 15}}" for name in names[-2:])]
    for place, name in enumerate(names[:-2]):
        cells = (f"{weights[c, place]:6.2f} {'#' * int(bars[c, place]):{wide + 12}}" for c in (0, 1))
        lines.append(f"{name:{wide}}" + "".join(cells))
    return "\n".join(line.rstrip() for line in lines)


def first_mixed(data: Interactions) -> int:
    """Return the first user whose last two items are of two categories that the history holds before."""
    if data.categories is not None:
        of = data.categories
        for user, history in enumerate(data.histories):
            before = {of[item] for item in history[:-2]}
            if len({of[item] for item in history[-2:]} & before) == 2:
                return user
    return 0


def main() -> None:
    """Train all three and print their scores and attention."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_data_arguments(parser)
    add_world_arguments(parser)
    parser.add_argument("--longest", type=natural, default=24, help="items of a history that are seen")
    parser.add_argument("--width", type=natural, default=16)
    parser.add_argument("--steps", type=natural, default=2000)
    parser.add_argument("--batch", type=natural, default=64)
    parser.add_argument("--learning-rate", type=float, default=5e-3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    try:
        compare(arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error


def compare(arguments: argparse.Namespace) -> None:
    """Train each pooling on the same data and print a line per pooling, then the table of the last."""
    data = chosen_data(arguments)
    print(data)
    longest, known = arguments.longest, data.categories is not None
    popularity = data.popularity()
    rules: list[tuple[str, Score]] = [("popularity", lambda candidate, _: popularity[candidate])]
    if known:
        rules.append(("same category", count_category(data)))
    if arguments.data is None:
        rank = score_by_truth(data)
        rules.append(
            ("the truth", lambda candidate, history: rank(history).gather(1, candidate[:, None])[:, 0])
        )
    print(f"{'':14} AUC" + ("    strongest item of the candidate's category" if known else ""))
    for name, rule in rules:
        print(f"{name:14} {measure_auc(rule, data, longest, place=1):.3f}")
    for pooling in POOLINGS:
        torch.manual_seed(arguments.seed)
        model = Recommender(len(data.items), arguments.width, pooling)
        train(model, data, arguments)
        look = "    {:.0%} (by chance {:.0%})".format(*measure_look(model, data, longest)) if known else ""
        print(f"{pooling:14} {measure_auc(model.score, data, longest, place=1):.3f}{look}", flush=True)
    print("\n" + draw_table(model, data, longest))


if __name__ == "__main__":
    main()
