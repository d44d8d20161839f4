"""Does a student filter its teacher's lies? Planted rates of 0, 5, 15 and 30 %, with what helps and without.

    python -m benchmarks.experiments.noise_filter --out DIR

The paper (6.3, 6.4) reports that its student corrects or ignores what its teacher invents, and supposes that limited
capacity does it. Here every lie is planted, so it can be counted: on held-out cases, and, once more, on the training
cases whose lies the student was taught.
"""

from collections.abc import Iterable, Sequence

from benchmarks.experiments import chart, command
from benchmarks.experiments.estimates import Estimate, over_worlds, slope
from benchmarks.experiments.findings import Findings
from benchmarks.experiments.setting import Setting, Start
from benchmarks.experiments.tables import Row, Table

RATES = (0.0, 0.05, 0.15, 0.30)
STARTS: tuple[Start, ...] = ("copying", "ordinary")
LONGER = 3200
"""Four times the demo's steps: is a student that invents only one that has not learned long enough?"""
DECODINGS = {"once": "no film twice", "greedy": "greedy"}
INVENTED = "hallucinated"
LEARNED = 0.9
"""A student that names the recommended film in fewer texts than this has not learned the task, and its inventions say
nothing about filtering. Chosen after the first grid was seen: students there were above .98 or below .18."""


def settings(seeds: Iterable[int]) -> list[Setting]:
    """The rates that matter most first, so that a budget that ends early leaves whole seeds."""
    seeds = list(seeds)
    return [
        Setting(seed=seed, rate=rate, start=start)
        for rate in (0.15, 0.30, 0.0, 0.05)
        for seed in seeds
        for start in STARTS
    ]


def longer(seeds: Iterable[int]) -> list[Setting]:
    return [
        Setting(seed=seed, rate=rate, start=start, steps=LONGER)
        for rate in (0.15, 0.30)
        for seed in seeds
        for start in ("ordinary", "copying")
    ]


def tables(findings: Findings) -> list[Table]:
    steps = (Setting().steps, LONGER)
    rows: list[Row] = [
        row
        for start in STARTS
        for n_steps in steps
        for rate in RATES
        for decoding in DECODINGS
        if (row := _row(findings, Setting(start=start, rate=rate, steps=n_steps), decoding)) is not None
    ]
    passed: list[Row] = [
        {"start": start, "decoding": DECODINGS[decoding], "passed on": estimate}
        for start in STARTS
        for decoding in DECODINGS
        if (estimate := passed_on(findings, start, decoding)) is not None
    ]
    return [
        Table(
            "noise_filter",
            "Share of held-out texts that name a film outside the case; mean over worlds with a 95 % t interval. "
            "The difference is student minus teacher, paired by world: below 0 the student filters.",
            rows,
        ),
        Table(
            "noise_filter_passed_on",
            "How many more texts a student invents for each text more its teacher does: the slope over the four rates "
            "of one world, mean over worlds with a 95 % t interval. 0 filters everything that was planted, 1 nothing.",
            passed,
        ),
        Table(
            "noise_filter_learned",
            f"The worlds whose student names the recommended film in {LEARNED:.0%} of its texts or more (no film "
            "twice), and what it invents there; the threshold was set after the figures were seen.",
            [
                row
                for start in STARTS
                for n_steps in steps
                for rate in RATES
                if (row := _learned(findings, Setting(start=start, rate=rate, steps=n_steps))) is not None
            ],
        ),
    ]


def _row(findings: Findings, setting: Setting, decoding: str) -> Row | None:
    place = ("student", decoding, "all")
    invented = findings.mean(setting, *place, INVENTED)
    if invented is None:
        return None
    return {
        "start": setting.start,
        "steps": setting.steps,
        "planted": f"{setting.rate:.0%}",
        "decoding": DECODINGS[decoding],
        "worlds": invented.n,
        "teacher invents": findings.mean(setting, "teacher", "all", INVENTED),
        "student invents": invented,
        "difference": findings.difference(setting, (*place, INVENTED), ("teacher", "all", INVENTED)),
        "strict, student": findings.mean(setting, *place, "strict"),
        "strict, teacher": findings.mean(setting, "teacher", "all", "strict"),
        "names a film twice": findings.mean(setting, *place, "repeated"),
        **({} if decoding == "greedy" else _remembered(findings, setting)),
    }


def _learned(findings: Findings, setting: Setting) -> Row | None:
    right = findings.values(setting, "student", "once", "all", "target")
    if not right:
        return None
    invented = findings.values(setting, "student", "once", "all", INVENTED)
    lies = findings.values(setting, "teacher", "all", INVENTED)
    chosen = [seed for seed, share in right.items() if share >= LEARNED]
    return {
        "start": setting.start,
        "steps": setting.steps,
        "planted": f"{setting.rate:.0%}",
        "worlds": len(right),
        "of these learned": len(chosen),
        "teacher invents there": over_worlds([lies[seed] for seed in chosen]),
        "student invents there": over_worlds([invented[seed] for seed in chosen]),
        "least": min((invented[seed] for seed in chosen), default=None),
        "most": max((invented[seed] for seed in chosen), default=None),
    }


def _remembered(findings: Findings, setting: Setting) -> Row:
    """On training cases, asked again with no film twice."""
    return {
        "invents on training cases": findings.mean(setting, "remembered", "invented"),
        "repeats the very lie": findings.mean(setting, "remembered", "same_lie"),
    }


def passed_on(findings: Findings, start: Start, decoding: str) -> Estimate | None:
    """The slope of the student's invention on its teacher's, in worlds where all four rates were run."""
    lies = [findings.values(Setting(start=start, rate=rate), "teacher", "all", INVENTED) for rate in RATES]
    own = [
        findings.values(Setting(start=start, rate=rate), "student", decoding, "all", INVENTED)
        for rate in RATES
    ]
    slopes = [
        slope([at[seed] for at in lies], [at[seed] for at in own])
        for seed in findings.seeds
        if all(seed in at for at in (*lies, *own))
    ]
    return over_worlds([value for value in slopes if value is not None])


def figure(findings: Findings) -> str:
    def line(label: str, start: Start, *place: str, yardstick: bool = False) -> chart.Series:
        points = [findings.mean(Setting(start=start, rate=rate), *place) for rate in RATES]
        return chart.Series(label, points, yardstick)

    def panel(heading: str, measure: str, starts: Sequence[Start]) -> chart.Panel:
        series = [line("teacher", "copying", "teacher", "all", measure, yardstick=True)]
        for start in starts:
            series += [
                line(f"{start} start, {words}", start, "student", decoding, "all", measure)
                for decoding, words in DECODINGS.items()
            ]
        return chart.Panel(
            heading, [f"{rate:.0%}" for rate in RATES], series, "planted in the teacher's texts"
        )

    return chart.shares(
        "What a student makes of its teacher's lies",
        [
            panel("Texts that invent a film: copying start", INVENTED, ("copying",)),
            panel("Texts that invent a film: both starts", INVENTED, STARTS),
            panel("Strictly faithful texts", "strict", STARTS),
        ],
    )


def main(argv: Sequence[str] | None = None) -> None:
    arguments = command.parser(__doc__).parse_args(argv)
    seeds = command.seeds(arguments)
    findings = command.run([*settings(seeds), *longer(seeds)], arguments)
    command.write(arguments.out, "noise_filter", tables(findings), figure(findings))


if __name__ == "__main__":
    main()
