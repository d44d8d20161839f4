"""The sentences about the models of all ratings."""

from analysis.report.findings.comparisons import Model
from analysis.report.findings.study import StudyFindings
from analysis.report.words import join, many


def on_models(findings: StudyFindings) -> list[str]:
    """What stood the adjustment, where the variance lies, and which model could not be fitted."""
    names = {criterion.key: criterion.name for criterion in findings.criteria}
    sentences = []
    for kind, label in (("linear mixed", "linear mixed model"), ("cumulative link", "cumulative-link model")):
        own = [model for model in findings.models if model.kind == kind]
        tested = [row for model in own for row in model.contrasts if row.p_holm is not None]
        if tested:
            sure = sum((row.p_holm or 0) < 0.05 for row in tested)
            sentences.append(
                f"In the {label} {sure:,} of {many(len(tested), 'difference')} stayed below 0.05 after Holm's "
                "adjustment."
            )
        sentences += [
            f"{names[model.criterion]}: no {label}, because {model.undefined}."
            for model in own
            if model.undefined
        ]
        sentences += [_without_test(model, names[model.criterion], label) for model in own]
    sentences += [
        _where(model, names[model.criterion]) for model in findings.models if model.kind == "linear mixed"
    ]
    return [sentence for sentence in sentences if sentence]


def _without_test(model: Model, name: str, label: str) -> str:
    """Which differences a model that was fitted says nothing of, and why."""
    reasons = [row.estimate.undefined for row in model.contrasts if row.estimate.undefined]
    if not reasons:
        return ""
    n, of = len(reasons), len(model.contrasts)
    which = (
        "no difference has an" if n == of else f"{n:,} of {of:,} differences {'has' if n == 1 else 'have'} no"
    )
    return f"{name}: {which} estimate in the {label}, because {join(list(dict.fromkeys(reasons)))}."


def _where(model: Model, name: str) -> str:
    parts = [f"{row.share:.0%} {PLACES[row.factor]}" for row in model.variances]
    return f"{name}: beside the systems, of the variance {join(parts)}." if parts else ""


PLACES = {
    "annotator": "lies between annotators",
    "annotator by system": "in what annotators think of single systems",
    "case": "between cases",
    "text": "between texts of one case",
    "rest": "is left over",
}


PLURALS = {
    "annotator": "annotators",
    "annotator by system": "annotators by systems",
    "case": "cases",
    "text": "texts",
}


def fitting(findings: StudyFindings) -> list[str]:
    """What the methods paragraph says of the models that were fitted."""
    sentences = []
    linear = [model for model in findings.models if model.kind == "linear mixed" and model.contrasts]
    if linear:
        factors = [row.factor for row in linear[0].variances if row.factor != "rest"]
        at_random = (
            f"{join([PLURALS[name] for name in factors])} as random factors"
            if factors
            else "no random factor"
        )
        limit = (
            ""
            if "annotator by system" in factors
            else "; it does not allow for annotators who disagree about systems"
        )
        sentences.append(
            f"As a check, a linear mixed model of all ratings with {at_random} is fitted by restricted maximum "
            f"likelihood, contrasts tested with Satterthwaite's degrees of freedom{limit}."
        )
    ordinal = [model for model in findings.models if model.kind == "cumulative link" and model.contrasts]
    if ordinal:
        factor = ordinal[0].variances[0].factor
        sentences.append(
            f"A cumulative-link model takes the ratings as ordered words, with a random deviation of each {factor} "
            "(adaptive Gauss-Hermite quadrature); Holm's adjustment runs over all contrasts of either model."
        )
    return sentences
