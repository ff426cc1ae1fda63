"""Labels and values within sentences: whole ones as people write them, and ones put together from parts.

What training sees; the held-out sentences stand with the held-out layouts. Knows nothing of fields or schemas.
"""

from __future__ import annotations

from random import Random

from extractor.lab.training import lexicon

LabelledValue = tuple[str, str]

_SAYS = [
    "The {l} is {v}.", "{L} is {v}.", "Our {l} is {v}.", "The {l} was {v}.", "We have noted {v} as the {l}.",
    "{L}: {v}.", "Please note the {l} {v}.", "with {l} {v},", "Your {l} is {v}.", "We set the {l} to {v}.",
    "For the {l} we have {v}.", "As {l} please use {v}.", "The {l} reads {v}.", "It has the {l} {v}.",
    "The {l} given is {v}.", "Regarding the {l}, it is {v}.", "{v} is the {l}.", "I entered {v} for the {l}.",
    "Die {l} ist {v}.", "Der {l} lautet {v}.", "Als {l} gilt {v}.", "Le {l} est {v}.", "La {l} est {v}.",
    "El {l} es {v}.", "La {l} es {v}.", "Il {l} è {v}.", "La {l} è {v}.", "De {l} is {v}.", "O {l} é {v}.",
    "The {l}, {v}, is on file.", "{L} came to {v}.", "They told us the {l} would be {v}.", "We use {v} for the {l}.",
    "{v} ({l})", "The {l} equals {v}.", "It says {v} where the {l} should be.", "{L} should read {v}.",
    "You asked for the {l}: {v}.", "Set {l} to {v}, please.", "He gave {v} as his {l}.", "{L}, as agreed, {v}.",
    "The {l} has been changed to {v}.", "{l} = {v}", "Found {v} for {l}.", "Its {l} remains {v}.",
    "My {l} is {v},", "{l} {v},", "and the {l} is {v}.", "({l}: {v})", "the {l} ({v})", "{L} {v}.",
]  # fmt: skip


# sentences put together: an opening, the value, what links it to its label; or the label, a verb, the value
_OPENINGS = (
    "I put|We wrote|They noted|Please enter|You will see|She typed|Use|Add|Somebody put|He filed|It lists|"
    "The clerk marked|The team gave|Our system holds|Write|Keep|Take|Store|We keep|Here we see|There is|"
    "The sheet shows|The note has|Please take|We got|I read|My colleague chose|Let us have|Enter|Fill in|Register|"
    "They sent|The caller named|We hold|Please mark|You gave us|The office stored|I see|Do put|The list has|"
    "Note down"
).split("|")
_LINKS = (
    "as the|for the|as our|in the field|beside the|against|on the line|in the box|where it asks for the|"
    "when asked for the|behind|above the|for|as|in place of the|in the row of the|at|below|near the|with the heading|"
    "to answer the|in the column"
).split("|")
_SUBJECTS = (
    "The|Our|Your|This|As for the|About the|In the field|For the|Its|Here the|Then the|Also the|In this case the|"
    "Per our records the|As far as we know the|At the time the|On this sheet the|Last year the|We see that the|"
    "Remember that the|It turns out the|To be exact, the|From what I hear the|In short, the|Of note:"
).split("|")
_VERBS = (
    "is|was|stays|became|shows|says|equals|comes to|turned out to be|should be|is set to|is listed as|is recorded as|"
    "runs to|now reads|is known to be|has the value|went to|we read|they wrote|you see|it says|has|will be|gives|"
    "has been put down as|is still|must be|we call"
).split("|")
_ENDS = (*(".",) * 6, "", "!", " today.", " again.", ", as you asked.", " for now.", ", thank you.", " once more.")


def _composed(rng: Random, label: str, value: str, strange: float) -> str:
    """`strange`: how often a word of the frame is one nobody knows: the frame is what repeats, not what is known."""
    if rng.random() < 0.5:
        frame = [*rng.choice(_OPENINGS).split(" "), "{v}", *rng.choice(_LINKS).split(" "), "{l}"]
    else:
        frame = [*rng.choice(_SUBJECTS).split(" "), "{l}", *rng.choice(_VERBS).split(" "), "{v}"]
    if rng.random() < strange:
        at = rng.choice([i for i, word in enumerate(frame) if not word.startswith("{")])
        word = lexicon.pseudo(rng, held_out=False)
        frame[at] = word.capitalize() if frame[at][0].isupper() else word
    sentence = " ".join(frame) + rng.choice(_ENDS)
    return sentence.replace("{l}", label).replace("{v}", value)


def prose(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    if rng.random() < 0.4:
        return composed(rng, pairs, 0.15)
    sentences = []
    for label, value in pairs:
        sentence = rng.choice(_SAYS).replace("{l}", _within(rng, label)).replace("{L}", label)
        sentences.append(sentence.replace("{v}", value))
    return _paragraphs(rng, sentences)


def composed(rng: Random, pairs: list[LabelledValue], strange: float = 0.3) -> list[str]:
    return _paragraphs(rng, [_composed(rng, _within(rng, label), value, strange) for label, value in pairs])


def _within(rng: Random, label: str) -> str:
    """`label` as it stands within a sentence."""
    return label if label.isupper() or rng.random() < 0.3 else label[:1].lower() + label[1:]


def _paragraphs(rng: Random, sentences: list[str]) -> list[str]:
    size = rng.choice((1, 2, 3, 6))
    return [" ".join(sentences[i : i + size]) for i in range(0, len(sentences), size)]
