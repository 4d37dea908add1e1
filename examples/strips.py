"""Strips of handwritten digits, as on a form: images with known text and known position of each digit.

    digits of scikit-learn, 8 x 8 pixels --split--> train, valid, test: no image is in two of them
    three to six of one part --turned, slanted, apart--> Strips: image [B, HEIGHT, W], digits, places

Each digit is slightly higher or lower, with a random gap before it, so that the first digits do not tell
where the next one is. In training, strips may be shorter, which teaches the shapes of digits before their
positions, and digits are slightly distorted and paler or darker, anew in every strip; those of valid and test
are unchanged.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Part = Literal["train", "valid", "test"]

DIGIT, HEIGHT, GAP = 8, 12, 3  # pixels: side of a digit, height of a strip, the widest gap
FEWEST, MOST = 3, 6  # digits of a strip
HELD_OUT = 250  # digits of valid, and as many of test
NONE = -1  # where a strip has no further digit
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Digits:
    """Images [D, 8, 8] of brightness 0 to 1, and their labels [D]."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Strips:
    """Batch of strips, padded on the right.

    Shapes: images [B, HEIGHT, W], widths [B] in pixels, digits [B, MOST] (NONE where there is no more), and
    places [B, MOST], the pixel where each digit begins.
    """

    images: Tensor
    widths: Tensor
    digits: Tensor
    places: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def words(self) -> list[list[str]]:
        """Return the text of each strip."""
        return [[WORDS[digit] for digit in row if digit != NONE] for row in self.digits.tolist()]


def load_digits(part: Part) -> Digits:
    """Return the digits of a part: 1,297 to train, 250 to tune by, 250 to test, always the same.

    Raises:
        ValueError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits as load_all
    except ImportError as error:
        raise ValueError("the digits come with scikit-learn; pip install scikit-learn") from error
    images, labels = load_all(return_X_y=True)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    ends = {"test": (0, HELD_OUT), "valid": (HELD_OUT, 2 * HELD_OUT), "train": (2 * HELD_OUT, len(order))}
    kept = order[slice(*ends[part])]
    pixels = torch.from_numpy(images).float().view(-1, DIGIT, DIGIT) / 16
    return Digits(pixels[kept], torch.from_numpy(labels).long()[kept])


def make_strips(digits: Digits, count: int, chance: torch.Generator, *, learn: int | None = None) -> Strips:
    """Draw `count` strips of random digits; with `learn`, of one to that many, their digits distorted."""

    def draw(least: int, most: int, *shape: int) -> Tensor:
        return torch.randint(least, most + 1, shape, generator=chance)

    chosen = draw(0, len(digits.labels) - 1, count, MOST)
    there = torch.arange(MOST) < (draw(1, learn, count, 1) if learn else draw(FEWEST, MOST, count, 1))
    images = digits.images[chosen]
    if learn:
        images = bent(images.flatten(0, 1), chance).view_as(images)
    ends = ((draw(0, GAP, count, MOST) + DIGIT) * there).cumsum(dim=1)
    places, rows = ends - DIGIT, draw(0, HEIGHT - DIGIT, count, MOST)
    widths = ends[:, -1] + draw(0, GAP, count)
    strip = torch.zeros(count, HEIGHT, int(widths.max()))
    side = torch.arange(DIGIT)
    for number in range(MOST):
        those = there[:, number].nonzero().squeeze(1)
        y = (rows[those, number, None] + side)[:, :, None]
        x = (places[those, number, None] + side)[:, None, :]
        strip[those[:, None, None], y, x] = images[those, number]
    return Strips(
        strip,
        widths,
        digits.labels[chosen].masked_fill(~there, NONE),
        places.masked_fill(~there, NONE),
    )


def bent(images: Tensor, chance: torch.Generator) -> Tensor:
    """Return each image [D, 8, 8] slightly turned, slanted, stretched and moved."""

    def draw(size: float) -> Tensor:
        return (2 * torch.rand(len(images), generator=chance) - 1) * size

    angle, slant, wide, high, zero = draw(0.2), draw(0.25), 1 + draw(0.12), 1 + draw(0.12), draw(0)
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], dim=1).view(-1, 2, 2)
    stretch = torch.stack([wide, slant, zero, high], dim=1).view(-1, 2, 2)
    shift = torch.stack([draw(0.1), draw(0.1)], dim=1)[:, :, None]
    size = [len(images), 1, DIGIT, DIGIT]
    grid = functional.affine_grid(torch.cat([turn @ stretch, shift], dim=2), size, align_corners=False)
    moved = functional.grid_sample(images[:, None], grid, padding_mode="zeros", align_corners=False)
    paled = moved.squeeze(1) * (1 + draw(0.2))[:, None, None]
    return (paled + 0.05 * torch.randn(images.shape, generator=chance) * (paled > 0)).clamp(0, 1)
