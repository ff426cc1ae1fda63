"""Two processes say the same of the same value: features do not hang on the order in which a set has its members, which
is another in each process."""

import math
from itertools import combinations

from extractor.calibration.surroundings import Surroundings
from extractor.calibration.usual import _table, usual

WORDS = "amber birch cedar delta ember fjord grove heron islet jetty knoll larch maple north ocean perch".split()


def test_of_lines_that_name_a_key_as_well_the_first_counts() -> None:
    for first, second in combinations(WORDS, 2):
        text = f"{first}: one\n{second}: two\n"
        around = Surroundings(text)
        assert around.text(around.named(f"{second}_{first}").behind) == "one", (first, second)


def test_what_is_usual_is_summed_exactly() -> None:
    bias, weights = _table()
    stems = [stem for stem in weights if len(stem) > 1 and stem.isalpha()]
    for some in (stems[at : at + 8] for at in range(0, 320, 8)):
        exact = bias + math.fsum(weights[stem] for stem in some)
        assert usual(("_".join(some),)) == max(-4.0, min(4.0, exact)), some
