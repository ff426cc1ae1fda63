"""A plugin for pytest, of `make test-fast`: only tests that start no process and load no torch. One that does fails,
and says what to do.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any, NoReturn

import pytest

# Folders and files whose tests start processes or load torch; single tests elsewhere have the marker `process`.
PROCESS = """
attack chaos engine fuzz lab property safety service workers/ledger workers/worker workers/queue sandbox
api/test_access api/test_bad_input api/test_batches api/test_connections api/test_exact api/test_extractions
api/test_faults api/test_frozen api/test_large_json api/test_liveness api/test_memory_budget api/test_raw
api/test_revoking api/test_schema_check api/test_seen api/test_server api/test_waiters cli/test_serve
calibration/test_answers calibration/test_calibration cli/test_calibrate cli/test_evaluate
extractor/test_any_long_document extractor/test_duplicate_keys extractor/test_long_documents windows/test_plan
documents/test_bench_places documents/test_pdf documents/test_pdf_images documents/test_pdf_seen documents/test_pictures
documents/test_pictures_within documents/test_beside documents/test_hostile_pictures
evidence/test_ground grammar/test_judge
prompt/test_prompt prompt/test_templates schemas/test_models test_batch_resume test_batch_service test_digits test_e2e
extractor/test_documents extractor/test_engine extractor/test_extract extractor/test_review extractor/test_second_answer
codes/test_lists codes/test_over_http extractor/test_samples extractor/test_schema_parts
extractor/test_last_resort extractor/test_second_look extractor/test_windows_asked_again
test_pages test_project test_wheel workers/observability/test_otlp workers/observability/test_tracing
"""
_HERE = Path(__file__).parents[1]
_LEFT_OUT = {_HERE / name for name in PROCESS.split()} | {_HERE / f"{name}.py" for name in PROCESS.split()}
_WHAT = "mark it with `pytest.mark.process`, or name its file in tests/support/no_process.py"


class _NoTorch(MetaPathFinder):
    def find_spec(self, name: str, *_: Any) -> None:
        if name in ("torch", "transformers"):
            raise ImportError(f"this test loads {name}: {_WHAT}")


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise AssertionError(f"this test starts a process: {_WHAT}")


def pytest_collection(session: pytest.Session) -> None:
    """From here on, in each process that runs tests."""
    if not session.config.getoption("numprocesses", None):
        sys.meta_path.insert(0, _NoTorch())
        subprocess.Popen.__init__ = _refuse  # type: ignore[method-assign]
        os.fork = os.posix_spawn = _refuse


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    return True if collection_path in _LEFT_OUT else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left = [item for item in items if item.get_closest_marker("process")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]
