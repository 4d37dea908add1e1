"""Storage formats of weights: 16 bit, 32 bit, or 8 bit for matrices with a scale for each row.

    w[r, c]  ~  scale[r] * q[r, c]      q from -127 to 127, scale[r] = max over c of |w[r, c]| / 127

Beside matrices of 8 bit, vectors (norms, biases) are of 16. Unpacked weights are float32 and pack to the same
values again.
"""

from collections.abc import Mapping
from typing import Literal, get_args

import torch
from torch import Tensor

StorageFormat = Literal["float16", "int8", "float32"]
SCALE = ":scale"  # suffix to the name of a matrix; names of parameters have no colon
LARGEST = 127


def pack(weights: Mapping[str, Tensor], storage: StorageFormat) -> dict[str, Tensor]:
    """Return the tensors to store.

    Raises:
        ValueError: an unknown storage format, or weights that are not finite or too large for 16 bit.
    """
    if storage not in get_args(StorageFormat):
        raise ValueError(f"storage is {storage!r}; choose {' or '.join(map(repr, get_args(StorageFormat)))}")
    packed: dict[str, Tensor] = {}
    for name, weight in weights.items():
        tensor = weight.detach().cpu()
        if storage == "int8" and tensor.is_floating_point() and tensor.dim() > 1:
            rows = tensor.float()
            scale = rows.flatten(1).abs().amax(dim=1) / LARGEST
            _check_finite(name, tensor, scale)
            # A row of zeros has the scale 0; it must not divide by it.
            wide = scale.clamp(min=torch.finfo(torch.float32).tiny).view(-1, *[1] * (rows.dim() - 1))
            packed[name] = (rows / wide).round().to(torch.int8)
            packed[name + SCALE] = scale
            continue
        stored = tensor
        if tensor.is_floating_point():
            stored = tensor.float() if storage == "float32" else tensor.half()
        _check_finite(name, tensor, stored)
        packed[name] = stored.contiguous()
    return packed


def storage_of(packed: Mapping[str, Tensor]) -> StorageFormat:
    """Return the storage format of packed tensors."""
    if any(name.endswith(SCALE) for name in packed):
        return "int8"
    return "float32" if any(tensor.dtype == torch.float32 for tensor in packed.values()) else "float16"


def unpack(packed: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights in float32, from either storage format.

    Raises:
        ValueError: a scale without a matrix, or of another number of rows.
    """
    weights: dict[str, Tensor] = {}
    for name, tensor in packed.items():
        if name.endswith(SCALE):
            if name.removesuffix(SCALE) not in packed:
                raise ValueError(f"the scale {name} has no matrix; fetch the file again")
            continue
        scale = packed.get(name + SCALE)
        if scale is not None:
            if tensor.dim() < 2 or scale.shape != tensor.shape[:1]:
                raise ValueError(
                    f"weight {name} is {list(tensor.shape)}, but its scale is {list(scale.shape)}; "
                    "fetch the file again"
                )
            tensor = tensor.float() * scale.float().view(-1, *[1] * (tensor.dim() - 1))
        weights[name] = tensor.float() if tensor.is_floating_point() else tensor
    return weights


def _check_finite(name: str, tensor: Tensor, stored: Tensor) -> None:
    """Refuse a weight with values that are not finite, before or after its conversion."""
    if torch.isfinite(stored).all():
        return
    if torch.isfinite(tensor).all():
        what = f"a value of {tensor.abs().max():g}, beyond the 65504 that 16-bit storage can hold"
    else:
        what = "values that are not finite"
    raise ValueError(f"weight {name} has {what}: the training diverged; lower the learning rate")
