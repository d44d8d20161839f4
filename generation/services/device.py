"""Where networks run on this machine."""


def device() -> str:
    """A CUDA device where there is one, else the processor."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
