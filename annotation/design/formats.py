"""The files that ratings leave in."""

from typing import Literal

ExportFormat = Literal["csv", "jsonl", "parquet"]

CONTENT_TYPES: dict[ExportFormat, str] = {
    "csv": "text/csv",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
}
