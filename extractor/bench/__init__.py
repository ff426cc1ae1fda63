"""The measurements behind every figure in the README. `extractor bench` and `python -m extractor.bench.lossless`."""
