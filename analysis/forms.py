"""What a request for Table 3 may ask, on the page and over REST alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from analysis import queries
from analysis.report.table3 import NoTable, Table3, metrics_to_choose, table3

MAX_REPORTS = 20


@dataclass(frozen=True, slots=True)
class Table3Query:
    """Reports in the order of the table, their names as data sets, and the metrics to show."""

    reports: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()

    @classmethod
    def of(cls, asked: QueryDict) -> "Table3Query":
        """Read `report`, `name-ID` and `metric`, each as often as it stands there.

        Raises:
            NoTable: a report is no number, or there are too many.
        """
        reports = list(dict.fromkeys(asked.getlist("report")))
        if strange := [
            text for text in reports if not (text.isascii() and text.isdigit() and len(text) < 19)
        ]:
            raise NoTable(f"A report goes by its number, not {strange[0]!r}.")
        if len(reports) > MAX_REPORTS:
            raise NoTable(f"A table takes at most {MAX_REPORTS} reports, not {len(reports)}.")
        names = tuple(asked.get(f"name-{report}", "")[:80] for report in reports)
        return cls(tuple(int(report) for report in reports), names, tuple(asked.getlist("metric")))

    def table(self) -> Table3:
        """Build it.

        Raises:
            NoTable: the reports cannot stand in one table, or a metric is unknown.
        """
        return table3(queries.parts(self.reports, self.names), self.metrics)

    def metrics_to_choose(self) -> Sequence[tuple[str, str]]:
        """Name and label of every metric of the reports that exist."""
        there = [report for report in self.reports if queries.findings(report)]
        return [(metric.name, metric.label) for metric in metrics_to_choose(queries.parts(there))]
