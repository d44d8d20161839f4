"""What is left where little or nothing is known of a user? By length of history, for known and unknown users.

    python -m benchmarks.experiments.cold_start --out DIR

The paper (4.4) says that with an unknown user the student degrades gracefully into a content-based explainer. Asked
three ways: users never trained on; known users whose row is zeroed, the same cases; each with and without user dropout,
which shows the unknown user to the student in training.
"""

from collections.abc import Iterable, Sequence

from benchmarks.experiments import chart, command
from benchmarks.experiments.findings import Findings
from benchmarks.experiments.setting import Setting
from benchmarks.experiments.tables import Row, Table
from benchmarks.experiments.worlds import BUCKETS

DROPOUTS = (0.1, 0.0)
N_USERS = 400
"""Known ones, a hundred a bucket; as many unknown ones are tested."""
STEPS = 1200
"""More than the demo's: prompts of one to fifty titles are harder than prompts of eight."""
LENGTHS = [f"{low}-{high}" for low, high in BUCKETS]
GROUPS = {"known": "once", "known, row zeroed": "zeroed", "unknown": "once"}
"""Who -> the texts they are judged by."""


def setting_of(dropout: float) -> Setting:
    return Setting(histories="any", n_users=N_USERS, steps=STEPS, user_dropout=dropout)


def settings(seeds: Iterable[int]) -> list[Setting]:
    return [setting_of(dropout).but(seed=seed) for seed in seeds for dropout in DROPOUTS]


def tables(findings: Findings) -> list[Table]:
    rows: list[Row] = []
    for dropout in DROPOUTS:
        setting = setting_of(dropout)
        for who, texts in GROUPS.items():
            for length in LENGTHS:
                group = f"{who.split(',')[0]} {length}"
                place = ("student", texts, group)
                if not (values := findings.values(setting, *place, "strict")):
                    continue
                rows.append(
                    {
                        "user dropout": f"{dropout:.1f}",
                        "user": who,
                        "films": length.replace("-", " to "),
                        "worlds": len(values),
                        "strict, teacher": findings.mean(setting, "teacher", group, "strict"),
                        "strict": findings.mean(setting, *place, "strict"),
                        "invents": findings.mean(setting, *place, "hallucinated"),
                        "right film named": findings.mean(setting, *place, "target"),
                        "user's aspect named": findings.mean(setting, *place, "aspect")
                        if who == "known"
                        else None,
                        "strict, minus own row": findings.difference(
                            setting, (*place, "strict"), ("student", "once", group, "strict")
                        )
                        if who == "known, row zeroed"
                        else None,
                        "has a row": findings.mean(setting, *place, "with_a_row") if who == "known" else None,
                    }
                )
    caption = (
        "By films of history; 15 % planted lies, copying start, no film twice. Strict over cases with two films or "
        "more; "
        "a user of one film has no training pair and so no row. Mean over worlds with a 95 % t interval."
    )
    return [Table("cold_start", caption, rows)]


def figure(findings: Findings) -> str:
    def panel(heading: str, measure: str) -> chart.Panel:
        series = [
            chart.Series(
                f"{who}, user dropout {dropout:.1f}",
                [
                    findings.mean(
                        setting_of(dropout), "student", texts, f"{who.split(',')[0]} {length}", measure
                    )
                    for length in LENGTHS
                ],
            )
            for dropout in DROPOUTS
            for who, texts in GROUPS.items()
        ]
        return chart.Panel(
            heading, [length.replace("-", " to ") for length in LENGTHS], series, "films of history"
        )

    return chart.shares(
        "What is left for new users",
        [panel("Strictly faithful texts", "strict"), panel("Texts that invent a film", "hallucinated")],
    )


def main(argv: Sequence[str] | None = None) -> None:
    arguments = command.parser(__doc__).parse_args(argv)
    findings = command.run(settings(command.seeds(arguments)), arguments)
    command.write(arguments.out, "cold_start", tables(findings), figure(findings))


if __name__ == "__main__":
    main()
