"""What `emoji` reads: a byte-pair tokenizer made of the captions, and captions that are worded anew each time."""

from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from torch import Tensor

from models.train.emoji_data import TONES, Subject

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
    tokenizer.train_from_iterator(lines + [f"{tone} skin tone" for tone in TONES], trainer)
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


def caption(subject: Subject, tone: str = "") -> str:
    """All that is said of a picture."""
    said = f"{subject.name} {tone} skin tone" if tone else subject.name
    return ", ".join([said, *subject.words])


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

    def __init__(self, subjects: list[Subject], tokenizer: Tokenizer):
        def ids(text: str) -> list[int]:
            return tokenizer.encode(text, add_special_tokens=False).ids

        self.subjects = subjects
        self.names = [ids(subject.name) for subject in subjects]
        self.words = [[ids(word) for word in subject.words] for subject in subjects]
        self.tones = {tone: ids(f"{tone} skin tone") for tone in TONES}

    def draw(self, batch: Tensor, randomness: torch.Generator) -> Draw:
        places, ids = [], []
        for index in batch.tolist():
            chance = torch.rand(6, generator=randomness).tolist()
            subject, words = self.subjects[index], self.words[index]
            tone = self._tone(subject, chance[0], chance[1])
            places.append(subject.pictures[tone])
            ids.append(framed([] if chance[2] < self.HIDDEN else self._said(index, tone, words, chance[3:], randomness)))
        return Draw(torch.tensor(places), torch.tensor(ids))

    def _tone(self, subject: Subject, toned: float, which: float) -> str:
        tones = [tone for tone in subject.pictures if tone]
        return tones[int(which * len(tones))] if tones and toned < self.TONED else ""

    def _said(self, index: int, tone: str, words: list, chance: list[float], randomness: torch.Generator) -> list[int]:
        named, alone, share = chance
        kept = [] if alone < self.NAME_ONLY else [
            words[i] for i in torch.randperm(len(words), generator=randomness).tolist()
            if torch.rand(1, generator=randomness).item() < share
        ]
        if named < self.NAMED or not kept:
            kept.insert(int(torch.randint(len(kept) + 1, (1,), generator=randomness)) if named < 0.4 else 0, self.names[index])
        if tone:
            # Always said: a picture whose tone nobody asked for is the yellow one.
            kept.insert(min(1, len(kept)), self.tones[tone])
        return [number for piece in kept for number in piece]
