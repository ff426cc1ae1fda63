"""Dates, times and addresses of mail as the grammar writes them, each a pattern of our own: what may be written is a
day that exists at a time of day that exists, and nothing that the validator or pydantic would refuse. llguidance
1.9.1's own formats take the 29th of any February, a 61st second of any minute and a name of any length before the @.

`date`, `time` and `date-time` are those of RFC 3339, whose times have an offset; `time-local` and `date-time-local`
have none (the OpenAPI Initiative's registry of formats), and may leave the seconds out. Only written more narrowly: no
leap seconds, no year 0000, no lower-case `t` and `z`, at most nine digits of a second.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_YEAR = "(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_MONTHS = ("(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])", "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)")
_DAY = f"(?:{'|'.join(_MONTHS)}|02-(?:0[1-9]|1[0-9]|2[0-8]))"
_DATE = f"(?:{_YEAR}-{_DAY}|{_LEAP_YEAR}-02-29)"
_HOUR, _SIXTY = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
_SECONDS = rf":{_SIXTY}(?:\.[0-9]{{1,9}})?"
_TIME = f"{_HOUR}:{_SIXTY}{_SECONDS}"
_LOCAL = f"{_HOUR}:{_SIXTY}(?:{_SECONDS})?"
_OFFSET = f"(?:Z|[+-]{_HOUR}:{_SIXTY})"

# Mail, as most addresses are printed: no quotes, no number for a domain, and no part longer than mail lets it be.
_ATOM = "[A-Za-z0-9_!#$%&'*+/=?^`{|}~-]"
_MAILBOX = rf"(?:{_ATOM}{{1,64}}|{_ATOM}{{1,31}}\.{_ATOM}{{1,32}}|{_ATOM}{{1,20}}(?:\.{_ATOM}{{1,20}}){{2}})"
_LABEL = "(?:[A-Za-z0-9]{1,63}|(?:[A-Za-z0-9]-?){1,31}[A-Za-z0-9])"
EMAIL = rf"{_MAILBOX}@(?:{_LABEL}\.){{1,4}}[A-Za-z]{{2,24}}"  # of a domain that has a top one

PATTERNS = {
    name: f"^{pattern}$"
    for name, pattern in {
        "date": _DATE,
        "time": _TIME + _OFFSET,
        "date-time": f"{_DATE}T{_TIME}{_OFFSET}",
        "time-local": _LOCAL,
        "date-time-local": f"{_DATE}T{_LOCAL}",
        "email": rf"{_MAILBOX}@{_LABEL}(?:\.{_LABEL}){{0,4}}",
    }.items()
}

# A duration as pydantic reads it: of RFC 3339's, and where parts between others are left out, or seconds are broken.
_D, _W, _M, _Y = "[0-9]{1,6}D", "[0-9]{1,6}W", "[0-9]{1,4}M", "[0-9]{1,4}Y"
_DAYS = f"(?:{_Y}(?:{_M})?(?:{_W})?(?:{_D})?|{_M}(?:{_W})?(?:{_D})?|{_W}(?:{_D})?|{_D})"
_HOURS, _MINUTES, _SECOND = "[0-9]{1,6}H", "[0-9]{1,6}M", r"[0-9]{1,9}(?:\.[0-9]{1,6})?S"
_CLOCK = f"T(?:{_HOURS}(?:{_MINUTES})?(?:{_SECOND})?|{_MINUTES}(?:{_SECOND})?|{_SECOND})"
DURATION = f"^-?P(?:{_DAYS}(?:{_CLOCK})?|{_CLOCK})$"


LONGEST = {"email": 254, "hostname": 253}  # characters in all


def _fits(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern.removeprefix("^").removesuffix("$"))
    return lambda text: compiled.fullmatch(text) is not None


# What the validator does not know itself.
VALIDATORS = {name: _fits(PATTERNS[name]) for name in ("time-local", "date-time-local")}
