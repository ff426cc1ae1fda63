"""The measurements behind the figures of the pages: `extractor bench`, `python -m extractor.lab.bench.lossless`."""
