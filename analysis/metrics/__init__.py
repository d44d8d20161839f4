"""The automatic metrics that may be computed, in one literal list. To add one, read docs/add-a-metric.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Literal

from analysis.metrics.interface import CorpusMetric, Metric

Need = Literal["catalogue", "encoder", "language_model", "judge", "verifier"]
"""What cannot be had everywhere: every title there is; an encoder, a causal or sequence-to-sequence language model, a
language model that answers, a model of inference."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One metric that may be asked for by name."""

    label: str
    target: str
    """"module:callable"; the callable takes the options of `load` and returns the metric."""
    level: Literal["case", "corpus"] = "case"
    """`case`: one number a text. `corpus`: one for all texts of a system, so it correlates with nothing."""
    needs: tuple[Need, ...] = ()
    """Options without which the metric cannot be built; all but the catalogue are models."""
    better: Literal["higher", "lower", "neither"] = "higher"
    references: bool = False
    """Whether it compares texts with a reference, so that it takes the name of whoever wrote them."""
    reads_shown: bool = False
    """Whether it reads the history and the item, or the prompt, beside the text."""
    reads_influence: bool = False
    """Whether it reads what weighed in the ranker's choice, which not every ranker says."""


METRICS: dict[str, Entry] = {
    "rouge-1": Entry("ROUGE-1", "analysis.metrics.overlap:rouge_1", references=True),
    "rouge-2": Entry("ROUGE-2", "analysis.metrics.overlap:rouge_2", references=True),
    "rouge-l": Entry("ROUGE-L", "analysis.metrics.overlap:rouge_l", references=True),
    "rouge-lsum": Entry("ROUGE-Lsum", "analysis.metrics.overlap:rouge_lsum", references=True),
    "chrf": Entry("chrF", "analysis.metrics.overlap:ChrF", references=True),
    "rouge-1-family": Entry("ROUGE-1 (family)", "analysis.metrics.family:rouge_1", references=True),
    "rouge-2-family": Entry("ROUGE-2 (family)", "analysis.metrics.family:rouge_2", references=True),
    "rouge-l-family": Entry("ROUGE-L (family)", "analysis.metrics.family:rouge_l", references=True),
    "bertscore-precision": Entry(
        "BERTScore precision", "analysis.metrics.bertscore:precision", needs=("encoder",), references=True
    ),
    "bertscore-recall": Entry(
        "BERTScore recall", "analysis.metrics.bertscore:recall", needs=("encoder",), references=True
    ),
    "bertscore": Entry("BERTScore F1", "analysis.metrics.bertscore:f1", needs=("encoder",), references=True),
    "bertscore-rescaled": Entry(
        "BERTScore F1, rescaled", "analysis.metrics.bertscore:rescaled", needs=("encoder",), references=True
    ),
    "gptscore-ll": Entry(
        "GPTScore-LL", "analysis.metrics.likelihood:GptScore", needs=("language_model",), reads_shown=True
    ),
    "gptscore-judge": Entry(
        "GPTScore-judge", "analysis.metrics.judge:agreement", needs=("judge",), references=True
    ),
    "judge-persuasiveness": Entry(
        "Judge: persuasiveness", "analysis.metrics.judge:persuasiveness", needs=("judge",), reads_shown=True
    ),
    "judge-personalization": Entry(
        "Judge: personalization", "analysis.metrics.judge:personalization", needs=("judge",), reads_shown=True
    ),
    "judge-faithfulness": Entry(
        "Judge: faithfulness", "analysis.metrics.judge:faithfulness", needs=("judge",), reads_shown=True
    ),
    "statement-support": Entry(
        "Statements supported", "analysis.metrics.statements:supported", needs=("verifier",), reads_shown=True
    ),
    "statement-contradiction": Entry(
        "Statements contradicted",
        "analysis.metrics.statements:contradicted",
        needs=("verifier",),
        better="lower",
        reads_shown=True,
    ),
    "statement-precision": Entry(
        "Statement precision", "analysis.metrics.statements:precision", needs=("verifier",), references=True
    ),
    "statement-recall": Entry(
        "Statement recall", "analysis.metrics.statements:recall", needs=("verifier",), references=True
    ),
    "statement-f1": Entry(
        "Statement F1", "analysis.metrics.statements:f1", needs=("verifier",), references=True
    ),
    "mention-precision": Entry(
        "Title precision", "analysis.metrics.grounding:MentionPrecision", needs=("catalogue",)
    ),
    "hallucination": Entry(
        "Foreign title", "analysis.metrics.grounding:Hallucination", needs=("catalogue",), better="lower"
    ),
    "history-grounding": Entry(
        "Names the history", "analysis.metrics.grounding:HistoryGrounding", needs=("catalogue",)
    ),
    "item-mention": Entry("Names the item", "analysis.metrics.grounding:ItemMention", needs=("catalogue",)),
    "unsupported-attribute": Entry(
        "Foreign attribute",
        "analysis.metrics.claims:UnsupportedAttribute",
        needs=("catalogue",),
        better="lower",
    ),
    "ranker-hit": Entry(
        "Names what weighed most",
        "analysis.metrics.fidelity:RankerHit",
        reads_shown=True,
        reads_influence=True,
    ),
    "ranker-ndcg": Entry(
        "Follows the ranker (NDCG@5)",
        "analysis.metrics.fidelity:RankerNdcg",
        reads_shown=True,
        reads_influence=True,
    ),
    "feature-match": Entry(
        "Names a feature (FMR)", "analysis.metrics.features:FeatureMatch", needs=("catalogue",)
    ),
    "feature-coverage": Entry(
        "Features named (FCR)",
        "analysis.metrics.features:FeatureCoverage",
        level="corpus",
        needs=("catalogue",),
    ),
    "feature-repetition": Entry(
        "Features repeated (DIV)",
        "analysis.metrics.features:FeatureRepetition",
        level="corpus",
        needs=("catalogue",),
        better="lower",
    ),
    "external-span": Entry(
        "Foreign name", "analysis.metrics.external:ExternalSpan", better="lower", reads_shown=True
    ),
    "copy-rate": Entry("Copied run", "analysis.metrics.length:CopyRate", better="lower", reads_shown=True),
    "echo-rate": Entry("Echoed prompt", "analysis.metrics.echo:EchoRate", better="lower", reads_shown=True),
    "open-end": Entry("Cut off", "analysis.metrics.length:OpenEnd", better="lower"),
    "words": Entry("Words", "analysis.metrics.length:Words", better="neither"),
    "distinct-1": Entry("Distinct-1", "analysis.metrics.diversity:distinct_1", level="corpus"),
    "distinct-2": Entry("Distinct-2", "analysis.metrics.diversity:distinct_2", level="corpus"),
    "distinct-1-budget": Entry(
        "Distinct-1 at budget", "analysis.metrics.diversity:distinct_1_budget", level="corpus"
    ),
    "distinct-2-budget": Entry(
        "Distinct-2 at budget", "analysis.metrics.diversity:distinct_2_budget", level="corpus"
    ),
    "ngram-entropy": Entry(
        "Entropy of n-grams (ENTR)", "analysis.metrics.entropy:NgramEntropy", level="corpus"
    ),
    "unique-texts": Entry("Unique texts (USR)", "analysis.metrics.diversity:UniqueTexts", level="corpus"),
    "unique-texts-count": Entry(
        "Distinct texts (USN)", "analysis.metrics.diversity:UniqueCount", level="corpus"
    ),
    "self-bleu": Entry("Self-BLEU", "analysis.metrics.self_bleu:SelfBleu", level="corpus", better="lower"),
    "bleu-1": Entry("BLEU-1", "analysis.metrics.overlap:bleu_1", references=True, level="corpus"),
    "bleu-4": Entry("BLEU-4", "analysis.metrics.overlap:bleu_4", references=True, level="corpus"),
    "bleu-1-family": Entry(
        "BLEU-1 (family)", "analysis.metrics.family:bleu_1", references=True, level="corpus"
    ),
    "bleu-4-family": Entry(
        "BLEU-4 (family)", "analysis.metrics.family:bleu_4", references=True, level="corpus"
    ),
}


class UnknownName(LookupError):
    """Somebody asked for a metric that is not in the list."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        close = get_close_matches(name, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        super().__init__(f"no metric is called {name!r}; there are {', '.join(known)}.{hint}")


def load(name: str, **options: Any) -> Metric | CorpusMetric:
    """Build one metric by name, importing only what it uses.

    Raises:
        UnknownName: the name is not in METRICS; the message lists the known ones.
    """
    if name not in METRICS:
        raise UnknownName(name, list(METRICS))
    module, _, factory = METRICS[name].target.partition(":")
    metric: Metric | CorpusMetric = getattr(import_module(module), factory)(**options)
    return metric
