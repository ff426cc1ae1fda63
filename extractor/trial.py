"""Tries a stranger's grammar in a child process first: building one can take a computer's whole time or memory, and
what is native code cannot be interrupted from a thread. The child has limits on both and nothing to lose.

Measured: an `allOf` of 16 patterns with `.*` in them keeps llguidance 1.9.1 busy for more than 30 s; its own limits
do not cover that step.
"""

from __future__ import annotations

import json
import subprocess
import sys

CPU_S = 5
MEMORY_BYTES = 2 * 1024**3
WALL_S = 30.0  # a busy machine gives the child less than a core

_CHILD = """
import json, resource, sys
cpu_s, memory = int(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
from llguidance import LLMatcher, LLParserLimits
limits = LLParserLimits(verbose_errors=False)
found = [-1, ""]
for at, grammar in enumerate(json.load(sys.stdin)):
    failed, messages = LLMatcher.validate_grammar_with_warnings(grammar, limits=limits)
    if failed and (at == 0 or found[0] == 0):
        found = [at, found[1] or messages[0]]
    if found[0] != 0:
        break
print(json.dumps(found))
"""


def trial(grammars: list[str], cpu_s: int = CPU_S, wall_s: float = WALL_S) -> tuple[int, str]:
    """Builds the first grammar. (-1, "") when it can be built; else why not, in one line, with the place in the list
    of the first of the others (parts of it) that cannot be built either, 0 when there is none."""
    call = [sys.executable, "-I", "-c", _CHILD, str(cpu_s), str(MEMORY_BYTES)]
    try:
        child = subprocess.run(
            call, input=json.dumps(grammars), capture_output=True, text=True, timeout=wall_s, check=False
        )
    except subprocess.TimeoutExpired:
        return 0, f"it takes longer than {wall_s:g} s to build"
    if child.returncode < 0:
        return 0, f"it takes more than {cpu_s} s or {MEMORY_BYTES // 1024**2:,} MiB to build"
    if child.returncode != 0:
        lines = child.stderr.strip().splitlines() or [f"exit status {child.returncode}"]
        return 0, f"trying it failed: {lines[-1][:200]}"
    at, message = json.loads(child.stdout)
    return at, message.splitlines()[0][:300] if message else ""
