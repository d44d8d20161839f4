"""Networks small enough for a test, random and seeded, saved to disk with tokenizers trained on the spot."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from generation.pipeline import prompts
from generation.pipeline.student.tokenizer import SPECIAL
from tests.generation.pipeline.films import cases

CHAT = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def tokenizer() -> PreTrainedTokenizerFast:
    """A byte BPE with BART's special tokens."""
    backend = Tokenizer(models.BPE(unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator([prompts.render(one).text for one in cases(30)], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        mask_token="<mask>",
    )


def save_t5(folder: Path) -> Path:
    config = T5Config(
        vocab_size=500,
        d_model=16,
        d_kv=8,
        d_ff=32,
        num_layers=1,
        num_heads=2,
        pad_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
    )
    return _save(folder, T5ForConditionalGeneration, config)


def save_gpt2(folder: Path) -> Path:
    config = GPT2Config(
        vocab_size=500, n_embd=16, n_layer=1, n_head=2, n_positions=512, bos_token_id=0, eos_token_id=2
    )
    return _save(folder, GPT2LMHeadModel, config)


def save_llama(folder: Path) -> Path:
    """With a chat template."""
    config = LlamaConfig(
        vocab_size=500,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=2,
    )
    return _save(folder, LlamaForCausalLM, config, chat=CHAT)


def save_bart(folder: Path) -> Path:
    config = BartConfig(
        vocab_size=500,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=256,
        forced_eos_token_id=2,
    )
    return _save(folder, BartForConditionalGeneration, config)


def _save(folder: Path, kind: type, config: object, chat: str | None = None) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = kind(config)
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.3)  # loud weights: otherwise all prompts look alike
    model.save_pretrained(folder)
    own = tokenizer()
    own.chat_template = chat
    own.save_pretrained(folder)
    return folder
