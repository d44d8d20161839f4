"""What each stage may be asked for, in one place: forms, REST and commands are all drawn from these fields.

A field's metadata holds what people read: `label`, `help`, `choices` where only some values make sense,
`low` where a form takes numbers below zero, and `advanced` for what it keeps folded away.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from types import ModuleType
from typing import Any, ClassVar, get_type_hints

from generation.models import Stage
from generation.pipeline import prompts, rankers, student, systems, teacher
from generation.pipeline.logs import splits
from generation.pipeline.origins import origin_of
from generation.pipeline.registry import Queue
from generation.pipeline.storable import fault_in, storable
from generation.pipeline.teacher.address import checked_url

ROWS_A_SHARD = 20_000


class BadParameters(ValueError):
    """A parameter that does not exist or cannot be followed; `field` says which."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


def field(default: Any, label: str, help: str = "", **more: Any) -> Any:
    """A dataclass field with what people read; `dict` as default makes an empty one each time."""
    metadata = {"label": label, "help": help, **more}
    if default is dict:
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def _labels(package: ModuleType, registry: str) -> Callable[[], dict[str, str]]:
    """Read when asked for, so that a registry that changes under a test is seen."""
    return lambda: {name: entry.label for name, entry in getattr(package, registry).items()}


def choices_of(one: dataclasses.Field[Any]) -> dict[str, str]:
    """Value -> what people read; empty where anything of the right type may stand."""
    choices = one.metadata.get("choices", {})
    return choices() if callable(choices) else choices


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """What all stages' parameters can do."""

    def n_shards(self, n_expected: int) -> int:
        """How many parts the run has: as many as asked for, else one for every 20,000 rows."""
        return getattr(self, "shards", 1) or max(1, math.ceil(n_expected / ROWS_A_SHARD))

    @property
    def queue(self) -> Queue:
        """Which workers can do it."""
        return "cpu"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def _between(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        if not low <= value <= high:
            got = _number(value) if abs(value) < 1e15 else "a number so large"
            raise BadParameters(name, f"must be from {_number(low)} to {_number(high)}, not {got}")


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,g}"


@dataclass(frozen=True, kw_only=True)
class ImportLog(Parameters):
    """Nothing to choose: the corpus says what its log is."""


@dataclass(frozen=True, kw_only=True)
class SelectCases(Parameters):
    n_cases: int = field(60, "Cases to judge", "How many cases people may be shown.")
    n_train: int = field(6000, "Training cases", "How many the teacher writes for, at most.")
    n_valid: int = field(200, "Validation cases", "How many tell the training when to stop, at most.")
    split: str = field(
        "temporal",
        "Split",
        "What the student may have seen of a judged user.",
        choices=_labels(splits, "SPLITS"),
    )
    ranker: str = field(
        "next-item", "Ranker", "Who picks the item to explain.", choices=_labels(rankers, "RANKERS")
    )
    picks: str = field(
        "", "File of picks", "For the ranker that reads another recommender's picks: its path."
    )
    url: str = field(
        "",
        "Address of a recommender",
        "For the ranker that is asked over HTTP: a URL whose origin this server allows.",
    )
    ranker_options: dict = field(  # noqa: RUF009  the default is made anew
        dict, "Other options of the ranker", 'A JSON object, such as {"factors": 128}.', advanced=True
    )
    min_history: int = field(3, "Shortest history", "Items a user must have met before.", advanced=True)
    max_history: int = field(50, "Longest history", "The newest items of a user's past.", advanced=True)

    @property
    def queue(self) -> Queue:
        return rankers.RANKERS[self.ranker].queue

    def __post_init__(self) -> None:
        self._between("n_cases", 1, 1_000_000)
        self._between("n_train", 0, 10_000_000)
        self._between("n_valid", 0, 1_000_000)
        self._between("min_history", 1, 50)
        self._between("max_history", 1, 50)
        if self.ranker == "csv" and not self.picks:
            raise BadParameters("picks", "this ranker needs the path of the file of picks")
        if self.ranker == "http" and not self.url:
            raise BadParameters("url", "this ranker needs the address of the recommender")
        if self.url:
            try:
                origin_of(self.url)
            except ValueError as problem:
                raise BadParameters("url", str(problem)) from None


@dataclass(frozen=True, kw_only=True)
class DistilTeacher(Parameters):
    teacher: str = field(
        "scripted",
        "Teacher",
        "Who writes what the student learns from.",
        choices=_labels(teacher, "TEACHERS"),
    )
    hallucination_rate: float = field(
        0.0, "Invented titles", "Offline teacher only: the share of texts that name a film never watched."
    )
    path: str = field(
        "", "Model", "For the local teacher: a folder in the server's folder of models, or a name on a hub."
    )
    endpoint: str = field(
        "",
        "Endpoint",
        "For the teacher behind an address: one this server allows, such as http://localhost:8000/v1.",
    )
    endpoint_model: str = field("", "Model at the endpoint", "Its name there, as the endpoint lists it.")
    max_cost: float = field(
        0.0, "Budget in money", "Endpoint only: the run ends, resumable, when it is spent; 0 sets none."
    )
    max_tokens: int = field(
        0,
        "Budget in tokens",
        "Endpoint only: read and written together; 0 sets none. Shards have equal parts of both budgets.",
        advanced=True,
    )
    price_in: float = field(0.0, "Price read", "Of a million tokens of the prompts.", advanced=True)
    price_out: float = field(0.0, "Price written", "Of a million tokens of the texts.", advanced=True)
    by_file: bool = field(
        False,
        "By batch files",
        "Endpoint only: ask nothing; the questions are exported and the answers imported.",
        advanced=True,
    )
    concurrency: int = field(16, "Requests at a time", "Endpoint only, a worker.", advanced=True)
    attempts: int = field(
        6, "Attempts", "Endpoint only: how often a row is asked before it counts as failed.", advanced=True
    )
    timeout: float = field(120.0, "Patience", "Endpoint only: seconds an answer may take.", advanced=True)
    max_error_rate: float = field(
        0.5, "Most errors", "The run fails once more than this share of its rows did.", advanced=True
    )
    revision: str = field(
        "",
        "Revision",
        "Of a hub's model; for an endpoint, any word that says which weights are behind the name.",
        advanced=True,
    )
    dtype: str = field(
        "fp32",
        "Precision",
        "Local model only; bf16 halves the memory.",
        choices={"fp32": "32 bits", "bf16": "bfloat16"},
        advanced=True,
    )
    device_map: str = field(
        "one",
        "Placement",
        "Local model only: auto spreads it over all accelerators and memory; one is a single device.",
        choices={"one": "One device", "auto": "Spread"},
        advanced=True,
    )
    batch_tokens: int = field(
        0, "Tokens a batch", "Local model only, padding included; 0 limits the rows alone.", advanced=True
    )
    context: int = field(
        0,
        "Room for the prompt",
        "Tokens; the oldest titles are dropped until it fits. 0 leaves it to the model; none for endpoints.",
        advanced=True,
    )
    prompt_version: str = field(
        "faithful-v1", "Prompt", "Versioned.", choices=_labels(prompts, "PROMPTS"), advanced=True
    )
    max_new_tokens: int = field(96, "Longest text", "In tokens.", advanced=True)
    temperature: float = field(0.0, "Temperature", "0 always takes the likeliest word.", advanced=True)
    shards: int = field(
        0, "Shards", "Parts that workers may take side by side; 0 lets the size decide.", advanced=True
    )
    options: dict = field(dict, "Other options of the teacher", "A JSON object.", advanced=True)  # noqa: RUF009  the default is made anew

    @property
    def queue(self) -> Queue:
        return teacher.TEACHERS[self.teacher].queue

    def __post_init__(self) -> None:
        self._between("hallucination_rate", 0, 1)
        self._between("max_new_tokens", 8, 1024)
        self._between("temperature", 0, 2)
        self._between("shards", 0, 1000)
        self._between("concurrency", 1, 1024)
        self._between("attempts", 1, 20)
        self._between("timeout", 1, 3600)
        self._between("max_error_rate", 0, 1)
        self._between("batch_tokens", 0, 10_000_000)
        self._between("context", 0, 10_000_000)
        for name in ("max_cost", "price_in", "price_out", "max_tokens"):
            self._between(name, 0, 1e15)
        if self.teacher == "transformers" and not self.path:
            raise BadParameters("path", "the local language model needs the folder it lies in")
        if self.teacher == "endpoint":
            self._check_endpoint()

    def _check_endpoint(self) -> None:
        for name in ("endpoint", "endpoint_model"):
            if not getattr(self, name):
                raise BadParameters(name, "the teacher behind an address needs it")
        try:
            checked_url(self.endpoint)
        except ValueError as refusal:
            raise BadParameters("endpoint", str(refusal)) from None
        if self.max_cost and not self.price_in + self.price_out:
            raise BadParameters("max_cost", "a budget in money needs price_in and price_out")


@dataclass(frozen=True, kw_only=True)
class TrainStudent(Parameters):
    RECIPES: ClassVar[dict[str, str]] = {
        "demo": "Small, from scratch: minutes on one core",
        "paper": "BART-base as in the paper, from a folder",
        "base": "BART-base's size, from random weights: to measure a machine",
    }
    CAPACITIES: ClassVar[dict[str, str]] = {
        "recipe": "As the recipe has it",
        "tiny": "64 wide, 1+1 layers",
        "small": "128 wide, 2+2 layers",
        "medium": "256 wide, 3+3 layers",
        "base": "768 wide, 6+6 layers",
    }
    PRECISIONS: ClassVar[dict[str, str]] = {
        "recipe": "As the recipe has it",
        "auto": "bfloat16 where the processor has it",
        "fp32": "float32",
        "bf16": "bfloat16",
    }

    with_user: bool = field(True, "User vectors", "Off trains the ablation, which never knew its users.")
    recipe: str = field("demo", "Recipe", "Sizes and rates.", choices=RECIPES)
    path: str = field(
        "",
        "Pretrained model",
        "For the paper's recipe: BART-base in the server's folder of models, or its name on a hub.",
    )
    max_seconds: float = field(0.0, "Time limit", "Seconds of processor time; 0 sets none.")
    export: bool = field(
        True,
        "Keep graphs for ONNX Runtime",
        "Off, a fifth less on disk; that engine then draws them each time it opens the student.",
        advanced=True,
    )
    max_epochs: int = field(0, "Epochs", "At most; 0 leaves it to the recipe.", advanced=True)
    max_steps: int = field(0, "Steps", "At most; 0 leaves it to the recipe.", advanced=True)
    capacity: str = field(
        "recipe", "Capacity", "Size of a student from scratch.", choices=CAPACITIES, advanced=True
    )
    batch_size: int = field(0, "Batch", "Pairs a step; 0 leaves it to the recipe.", advanced=True)
    accumulate: int = field(
        1, "Parts of a batch", "Learned one after the other where memory is short.", advanced=True
    )
    processes: int = field(
        0,
        "Processes",
        "That train it side by side on the worker's machine, each its part of every batch; 0 takes one a GPU.",
        advanced=True,
    )
    precision: str = field(
        "recipe", "Precision", "Of the matrix products.", choices=PRECISIONS, advanced=True
    )
    learning_rate: float = field(
        0.0, "Learning rate", "Peak, of the backbone; 0 leaves it to the recipe.", advanced=True
    )
    user_learning_rate: float = field(
        0.0, "Learning rate of users", "Peak, of the user table; 0 leaves it to the recipe.", advanced=True
    )
    user_dropout: float = field(
        -1.0,
        "Hidden users",
        "Share of training pairs whose user is hidden; below 0 leaves it to the recipe.",
        low=-1,
        advanced=True,
    )
    patience: int = field(
        -1,
        "Patience",
        "Looks at the validation loss without a better one before it stops; 0 never stops early, below 0 leaves "
        "it to the recipe.",
        low=-1,
        advanced=True,
    )
    config: dict = field(dict, "Other settings of the student", "A JSON object.", advanced=True)  # noqa: RUF009  the default is made anew

    @property
    def queue(self) -> Queue:
        return "gpu"

    def __post_init__(self) -> None:
        self._between("max_seconds", 0, 10_000_000)
        self._between("max_epochs", 0, 10_000)
        self._between("max_steps", 0, 100_000_000)
        self._between("batch_size", 0, 100_000)
        self._between("accumulate", 1, 10_000)
        self._between("processes", 0, 64)
        self._between("learning_rate", 0, 10)
        self._between("user_learning_rate", 0, 10)
        self._between("user_dropout", -1, 0.99)
        self._between("patience", -1, 10_000)
        if self.capacity != "recipe" and self.recipe == "paper":
            raise BadParameters("capacity", "a pretrained model has its own size: leave it to the recipe")
        if self.recipe == "paper" and not self.path:
            raise BadParameters("path", "the paper's recipe needs the folder of BART-base")


@dataclass(frozen=True, kw_only=True)
class ExplainCases(Parameters):
    system: str = field("prism", "System", "Who explains the cases.", choices=_labels(systems, "SYSTEMS"))
    hallucination_rate: float = field(
        0.0, "Invented titles", "Offline teacher only: the share of texts that name a film never watched."
    )
    path: str = field(
        "",
        "Model",
        "For the local teacher and the untuned student: a folder in the server's folder of models, or a name on a hub.",
    )
    engine: str = field(
        "torch",
        "Engine",
        "What runs a trained student. 8 bits change some texts: measure them before a study.",
        choices=_labels(student, "ENGINES"),
        advanced=True,
    )
    shards: int = field(
        0, "Shards", "Parts that workers may take side by side; 0 lets the size decide.", advanced=True
    )
    options: dict = field(dict, "Other options of the system", "A JSON object.", advanced=True)  # noqa: RUF009  the default is made anew

    @property
    def queue(self) -> Queue:
        return systems.SYSTEMS[self.system].queue

    def __post_init__(self) -> None:
        self._between("hallucination_rate", 0, 1)
        self._between("shards", 0, 1000)
        if self.system in NAMED_BY_PATH and not self.path:
            raise BadParameters(
                "path", f"the {NAMED_BY_PATH[self.system]} needs the folder its model lies in"
            )


NAMED_BY_PATH = {"local-teacher": "local teacher", "student-zeroshot": "untuned student"}
"""Systems that are a model on this machine, in the words of an error."""

PARAMETERS: dict[str, type[Parameters]] = {
    Stage.IMPORT_LOG: ImportLog,
    Stage.SELECT_CASES: SelectCases,
    Stage.DISTIL_TEACHER: DistilTeacher,
    Stage.TRAIN_STUDENT: TrainStudent,
    Stage.EXPLAIN_CASES: ExplainCases,
}


def read_parameters(stage: str, values: Mapping[str, Any]) -> Parameters:
    """The stage's parameters out of JSON values; what is not named takes its default.

    Raises:
        BadParameters: the stage or a parameter is unknown, of another type or out of range; names the field.
    """
    if stage not in PARAMETERS:
        raise BadParameters("stage", _unknown("stage", stage, PARAMETERS))
    kind = PARAMETERS[stage]
    known = {one.name: one for one in dataclasses.fields(kind)}
    types = get_type_hints(kind)
    for name, value in values.items():
        _check_storable(name, value)
        if name not in known:
            raise BadParameters(name, _unknown(f"parameter of {stage}", name, known))
    return kind(**{name: _read(known[name], types[name], value) for name, value in values.items()})


def _check_storable(name: str, value: Any) -> None:
    try:
        fault = fault_in(value) or fault_in(name)
    except RecursionError:
        raise BadParameters(name, "is nested too deeply") from None
    if fault:
        raise BadParameters(storable(name), f"holds {fault}; take it out")


def queue_of(stage: str, parameters: Mapping[str, Any]) -> Queue:
    """Which workers can do a run of these; a run whose parameters nobody knows any more fails anywhere."""
    try:
        return read_parameters(stage, parameters).queue
    except (BadParameters, KeyError):
        return "cpu"


def _read(one: dataclasses.Field[Any], kind: type, value: Any) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            value = float(value)
        except OverflowError:
            raise BadParameters(one.name, "is a number too large") from None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        words = {
            int: "a whole number",
            float: "a number",
            bool: "true or false",
            str: "text",
            dict: "an object",
        }
        raise BadParameters(one.name, f"must be {words[kind]}, not {value!r}")
    choices = choices_of(one)
    if choices and value not in choices:
        raise BadParameters(one.name, _unknown("choice", value, choices))
    return value


def _unknown(what: str, name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(str(name), list(known), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown {what} {name!r}.{hint} Known: {', '.join(known) or 'none'}."
