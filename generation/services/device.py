"""Where networks run on this machine."""


def device() -> str:
    """A CUDA device where there is one, else the processor."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def processes_for(asked: int) -> int:
    """How many processes of this machine train side by side; 0 asks for one a GPU, and one where there is none.

    Raises:
        ValueError: more than there are GPUs.
    """
    import torch

    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if n_gpus and asked > n_gpus:
        raise ValueError(
            f"{asked} processes need a GPU each, and this worker sees {n_gpus}: ask for fewer, or start the worker "
            "with more in CUDA_VISIBLE_DEVICES"
        )
    return asked or max(n_gpus, 1)
