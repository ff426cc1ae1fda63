"""What a field is called: labels, keys made from labels, and descriptions that tie an arbitrary key to its label.

Knows nothing of values or documents.
"""

from __future__ import annotations

import re
from random import Random

from extractor.lab.training import lexicon

_TAILS = "number id code name value date text info level data type no".split()
_NOTES = [
    "{l}", "the {l}", "{l} as printed", "value of {l}", "labelled {l}", "printed as {l}", "what stands next to {l}",
    "the entry {l}", "marked {l}", "content of {l}", "see {l}", "taken from {l}", "{l} of the document", "field {l}",
    "what {l} is", "{l} in the text", "stands under {l}", "also called {l}", "known as {l}",
    "the document calls it {l}",
    "{l}, if present", "read {l}", "corresponds to {l}", "same as {l}", "entered as {l}", "our {l}", "{l} (as stated)",
    "what is given as {l}", "it says {l} there", "{l} as listed", "in the form: {l}", "figure for {l}",
]  # fmt: skip
_HELD_NOTES = ["whatever {l} says", "{l} goes here", "fill in {l}", "equals {l}"]
_VAGUE = ["as printed", "if given", "as written", "copied from the document", "exactly as it stands", "required"]


def case(rng: Random, text: str) -> str:
    """A label the way a form might set it."""
    draw = rng.random()
    if draw < 0.5:
        return text[:1].upper() + text[1:]
    if draw < 0.7:
        return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))
    return text.upper() if draw < 0.82 else text


def keyify(rng: Random, label: str) -> str:
    """A key named after a label: snake case, camel case and rarer habits."""
    parts = [part for part in re.split(r"[^\w]+", label.lower()) if part]
    draw = rng.random()
    if draw < 0.66:
        return "_".join(parts)
    if draw < 0.86:
        return parts[0] + "".join(part.capitalize() for part in parts[1:])
    if draw < 0.90:
        return "".join(part.capitalize() for part in parts)
    if draw < 0.93:
        return "-".join(parts)
    return "_".join(parts).upper() if draw < 0.96 else " ".join(parts)


def open_label(rng: Random, held_out: bool) -> str:
    """One to three words nobody chose for their meaning."""
    noun = lexicon.word(rng, held_out).lower()
    draw = rng.random()
    if draw < 0.35:
        return noun
    if draw < 0.6:
        return f"{lexicon.modifier(rng, held_out)} {noun}"
    if draw < 0.9:
        return f"{noun} {lexicon.word(rng, held_out).lower() if rng.random() < 0.7 else _tail(rng, held_out)}"
    return f"{lexicon.modifier(rng, held_out)} {noun} {lexicon.word(rng, held_out).lower()}"


def _tail(rng: Random, held_out: bool) -> str:
    return rng.choice([tail for tail in _TAILS if lexicon.held(tail) == held_out] or [lexicon.pseudo(rng, held_out)])


def open_key(rng: Random, label: str, held_out: bool, taken: set[str]) -> tuple[str, str]:
    """(key, description) for a field whose label is `label`; together they always name it."""
    low = label.lower()
    draw = rng.random()
    if draw < 0.62:
        key = keyify(rng, low)
        note = "" if rng.random() < 0.6 else note_of(rng, low, held_out) if rng.random() < 0.5 else rng.choice(_VAGUE)
    elif draw < 0.72 and " " in low:
        key, note = keyify(rng, low.split(" ")[0]), note_of(rng, low, held_out)
    elif draw < 0.78 and " " not in low:
        key, note = keyify(rng, f"{low} {_tail(rng, held_out)}"), ""
    else:
        word = lexicon.word(rng, held_out).lower()
        key = rng.choice((word, word, f"{word}_{rng.randint(1, 9)}", f"{word}_{lexicon.word(rng, held_out).lower()}"))
        note = note_of(rng, low, held_out)
    return (key, note) if key not in taken else open_key(rng, label, held_out, taken)


def note_of(rng: Random, label: str, held_out: bool) -> str:
    shown = rng.choice((label, label, f'"{label}"', case(rng, label)))
    return rng.choice(_HELD_NOTES if held_out else _NOTES).replace("{l}", shown)
