"""Detection of `torch.func` transforms around a call.

Some fast paths write into tensors, keep one between calls, or compute a layer again on the way back.
Inside `vmap`, `jvp`, `grad` and their kin torch refuses this or returns tensors that end with the
transform, so these paths ask here first and step aside.
"""

import torch
from torch.autograd import forward_ad

# Asked at every step: the bare function of torch, which costs no call of Python.
functorch_is_active = torch._C._are_functorch_transforms_active


def transformed() -> bool:
    """Return whether a transform of `torch.func` or a level of forward-mode differentiation is active.

    torch has no public question for it (2.13); its own autograd asks the first of these two.
    """
    return functorch_is_active() or forward_ad._current_level >= 0
