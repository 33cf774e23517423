"""Where tensors live."""

import torch


def resolve_device(device="auto"):
    """Turn ``"auto"`` into the device that is there.

    Parameters
    ----------
    device : str or torch.device, default="auto"
        ``"auto"`` means CUDA when a CUDA device is present, else the CPU.
        Anything else is returned as it is.

    Returns
    -------
    device : str or torch.device

    Examples
    --------
    >>> from sklearn_graceful.nn import resolve_device
    >>> resolve_device("cpu")
    'cpu'
    """
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def fits_on_device(tensors, device, *, share=0.5):
    """Whether all `tensors` together take at most `share` of the free memory there."""
    if torch.device(device).type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(torch.device(device))
    return sum(t.nbytes for t in tensors) <= share * free
