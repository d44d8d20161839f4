"""What each metric is, in words for readers of a report: definition, range, and whose it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class About:
    """What a reader must know before reading a metric's number."""

    definition: str
    range: str
    source: str


_LIN = "Lin (2004); package rouge-score"
_FAMILY = "code of PETER, Li, Zhang & Chen (2021)"
_BLEU = "Papineni et al. (2002); package sacrebleu"
_BERT = "Zhang et al. (2020)"
_NETE = "Li, Zhang & Chen (2020), NETE"
_LI = "Li et al. (2016)"
_HERE = "Prism"
_KABONGO = "Kabongo & Guigue (2025), statements cut by rule"
_LEI = "after Lei et al. (2024), RecExplainer"
_XREC = "Ma et al. (2024), XRec"

ABOUT: dict[str, About] = {
    "rouge-1": About("words shared with the reference, stemmed, F1", "0 to 1", _LIN),
    "rouge-2": About("pairs of words shared with the reference, stemmed, F1", "0 to 1", _LIN),
    "rouge-l": About("longest common subsequence with the reference, stemmed, F1", "0 to 1", _LIN),
    "rouge-lsum": About("longest common subsequences line by line, stemmed, F1", "0 to 1", _LIN),
    "chrf": About(
        "n-grams of characters shared with the reference, recall counted twice", "0 to 100", "Popović (2015)"
    ),
    "rouge-1-family": About("set of words shared with the reference, F", "0 to 100", _FAMILY),
    "rouge-2-family": About("set of pairs of words shared with the reference, F", "0 to 100", _FAMILY),
    "rouge-l-family": About(
        "longest common subsequence, weighed by precision over recall", "0 to 100", _FAMILY
    ),
    "bertscore-precision": About("likeness of each token to the likest of the reference", "-1 to 1", _BERT),
    "bertscore-recall": About(
        "likeness of each token of the reference to the likest of the text", "-1 to 1", _BERT
    ),
    "bertscore": About("harmonic mean of the two likenesses, raw", "-1 to 1", _BERT),
    "bertscore-rescaled": About("the same, 0 being what unrelated texts score", "below 0 to 1", _BERT),
    "gptscore-ll": About(
        "mean log-probability of the text's tokens under a language model, given history and item",
        "below 0",
        "Fu et al. (2023); equation 9 of the paper",
    ),
    "gptscore-judge": About(
        "a language model's mark for meaning what the reference means", "0 to 100", _XREC
    ),
    "judge-persuasiveness": About(
        "a language model's mark for persuasiveness", "1 to 5", "the paper's criterion"
    ),
    "judge-personalization": About(
        "a language model's mark for personalization", "1 to 5", "the paper's criterion"
    ),
    "judge-faithfulness": About(
        "a language model's mark for faithfulness", "1 to 5", "the paper's criterion"
    ),
    "statement-support": About(
        "share of a text's statements that history and catalogue support", "0 to 1", _KABONGO
    ),
    "statement-contradiction": About("share of a text's statements that they contradict", "0 to 1", _KABONGO),
    "statement-precision": About(
        "share of a text's statements that the reference supports", "0 to 1", _KABONGO
    ),
    "statement-recall": About(
        "share of the reference's statements that the text supports", "0 to 1", _KABONGO
    ),
    "statement-f1": About("harmonic mean of the two shares", "0 to 1", _KABONGO),
    "mention-precision": About("share of the titles named that were shown", "0 to 1", _HERE),
    "hallucination": About("1 where a title is named that was not shown", "0 or 1", _HERE),
    "history-grounding": About("1 where a title of the history is named", "0 or 1", _HERE),
    "item-mention": About("1 where the recommended item is named", "0 or 1", _HERE),
    "unsupported-attribute": About(
        "1 where a genre, director or year is named that is true of nothing shown", "0 or 1", _HERE
    ),
    "external-span": About("1 where a quoted or Title-Case name is of nothing shown", "0 or 1", _HERE),
    "ranker-hit": About(
        "1 where the item of the history that weighed most in the ranker's choice is named", "0 or 1", _LEI
    ),
    "ranker-ndcg": About(
        "titles of the history in the order named, gains what they weighed in the ranker's choice",
        "0 to 1",
        _LEI,
    ),
    "feature-match": About("1 where a feature of the item is named", "0 or 1", _NETE),
    "feature-coverage": About("share of the catalogue's features named at all", "0 to 1", _NETE),
    "feature-repetition": About("features that two texts share, mean over pairs", "from 0", _NETE),
    "copy-rate": About("share of words in the longest run copied from history and item", "0 to 1", _HERE),
    "echo-rate": About(
        "share of words in runs of four or more that stand in the prompt, titles alone aside",
        "0 to 1",
        "Grusky, Naaman & Artzi (2018), Newsroom, with a least length",
    ),
    "open-end": About("1 where a text does not end as a sentence does", "0 or 1", _HERE),
    "words": About("length in words", "from 0", _HERE),
    "distinct-1": About("distinct words over all words of a system", "0 to 1", _LI),
    "distinct-2": About("distinct pairs of words over all of a system", "0 to 1", _LI),
    "distinct-1-budget": About("the same of its first 500 words", "0 to 1", _LI),
    "distinct-2-budget": About("the same of its first 500 pairs of words", "0 to 1", _LI),
    "ngram-entropy": About(
        "geometric mean of the entropies of words, pairs and triples of words, in nats",
        "from 0",
        "Jhamtani et al. (2018), ENTR",
    ),
    "unique-texts": About("distinct texts over texts of a system", "0 to 1", _NETE),
    "unique-texts-count": About("distinct texts of a system", "from 1", _NETE),
    "self-bleu": About(
        "BLEU-4 of each text against all others of its system", "0 to 100", "Zhu et al. (2018), Texygen"
    ),
    "bleu-1": About("clipped words shared with the references, over the corpus", "0 to 100", _BLEU),
    "bleu-4": About("clipped n-grams up to four, over the corpus", "0 to 100", _BLEU),
    "bleu-1-family": About("clipped words over the family's tokens", "0 to 100", _FAMILY),
    "bleu-4-family": About("clipped n-grams up to four over the family's tokens", "0 to 100", _FAMILY),
}
