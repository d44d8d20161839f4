"""What does the user vector do? The full student, one retrained without, the full one with zeroed and permuted users.

    python -m benchmarks.experiments.user_ablation --out DIR

The paper's ablation (6.4.2) retrains without. Zeroed and permuted ask the full student itself: if the vector carries
nothing, other people's rows change nothing. What a user likes to hear about (one aspect of six) stands in no prompt.
"""

from collections.abc import Iterable, Sequence

from benchmarks.experiments import chart, command
from benchmarks.experiments.findings import Findings
from benchmarks.experiments.setting import Setting
from benchmarks.experiments.tables import Cell, Row, Table

FULL = Setting()
WITHOUT = Setting(with_user=False, user_dropout=0.0)
CONDITIONS = {
    "full": (FULL, "once", "own"),
    "retrained without": (WITHOUT, "once", "own"),
    "zeroed": (FULL, "zeroed", "zeroed"),
    "permuted": (FULL, "permuted", "permuted"),
}
"""Name -> the student, the texts and the loss it is judged by; all with no film twice."""


def settings(seeds: Iterable[int]) -> list[Setting]:
    """Zeroed and permuted are measured on the full student; only `without` is trained anew."""
    return [setting.but(seed=seed) for seed in seeds for setting in (FULL, WITHOUT)]


def tables(findings: Findings) -> list[Table]:
    rows: list[Row] = []
    for name, (setting, texts, loss) in CONDITIONS.items():
        place = ("student", texts, "all")
        rows.append(
            {
                "condition": name,
                "worlds": len(findings.values(setting, *place, "strict")),
                "user's aspect named": findings.mean(setting, *place, "aspect"),
                "strict": findings.mean(setting, *place, "strict"),
                "invents": findings.mean(setting, *place, "hallucinated"),
                "loss on the teacher's texts": findings.mean(setting, "loss", loss),
                "texts changed": findings.mean(setting, *place, "changed") if setting == FULL else None,
                **({} if name == "full" else _minus_full(findings, setting, texts, loss)),
            }
        )
    caption = (
        "The user vector, by what is taken away; 15 % planted lies, copying start, no film twice. Mean over worlds "
        "with a 95 % t interval, differences paired by world. The loss is in nats a token."
    )
    return [Table("user_ablation", caption, rows)]


def _minus_full(findings: Findings, setting: Setting, texts: str, loss: str) -> Row:
    found: dict[str, Cell] = {
        f"{name}, minus full": findings.difference(
            setting, ("student", texts, "all", measure), ("student", "once", "all", measure), other=FULL
        )
        for name, measure in (("strict", "strict"), ("invents", "hallucinated"))
    }
    return {
        **found,
        "loss, minus full": findings.difference(setting, ("loss", loss), ("loss", "own"), other=FULL),
    }


def figure(findings: Findings) -> str:
    def line(label: str, measure: str) -> chart.Series:
        points = [
            findings.mean(setting, "student", texts, "all", measure)
            for setting, texts, _ in CONDITIONS.values()
        ]
        return chart.Series(label, points)

    series = [
        line("the user's own aspect is named", "aspect"),
        line("strictly faithful", "strict"),
        line("invents a film", "hallucinated"),
    ]
    panel = chart.Panel(
        "Share of texts", list(CONDITIONS), series, "what became of the user vector", joined=False
    )
    return chart.shares("What the user vector does", [panel])


def main(argv: Sequence[str] | None = None) -> None:
    arguments = command.parser(__doc__).parse_args(argv)
    findings = command.run(settings(command.seeds(arguments)), arguments)
    command.write(arguments.out, "user_ablation", tables(findings), figure(findings))


if __name__ == "__main__":
    main()
