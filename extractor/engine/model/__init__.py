"""Checkpoints → a target and its drafter that can be stepped.

Loading   loader.py        target, drafter and tokenizer   source.py           where a checkpoint is read from
          checkpoint.py    what its config and keys say    explained.py        what goes wrong, as a ModelError
          tokenizer.py     its tokenizer, its last tokens  tokenizer_check.py  whether that looks back
          device.py        device and dtype, by name
Running   runner.py        what the engine asks of a target; of its kinds
          stock_runner.py  transformers' own forward       eager_runner.py     Gemma 4's layers, launched one by one
          graph_runner.py  the same as CUDA graphs         graphs.py           which are recorded, and replayed
          build.py         picks one                       backend.py          picks PyTorch's operations or kernels
          assistant.py     the MTP drafter
Layers    gemma4.py        Gemma 4's, in few calls         fused.py            the same, for a GPU
          fused_kernels.py its Triton kernels              head.py             states → logits → tokens
          rotary.py        rotary tables                   view.py             how the cache is read
          blocked.py       products for a CPU              host_embedding.py embeddings that stay with the host
Devices   upload.py        from the host to a device       device_event.py     when a device is done
"""
