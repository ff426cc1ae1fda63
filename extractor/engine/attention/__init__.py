"""Attention masks: how the rows of a step look at the cache.

masks.py    what all masks have in common      dense.py           rectangles, as long as the longest row
packed.py   rows without padding, on a CPU     ragged.py          each row to its own length, on a GPU
ragged_kernels.py  its Triton kernels          transformers_backend.py  the same for transformers' own forward
"""
