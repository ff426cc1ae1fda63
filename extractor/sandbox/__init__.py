"""Runs what a stranger sent in a process that may die: grammars, patterns, answers under a caller's schema, documents.

    box = Sandbox("package.module", SandboxLimits(cpu_s=2, wall_s=5, memory_bytes=1 << 30))
    value, blobs = box.call("function", {"some": "json"}, blobs=[b"bytes"])

A *zygote* imports the module once; each call runs in a child forked from it, so it costs milliseconds and leaves
nothing behind. What crosses the border is JSON and bytes: nothing is unpickled from a child. Knows no torch, no web and
no queue, so every room may use it.
"""

from extractor.sandbox.errors import Rejected, SandboxError
from extractor.sandbox.limits import SandboxLimits
from extractor.sandbox.sandbox import Sandbox

__all__ = ["Rejected", "Sandbox", "SandboxError", "SandboxLimits"]
