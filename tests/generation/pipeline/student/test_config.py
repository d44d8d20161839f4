from dataclasses import fields

import pytest

from generation.pipeline.student.config import BadConfig, StudentConfig


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"d_model": 100, "heads": 3}, "heads=3 does not divide d_model=100"),
        ({"layers": 0}, "layers must be at least 1"),
        ({"pretrained": "x", "title_tokens": True}, "belong to a fresh BART"),
        ({"with_user": False, "user_dropout": 0.1}, "without a user table"),
        ({"user_dropout": 1.0}, "share below 1"),
        ({"vocab_size": 100}, "at least 300"),
        ({"max_prompt_tokens": 600, "max_positions": 512}, "beyond max_positions"),
        ({"learning_rate": 0.0}, "above 0"),
    ],
)
def test_contradictions_are_refused_in_words(changes: dict, words: str) -> None:
    with pytest.raises(BadConfig, match=words):
        StudentConfig(**changes)


def test_a_config_survives_json_and_an_unknown_field_does_not() -> None:
    config = StudentConfig.demo(max_steps=7)
    assert StudentConfig.from_json(config.to_json()) == config
    with pytest.raises(BadConfig, match="unknown student parameters \\['depth'\\]"):
        StudentConfig.from_json({**config.to_json(), "depth": 3})


def test_the_demo_has_an_ablation() -> None:
    assert not StudentConfig.demo(with_user=False, user_dropout=0.0).with_user


def test_the_default_is_the_paper() -> None:
    config = StudentConfig()
    assert (config.with_user, config.user_dropout, config.shuffle_history) == (True, 0.0, False)
    assert len(fields(StudentConfig)) == len(config.to_json())
