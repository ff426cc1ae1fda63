"""The parts of `schemas.check`: each looks at one thing of a JSON Schema, the cheap ones first."""
