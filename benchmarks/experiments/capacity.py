"""Does a smaller student filter more, as the paper supposes? Four sizes, two rates, both starts.

    python -m benchmarks.experiments.capacity --out DIR

All sizes have the same number of steps; their rates fall with the width and were not tuned. `base` (bart-base's shape)
wants a GPU: a processor takes hours for it.
"""

from collections.abc import Iterable, Sequence

from benchmarks.experiments import chart, command
from benchmarks.experiments.findings import Findings
from benchmarks.experiments.setting import Setting, Size, Start
from benchmarks.experiments.tables import Row, Table

SIZES: tuple[Size, ...] = ("tiny", "small", "medium", "base")
"""The cells of `small` are those of the noise experiment."""
CONDITIONS: tuple[tuple[float, Start], ...] = (
    (0.15, "copying"),
    (0.15, "ordinary"),
    (0.30, "copying"),
    (0.30, "ordinary"),
)


def settings(seeds: Iterable[int]) -> list[Setting]:
    seeds = list(seeds)
    return [
        Setting(seed=seed, rate=rate, size=size, start=start)
        for rate, start in CONDITIONS
        for size in SIZES
        for seed in seeds
    ]


def tables(findings: Findings) -> list[Table]:
    rows: list[Row] = []
    for rate, start in CONDITIONS:
        for size in SIZES:
            setting = Setting(rate=rate, start=start, size=size)
            place = ("student", "once", "all")
            values = findings.values(setting, *place, "strict")
            if not values:
                continue
            cells = [cell for seed in findings.seeds if (cell := findings.cell(setting.but(seed=seed)))]
            rows.append(
                {
                    "start": start,
                    "planted": f"{rate:.0%}",
                    "size": size,
                    "parameters": round(sum(cell["parameters"] for cell in cells) / len(cells)),
                    "worlds": len(values),
                    "teacher invents": findings.mean(setting, "teacher", "all", "hallucinated"),
                    "student invents": findings.mean(setting, *place, "hallucinated"),
                    "difference": findings.difference(
                        setting, (*place, "hallucinated"), ("teacher", "all", "hallucinated")
                    ),
                    "minus small": findings.difference(
                        setting,
                        (*place, "hallucinated"),
                        (*place, "hallucinated"),
                        other=setting.but(size="small"),
                    )
                    if size != "small"
                    else None,
                    "strict": findings.mean(setting, *place, "strict"),
                    "repeats the very lie": findings.mean(setting, "remembered", "same_lie"),
                    "loss": findings.mean(setting, "loss", "own"),
                }
            )
    caption = (
        "Invention by capacity, no film twice; mean over worlds with a 95 % t interval, differences paired by world "
        "(student minus teacher, and this size minus small). The loss is on the teacher's held-out texts, in nats a "
        "token."
    )
    return [Table("capacity", caption, rows)]


def figure(findings: Findings) -> str:
    def line(rate: float, start: Start) -> chart.Series:
        points = [
            findings.mean(
                Setting(rate=rate, start=start, size=size), "student", "once", "all", "hallucinated"
            )
            for size in SIZES
        ]
        return chart.Series(f"{start} start, {rate:.0%} planted", points)

    panels = [
        chart.Panel(
            f"Texts that invent a film: {start} start",
            list(SIZES),
            [line(*one) for one in CONDITIONS if one[1] == start],
            "student",
        )
        for start in ("copying", "ordinary")
    ]
    return chart.shares("Invention by capacity", panels)


def main(argv: Sequence[str] | None = None) -> None:
    arguments = command.parser(__doc__).parse_args(argv)
    findings = command.run(settings(command.seeds(arguments)), arguments)
    command.write(arguments.out, "capacity", tables(findings), figure(findings))


if __name__ == "__main__":
    main()
