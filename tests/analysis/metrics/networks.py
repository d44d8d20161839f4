"""An encoder and a model of inference small enough for a test, random and seeded, saved to disk."""

from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification, BertModel

from tests.generation.pipeline.tiny import tokenizer

SMALL = {
    "vocab_size": 500,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
    "pad_token_id": 1,
}


def save_bert(folder: Path) -> Path:
    return _save(folder, BertModel, BertConfig(**SMALL))


def save_inference(
    folder: Path, labels: tuple[str, ...] = ("CONTRADICTION", "NEUTRAL", "ENTAILMENT")
) -> Path:
    config = BertConfig(**SMALL, num_labels=len(labels))
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: number for number, label in enumerate(labels)}
    return _save(folder, BertForSequenceClassification, config)


def _save(folder: Path, kind: type, config: BertConfig) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = kind(config)
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    own = tokenizer()
    own.cls_token, own.sep_token = "<s>", "</s>"
    own.model_max_length = 64
    own.save_pretrained(folder)
    return folder
