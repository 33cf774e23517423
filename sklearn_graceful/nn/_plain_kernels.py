"""Run a module without fused kernels."""

from contextlib import contextmanager

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel


@contextmanager
def plain_attention():
    """No fused attention, which has neither a count nor a derivative of its own."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


@contextmanager
def plain_kernels():
    """No fused kernels at all, of which torch does not say how much they compute."""
    mkldnn = torch.backends.mkldnn
    onednn = mkldnn.enabled
    mkldnn.enabled = False
    try:
        with plain_attention(), torch.backends.cudnn.flags(enabled=False):
            yield
    finally:
        mkldnn.enabled = onednn
