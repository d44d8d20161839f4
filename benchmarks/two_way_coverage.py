"""How often intervals of a difference hold the truth, when annotators differ in what they think of the systems.

Studies are made up with a known difference, on a wide scale so that its ends cut nothing off. Each is given the t
interval over cases, the bootstrap over cases and annotators, and the interval of the linear mixed model, and it is
counted how often each holds the true difference; 95% were promised. `taste` is the standard deviation of what an
annotator adds to one system alone, beside a rest of 1.

Run: python -m benchmarks.two_way_coverage [n_studies]
"""

import sys
import time

import numpy as np
import pandas as pd

from analysis.stats.estimates import Interval
from analysis.stats.mixed import Contrast, MixedModel, mixed_model
from analysis.stats.ratings import RatingTable
from analysis.stats.significance import pair, paired_t
from analysis.stats.two_way import TwoWay, two_way

TRUTH = 0.5
DESIGNS = ((40, 10, 5, 0.0), (40, 10, 5, 0.5), (40, 10, 5, 1.0), (60, 20, 3, 0.5), (40, 30, 30, 0.5))
"""Cases, annotators, annotators a case, taste."""


def study(n_cases: int, n_annotators: int, k: int, taste: float, rng: np.random.Generator) -> RatingTable:
    """k annotators a case rate both systems of it; severity, cases and texts have a standard deviation of .5."""
    person, severe = rng.normal(0, taste, (n_annotators, 2)), rng.normal(0, 0.5, n_annotators)
    case_level, text = rng.normal(0, 0.5, n_cases), rng.normal(0, 0.5, (n_cases, 2))
    rows = [
        (
            f"A{annotator}",
            f"c{case}",
            "ab"[system],
            "clear",
            round(
                TRUTH * system + severe[annotator] + person[annotator, system] + case_level[case] + text[case, system]
                + rng.normal()
            ),
        )
        for case in range(n_cases)
        for annotator in rng.choice(n_annotators, k, replace=False)
        for system in (0, 1)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["annotator", "case", "system", "criterion", "value"])
    return RatingTable.from_frame(frame, levels=range(-20, 21))


def main(n_studies: int) -> None:
    print(f"{n_studies:,} studies a row, 500 resamples each; share that holds {TRUTH}, and mean width")
    print("cases annotators k taste | over cases | cases and annotators | mixed model | widths | ms a study")
    for design in DESIGNS:
        inside, width, started = np.zeros(3), np.zeros(3), time.process_time()
        for number in range(n_studies):
            rng = np.random.default_rng([*(int(10 * part) for part in design), number])
            table = study(*design, rng)
            alone = pair(table, "clear", "b", "a")
            drawn = two_way(table, "clear", rng=rng, n_resamples=500)
            places = table.systems.index("b"), table.systems.index("a")
            model = mixed_model(
                np.asarray(table.levels, dtype=np.float64)[table.point],
                system=table.system,
                case=table.case,
                annotator=table.annotator,
                n_systems=2,
            )
            assert isinstance(drawn, TwoWay)
            assert isinstance(model, MixedModel)
            contrast = model.contrast(*places)
            assert isinstance(contrast, Contrast)
            found = (
                paired_t(alone.values_a, alone.values_b).interval,
                drawn.interval(*places),
                contrast.interval,
            )
            for place, interval in enumerate(found):
                assert isinstance(interval, Interval)
                inside[place] += TRUTH in interval
                width[place] += interval.high - interval.low
        share, wide = inside / n_studies, width / n_studies
        cost = (time.process_time() - started) / n_studies * 1000
        cases, people, k, taste = design
        print(
            f"{cases:5} {people:10} {k} {taste:5} | {share[0]:10.1%} | {share[1]:20.1%} | "
            f"{share[2]:11.1%} | {wide[0]:.2f} {wide[1]:.2f} {wide[2]:.2f} | {cost:.0f}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
