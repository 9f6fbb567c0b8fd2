"""What `emoji` reads: a byte-pair tokenizer made of the captions, and captions that are worded anew each time."""

import random
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from torch import Tensor

from models.train.emoji_data import FLAT, SOLID, TONES, Subject

LENGTH = 20
PAD, BEGIN, END, UNKNOWN = 0, 1, 2, 3
VOCABULARY = 3200


def make_tokenizer(subjects: list[Subject]) -> Tokenizer:
    """Learns merges from the captions that are not held out."""
    tokenizer = Tokenizer(BPE(unk_token="<unknown>", end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    # Words, digits one by one; the rest is not read.
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\p{L}]+|[\p{N}]"), "removed", invert=True)
    trainer = BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<pad>", "<begin>", "<end>", "<unknown>"],
        end_of_word_suffix="</w>",
        initial_alphabet=list("abcdefghijklmnopqrstuvwxyz0123456789"),
        limit_alphabet=60,
        show_progress=False,
    )
    lines = [" ".join([subject.name, *subject.words]) for subject in subjects if not subject.held_out]
    tokenizer.train_from_iterator(lines + [f"{tone} skin tone" for tone in TONES] + [FLAT, SOLID], trainer)
    return tokenizer


def load_tokenizer(file: Path, subjects: list[Subject]) -> Tokenizer:
    """Reads the tokenizer, after making it if there is none yet: ids must stay what they were when a training goes on."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        make_tokenizer(subjects).save(str(file))
    return Tokenizer.from_file(str(file))


def framed(ids: list[int]) -> list[int]:
    """As the manifest has it: begin, what fits of the text, end, padding."""
    whole = [BEGIN, *ids[: LENGTH - 2], END]
    return whole + [PAD] * (LENGTH - len(whole))


def caption(subject: Subject, style: str = FLAT) -> str:
    """All that is said of a picture. The style comes first, since what does not fit is cut off at the end."""
    return ", ".join([*([style] if style != FLAT else []), subject.name, *subject.words])


@dataclass(frozen=True)
class Draw:
    """Picture places [B] and token ids [B, LENGTH]."""

    places: Tensor
    ids: Tensor


class Captions:
    """Draws a picture of each subject and a wording for it: any subset of its words, mostly with its name."""

    HIDDEN = 0.12
    """Share that says nothing, so that one network also learns to draw anything at all."""
    NAMED = 0.85
    NAME_ONLY = 0.3
    TONED = 0.5
    SOLID = 0.5
    """Share in the second style, whose word is always said."""
    FLAT_SAID = 0.3

    def __init__(self, subjects: list[Subject], tokenizer: Tokenizer):
        def ids(text: str) -> list[int]:
            return tokenizer.encode(text, add_special_tokens=False).ids

        self.subjects = subjects
        self.names = [ids(subject.name) for subject in subjects]
        self.words = [[ids(word) for word in subject.words] for subject in subjects]
        self.tones = {tone: ids(f"{tone} skin tone") for tone in TONES}
        self.styles = {style: ids(style) for style in (FLAT, SOLID)}

    def draw(self, batch: Tensor, randomness: torch.Generator) -> Draw:
        # Words are no tensors: to draw them where the tensors are would be slow.
        chance = random.Random(randomness.initial_seed())
        places, ids = [], []
        for index in batch.tolist():
            subject = self.subjects[index]
            style = SOLID if SOLID in subject.pictures and chance.random() < self.SOLID else FLAT
            toned = [tone for tone in subject.pictures[style] if tone]
            tone = chance.choice(toned) if toned and chance.random() < self.TONED else ""
            places.append(subject.pictures[style][tone])
            ids.append(framed([] if chance.random() < self.HIDDEN else self._said(index, style, tone, chance)))
        return Draw(torch.tensor(places), torch.tensor(ids))

    def _said(self, index: int, style: str, tone: str, chance: random.Random) -> list[int]:
        kept = []
        if chance.random() >= self.NAME_ONLY:
            share = chance.random()
            kept = [word for word in self.words[index] if chance.random() < share]
            chance.shuffle(kept)
        if not kept or chance.random() < self.NAMED:
            kept.insert(0 if chance.random() < 0.5 else chance.randint(0, len(kept)), self.names[index])
        if tone:
            # Always said: a picture whose tone nobody asked for is the yellow one.
            kept.insert(min(1, len(kept)), self.tones[tone])
        said = [number for piece in kept for number in piece]
        if style == SOLID or chance.random() < self.FLAT_SAID:
            word = self.styles[style]
            # In front or at the end, but never cut off.
            said = word + said if chance.random() < 0.5 else said[: LENGTH - 2 - len(word)] + word
        return said
