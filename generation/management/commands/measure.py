import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table


class Command(BaseCommand):
    help = "Measure explain_cases runs over the same cases: strict share, invented titles, effect of the user vector."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("runs", nargs="+", type=int, help="Ids of explain_cases runs, one a system.")
        parser.add_argument("--seed", type=int, default=0, help="Of the permutation of users.")

    def handle(self, *args: object, **options: Any) -> None:
        from generation.services.measure_explanations import measure_explanations

        try:
            measured = measure_explanations(explain_run_ids=options["runs"], seed=options["seed"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        console = Console(width=None if sys.stdout.isatty() else 110)
        table = Table(
            Column("system", no_wrap=True),
            *COLUMNS,
            box=SIMPLE,
            title=f"{next(iter(measured.shares.values())).n} held-out cases",
        )
        for column in table.columns[1:]:
            column.justify = "right"
        for name, shares in measured.shares.items():
            table.add_row(name, *(f"{getattr(shares, field):.3f}" for field in COLUMNS.values()))
        console.print(table)
        console.print(
            "Shares of texts. strict: the recommended film, two different films that were watched, no film that was "
            "not, genres and directors named and all true. invented title: names a film that is neither. target: "
            "names the recommended film. title twice: names a film more than once, which can hide an invented one."
        )
        if effect := measured.user_effect:
            console.print(
                f"User vector, {measured.n_with_row} cases. The offline teacher praises one thing to each user, say "
                f"the music, that no prompt mentions; {effect.true:.3f} of Prism's texts name the user's own, "
                f"{effect.zero:.3f} with the user zeroed, {effect.permuted:.3f} with another user's vector."
            )


COLUMNS = {
    "strict": "strict",
    "invented title": "hallucinated",
    "2 watched": "two_watched",
    "target": "target",
    "genres right": "genres_right",
    "title twice": "repeated",
}
