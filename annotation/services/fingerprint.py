import hashlib
import json

from annotation.models.card import Block, CalibrationGold, Card, Slot
from annotation.models.study import Criterion, Guidelines, Study


def fingerprint(study_id: int) -> str:
    """sha256 over everything that opening freezes: plan, seed, questions, gold, cases, texts and the dealt
    seats."""
    study = Study.objects.get(pk=study_id)
    tokens = dict(Card.objects.filter(study=study).values_list("pk", "token"))
    columns = (
        "design",
        "k",
        "n_annotators",
        "n_systems",
        "gap",
        "seed",
        "lease_hours",
        "gate_rule",
        "consent",
        "plan",
    )
    criteria = ("key", "name", "definition", "question", "labels", "examples", "position")
    frozen = {
        "study": {
            name: getattr(study, name) for name in (*columns, "title", "description", "language", "simulated")
        },
        "criteria": list(Criterion.objects.filter(study=study).values_list(*criteria)),
        "guidelines": list(Guidelines.objects.filter(study=study, version=1).values_list("text", flat=True)),
        "blocks": list(Block.objects.filter(study=study).values_list("kind", "number", "history", "item")),
        "cards": sorted(
            [token, kind, number, hashlib.sha256(text.encode()).hexdigest()]
            for token, kind, number, text in Card.objects.filter(study=study).values_list(
                "token", "block__kind", "block__number", "explanation"
            )
        ),
        "gold": sorted(
            CalibrationGold.objects.filter(card__study=study).values_list(
                "card__token", "criterion__key", "value", "rationale"
            )
        ),
        "slots": sorted(
            [seat, block, rater, [tokens[card] for card in order], *([] if place is None else [place])]
            for seat, block, rater, order, place in Slot.objects.filter(seat__study=study).values_list(
                "seat__index", "block__number", "rater", "order", "place"
            )
        ),
    }
    return hashlib.sha256(json.dumps(frozen, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
