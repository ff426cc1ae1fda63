"""Loading, as it meets real checkpoints: shards, multimodal ones, other architectures, and everything that is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    Gemma4AssistantForCausalLM,
    Gemma4Config,
    Gemma4ForCausalLM,
    Gemma4ForConditionalGeneration,
    GPT2Config,
    GptOssConfig,
    Phi3Config,
    PreTrainedConfig,
)

from extractor.engine import Engine, EngineConfig
from extractor.engine.attention.transformers_backend import install
from extractor.engine.layout import Layout
from extractor.engine.model import device
from extractor.engine.model.assistant import MtpModel
from extractor.engine.model.build import build_runner
from extractor.engine.model.checkpoint import positions_of
from extractor.engine.model.eager_runner import EagerRunner
from extractor.engine.model.loader import ModelSpec, load
from extractor.engine.model.runner import Step
from extractor.engine.model.stock_runner import StockRunner, neighbours
from extractor.errors import ModelError
from tests.engine import tiny


def test_a_sharded_text_checkpoint_with_its_drafter_by_convention(gemma4_folder: Path) -> None:
    assert len(list(gemma4_folder.glob("*.safetensors"))) > 1
    models = load(ModelSpec(model=str(gemma4_folder)))
    assert models.info["drafter"] == f"{gemma4_folder}-assistant"
    assert models.stop_ids == (1, 5)
    assert models.info["dtype"] == ("float32" if models.info["device"] == "cpu" else "bfloat16")


def test_a_drafter_can_be_refused_or_named(gemma4_folder: Path) -> None:
    assert load(ModelSpec(model=str(gemma4_folder), drafter="none")).drafter is None
    assert load(ModelSpec(model=str(gemma4_folder), drafter=f"{gemma4_folder}-assistant")).drafter is not None


def test_a_multimodal_checkpoint_gives_its_text_tower(gemma4_folder: Path, tmp_path: Path) -> None:
    text = Gemma4ForCausalLM.from_pretrained(gemma4_folder)
    vision = {
        "model_type": "gemma4_vision",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "head_dim": 16,
    }
    whole = Gemma4ForConditionalGeneration(
        Gemma4Config(text_config=text.config.to_dict(), vision_config=vision, audio_config=None)
    )
    whole.model.language_model.load_state_dict(text.model.state_dict())
    whole.save_pretrained(tmp_path / "mm", max_shard_size="300KB")
    tiny.text_tokenizer().save_pretrained(tmp_path / "mm")
    models = load(ModelSpec(model=str(tmp_path / "mm")))
    ids = torch.randint(6, 500, (1, 20))
    assert isinstance(models.target, Gemma4ForCausalLM)
    assert torch.allclose(models.target(ids).logits, text(ids).logits, atol=1e-5)


def test_another_architecture_has_no_drafter(llama_folder: Path) -> None:
    models = load(ModelSpec(model=str(llama_folder)))
    assert models.info["architecture"] == "LlamaForCausalLM"
    assert models.drafter is None


def test_dtype_and_accelerates_device_map(gemma4_folder: Path) -> None:
    models = load(ModelSpec(model=str(gemma4_folder), dtype="bfloat16", device_map="auto"))
    assert models.target.dtype == models.drafter.dtype == torch.bfloat16


def test_per_layer_embeddings_on_the_host(gemma4_folder: Path, llama_folder: Path) -> None:
    """They are no weights of the device's any more, and change no number, in our forward or transformers' own."""
    usual, kept = (load(ModelSpec(model=str(gemma4_folder), per_layer_on_host=on)) for on in (False, True))
    table = usual.target.model.embed_tokens_per_layer.weight
    assert usual.target.num_parameters() - kept.target.num_parameters() == table.numel()
    ids = torch.randint(6, 500, (2, 20))
    assert torch.equal(usual.target(ids).logits, kept.target(ids).logits)
    written = []
    for models in (usual, kept):
        engine = Engine(models, EngineConfig(slots=1, context=1024))
        written.append(engine.submit(tiny.request(models)).result(60))
        engine.close()
    assert written[0].ids == written[1].ids
    assert written[0].logprobs == pytest.approx(written[1].logprobs, abs=1e-4)  # drafts differ, and so does rounding
    with pytest.raises(ModelError, match="no per-layer embeddings"):
        load(ModelSpec(model=str(llama_folder), per_layer_on_host=True))
    with pytest.raises(ModelError, match="exclude each other"):
        load(ModelSpec(model=str(gemma4_folder), per_layer_on_host=True, device_map="auto"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "/nowhere/at/all"}, "EXTRACTOR_MODEL=/nowhere/at/all: no such folder"),
        ({"model": "/nowhere/model.gguf"}, "EXTRACTOR_MODEL=/nowhere/model.gguf: no such file"),
        ({"model": "no such name!"}, "EXTRACTOR_MODEL=no such name!: no such model on the hub"),
        ({"model": "google/gemma-4-E2B-it", "offline": True}, "EXTRACTOR_MODEL=google/\\S+: not in the local cache"),
        ({"dtype": "int3"}, "EXTRACTOR_DTYPE=int3 is none of auto, float32"),
        ({"device": "tpu9000"}, "EXTRACTOR_DEVICE=tpu9000 is no device"),
        ({"device": "meta"}, "EXTRACTOR_DEVICE=meta holds no numbers"),
        ({"device": "mps"}, "EXTRACTOR_DEVICE=mps cannot be used here"),
        ({"device_map": "everywhere"}, "EXTRACTOR_DEVICE_MAP=everywhere is none of auto, balanced"),
        ({"device_map": "mps"}, "EXTRACTOR_DEVICE_MAP=mps cannot be used here"),
        ({"drafter": "./none"}, r"EXTRACTOR_DRAFTER=\./none: no such folder \(EXTRACTOR_DRAFTER=none does without\)"),
        ({"drafter": "no name!"}, "EXTRACTOR_DRAFTER=no name!: no such model on the hub"),
    ],
)
def test_wrong_settings_are_told(gemma4_folder: Path, change: dict[str, object], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        load(ModelSpec(**{"model": str(gemma4_folder), **change}))  # type: ignore[arg-type]


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens where there is no GPU")
def test_a_gpu_that_is_not_there_is_told(gemma4_folder: Path) -> None:
    with pytest.raises(ModelError, match="no GPU here"):
        load(ModelSpec(model=str(gemma4_folder), device="cuda"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens where PyTorch cannot use the GPU")
def test_a_gpu_that_is_left_idle_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(device, "_DRIVER", tmp_path / "nvidiactl")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert (device.device_of("auto").type, caplog.messages) == ("cpu", [])
    (tmp_path / "nvidiactl").touch()
    for made_for, why in ((None, "this PyTorch is made for CPUs"), ("13.0", "this PyTorch is made for CUDA 13.0")):
        monkeypatch.setattr(torch.version, "cuda", made_for)
        caplog.clear()
        assert device.device_of("auto").type == "cpu"
        assert why in caplog.messages[0]
    caplog.clear()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert (device.device_of("auto").type, caplog.messages) == ("cpu", []), "that was asked for"


def test_targets_and_drafters_that_do_not_fit(gemma4_folder: Path, llama_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a drafter, not a target"):
        load(ModelSpec(model=f"{gemma4_folder}-assistant"))
    with pytest.raises(ModelError, match="not a Gemma 4 assistant"):
        load(ModelSpec(model=str(gemma4_folder), drafter=str(llama_folder)))
    with pytest.raises(ModelError, match="drafts for Gemma 4 targets only"):
        load(ModelSpec(model=str(llama_folder), drafter=f"{gemma4_folder}-assistant"))
    config = tiny.assistant_config()
    config.backbone_hidden_size = 48
    Gemma4AssistantForCausalLM(config).save_pretrained(tmp_path / "other")
    with pytest.raises(ModelError, match="hidden size 48, this one has 64"):
        load(ModelSpec(model=str(gemma4_folder), drafter=str(tmp_path / "other")))
    with pytest.raises(ModelError, match="no such folder"):
        load(ModelSpec(model=str(gemma4_folder), drafter="/nowhere"))


def broken(gemma4_folder: Path, folder: Path) -> Path:
    shutil.copytree(gemma4_folder, folder / "model")
    return folder / "model"


def test_a_missing_shard_missing_weights_and_no_tokenizer(gemma4_folder: Path, tmp_path: Path) -> None:
    folder = broken(gemma4_folder, tmp_path / "a")
    next(iter(sorted(folder.glob("model-0000*.safetensors")))).unlink()
    with pytest.raises(ModelError):
        load(ModelSpec(model=str(folder), drafter="none"))
    folder = broken(gemma4_folder, tmp_path / "b")
    shard = sorted(folder.glob("model-0000*.safetensors"))[-1]
    weights = load_file(shard)
    save_file(dict(list(weights.items())[1:]), shard, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks \d+ of the model's weights"):
        load(ModelSpec(model=str(folder), drafter="none"))
    folder = broken(gemma4_folder, tmp_path / "c")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"has no fast tokenizer \(tokenizer\.json\)"):
        load(ModelSpec(model=str(folder), drafter="none"))
    (folder / "tokenizer_config.json").unlink()
    with pytest.raises(ModelError):
        load(ModelSpec(model=str(folder), drafter="none"))
    folder = broken(gemma4_folder, tmp_path / "d")
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelError):
        load(ModelSpec(model=str(folder), drafter="none"))


def test_what_a_model_does_without_is_told(
    gemma4_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    load(ModelSpec(model=str(gemma4_folder)))
    assert caplog.messages == []
    folder = broken(gemma4_folder, tmp_path)
    (folder / "chat_template.jinja").unlink()
    load(ModelSpec(model=str(folder)))
    assert [said.partition(":")[0] for said in caplog.messages] == [
        f"EXTRACTOR_MODEL={folder} has no chat template (chat_template.jinja)",
        "no drafter",
    ]


def test_pickled_weights_are_not_read(gemma4_folder: Path, tmp_path: Path) -> None:
    folder = broken(gemma4_folder, tmp_path)
    for file in [*folder.glob("*.safetensors"), *folder.glob("*.index.json")]:
        file.unlink()
    torch.save({"weight": torch.zeros(1)}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        load(ModelSpec(model=str(folder), drafter="none"))


SMALL_ONES: dict[str, Any] = {}  # E2B, E4B: layers that share KV, per-layer inputs
LARGE_ONES: dict[str, Any] = {  # 12B, 31B: neither, and global layers whose keys are their values
    "attention_k_eq_v": True, "num_global_key_value_heads": 1, "num_kv_shared_layers": 0,
    "hidden_size_per_layer_input": 0, "vocab_size_per_layer_input": 0,
}  # fmt: skip


@pytest.mark.parametrize("length", [20, 32, 33, 34, 50, 90])
@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("changes", [SMALL_ONES, LARGE_ONES], ids=["small", "large"])
def test_our_drafter_step_is_transformers_own(length: int, ordered: bool, changes: dict[str, Any]) -> None:
    """Two steps of a chain, behind prompts shorter and longer than the window of 32: logits and next hidden states are
    those of the assistant's own forward over all of the target's KV; with ordered embeddings, for the tokens it scores.
    Ours reads a slot whose sliding layers keep what is in reach only."""
    torch.manual_seed(length)
    stock = tiny.loud(Gemma4ForCausalLM(tiny.gemma4_config(**changes)), 5).eval()
    own = {key: changes[key] for key in ("attention_k_eq_v", "num_global_key_value_heads") if key in changes}
    assistant = tiny.loud(Gemma4AssistantForCausalLM(tiny.assistant_config(ordered, **own)), 3).eval()
    if ordered:
        assistant.masked_embedding.token_ordering.copy_(torch.randperm(tiny.VOCAB))
    target = build_runner(stock)
    assert isinstance(target, EagerRunner)
    all_of_it, few = tiny.slots(stock, 2, 128), tiny.slots(stock, 2, 128, most=8)
    ids, hidden = torch.randint(6, 500, (1, length + 1)), torch.randn(1, 64)
    with torch.inference_mode():
        for cache in (all_of_it, few):
            for start in range(0, length, 8):
                target.prefill(ids[:, start : min(start + 8, length)], start, 1, cache)
        assert (few.bases[1] > 0) == (length > 48), "the window moved"
        mtp = MtpModel(assistant, target)
        chain, token, theirs_hidden = mtp.begin([1], [length], few), ids[0, length:], hidden
        whole = {
            kind: tuple(one[1:, :, :length] for one in all_of_it.stored(layer))
            for kind, layer in target.drafter_layers().items()
        }
        for _ in range(2):
            logits, hidden = mtp.step(token, hidden, chain)
            embedded = target.model.get_input_embeddings()(token[None])
            theirs = assistant(
                inputs_embeds=torch.cat([embedded, theirs_hidden[:, None]], -1),
                position_ids=torch.tensor([[length]]),
                shared_kv_states=whole,
            )
            scored = torch.isfinite(logits[0])
            assert int(scored.sum()) == (8 * 16 if ordered else tiny.VOCAB)
            assert torch.allclose(logits[0][scored], theirs.logits[0, 0][scored], atol=1e-4)
            theirs_hidden = theirs.last_hidden_state[:, 0]
            assert torch.allclose(hidden, theirs_hidden, atol=1e-4)
            token = logits.argmax(-1)


@pytest.mark.parametrize(
    "changes", [{}, {"attention_k_eq_v": True}, {"hidden_size_per_layer_input": 8, "sliding_window": 7}]
)
def test_our_layers_are_transformers_own(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunked prefill of ragged rows and a wide step over them give the stock forward's states."""
    monkeypatch.setattr("extractor.engine.attention.packed._ROW_COST", 0)
    torch.manual_seed(0)
    stock = tiny.loud(Gemma4ForCausalLM(tiny.gemma4_config(**changes)), 5).eval().double()
    for layer in stock.model.layers:
        layer.layer_scalar.fill_(0.8)
    rows = [torch.randint(6, 500, (1, length)) for length in (40, 23, 9)]
    with torch.inference_mode():
        wanted = [stock.model(input_ids=ids).last_hidden_state[0] for ids in rows]
        target = build_runner(stock)
        assert isinstance(target, EagerRunner)
        cache = tiny.slots(stock, 3, 64)
        for row, ids in enumerate(rows):
            most = ids.shape[1] - 5
            first = target.prefill(ids[:, : most // 2], 0, row, cache)
            assert torch.allclose(first[0], wanted[row][most // 2 - 1], atol=1e-4, rtol=1e-3)  # type: ignore[index]
            last = target.prefill(ids[:, most // 2 : most], most // 2, row, cache)
            assert torch.allclose(last[0], wanted[row][most - 1], atol=1e-4, rtol=1e-3)  # type: ignore[index]
        tail = torch.cat([ids[:, -5:] for ids in rows])
        lengths = [ids.shape[1] - 5 for ids in rows]
        read = target.verify(Step(tail, [0, 1, 2], lengths), cache)
        for states, first in zip(wanted, read.first, strict=True):
            assert torch.allclose(read.hidden[first : first + 5], states[-5:], atol=1e-4, rtol=1e-3)  # type: ignore[index]
        alone = target.verify(Step(tail[:1], [0], [35]), cache)
        assert torch.allclose(alone.hidden, wanted[0][-5:], atol=1e-4, rtol=1e-3)  # type: ignore[arg-type]
        # without their padding, a row that takes no part among them
        counts = [2, 0, 5]
        packed = target.verify(Step(tail, [0, 1, 2], lengths, counts=counts), cache)
        assert packed.first == [0, 2, 2]
        assert packed.positions == 7
        for states, first, count in zip(wanted, packed.first, counts, strict=True):
            found, right = packed.hidden[first : first + count], states[-5:][:count]  # type: ignore[index]
            assert torch.allclose(found, right, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("slots", [[1, 4], [0, 8]], ids=["with those between", "one by one"])
def test_rows_whose_slots_lie_apart_are_read_in_place(slots: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """To copy every layer's KV makes a step of many rows twice as long."""
    read = Layout.read

    def in_place(self: Layout, layer: int) -> tuple[Tensor, Tensor]:
        pair = read(self, layer)
        for seen, kept in zip(pair, self.cache.stored(layer), strict=True):
            assert seen.untyped_storage().data_ptr() == kept.untyped_storage().data_ptr()
        return pair

    monkeypatch.setattr(Layout, "read", in_place)
    torch.manual_seed(0)
    stock = tiny.loud(Gemma4ForCausalLM(tiny.gemma4_config()), 5).eval().double()
    rows = [torch.randint(6, 500, (1, length)) for length in (12, 11)]
    with torch.inference_mode():
        target, cache = build_runner(stock), tiny.slots(stock, 9, 64)
        for slot, ids in zip(slots, rows, strict=True):
            target.prefill(ids[:, :-1], 0, slot, cache)
        last = torch.cat([ids[:, -1:] for ids in rows])
        output = target.verify(Step(last, slots, [ids.shape[1] - 1 for ids in rows], counts=[1, 1]), cache)
        for row, ids in enumerate(rows):
            states = stock.model(input_ids=ids).last_hidden_state[0]
            assert torch.allclose(output.hidden[row], states[-1], atol=1e-4, rtol=1e-3)  # type: ignore[index]


SMALL: dict[str, Any] = {
    "vocab_size": 512, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 64, "pad_token_id": 0,
}  # fmt: skip
ROPE = {"rope_type": "longrope", "rope_theta": 1e4, "factor": 2.0, "short_factor": [1.0] * 4, "long_factor": [7.0] * 4}
LONG: dict[str, Any] = {"rope_parameters": ROPE, "original_max_position_embeddings": 64}


@pytest.mark.parametrize(
    "config",
    [
        GPT2Config(vocab_size=512, n_embd=32, n_layer=2, n_head=4, n_positions=64),
        GptOssConfig(**SMALL, num_local_experts=2, num_experts_per_tok=1, sliding_window=8),
        Phi3Config(**SMALL | {"max_position_embeddings": 128}, **LONG),
    ],
    ids=["a table of positions", "attention sinks", "longrope"],
)
def test_ragged_rows_of_other_architectures_are_as_each_alone(config: PreTrainedConfig) -> None:
    """Up to the last position, with padding behind it."""
    torch.manual_seed(0)
    model = tiny.loud(AutoModelForCausalLM.from_config(config), 3).eval()
    for name, weight in model.named_parameters():
        if "sinks" in name:
            weight.data.normal_(2.0)
    assert positions_of(model.config) == 64
    rows = [torch.randint(6, 500, (1, length)) for length in (64, 23, 9)]
    with torch.inference_mode():
        wanted = [model(input_ids=ids).logits[0, -5:] for ids in rows]
        install(model)
        target, cache = build_runner(model), tiny.slots(model, 3, 80)
        for row, ids in enumerate(rows):
            target.prefill(ids[:, :-5], 0, row, cache)
        tail = torch.nn.functional.pad(torch.cat([ids[:, -5:] for ids in rows]), (0, 4))
        read = target.verify(Step(tail, [0, 1, 2], [ids.shape[1] - 5 for ids in rows]), cache)
    for logits, first in zip(wanted, read.first, strict=True):
        assert torch.allclose(read.logits[first : first + 5], logits, atol=1e-3, rtol=1e-3)


def test_transformers_own_forward_reads_rows_with_a_slot_between_in_place() -> None:
    """To copy them takes twice as long. What the slot between holds stays."""
    torch.manual_seed(0)
    model = tiny.loud(AutoModelForCausalLM.from_config(GPT2Config(vocab_size=512, n_embd=32, n_layer=2, n_head=4)), 3)
    rows = [torch.randint(6, 500, (1, 9 + 3 * slot)) for slot in range(6)]
    slots = [0, 1, 2, 3, 5]
    with torch.inference_mode():
        wanted = [model.eval()(input_ids=ids).logits[0, -1] for ids in rows]
        install(model)
        target, cache = build_runner(model), tiny.slots(model, 6, 80)
        for slot, ids in enumerate(rows):
            cache.begin(ids[0].tolist())
            target.prefill(ids[:, :-1], 0, slot, cache)
            cache.extend(slot, ids[0, :-1].tolist())

        def step(slots: list[int]) -> list[Tensor]:
            last = torch.cat([rows[slot][:, -1:] for slot in slots])
            output = target.verify(Step(last, slots, [rows[slot].shape[1] - 1 for slot in slots]), cache)
            return [output.logits[first] for first in output.first]  # type: ignore[index]

        together, between = step(slots), step([4])
    for slot, logits in [*zip(slots, together, strict=True), (4, between[0])]:
        assert torch.allclose(logits, wanted[slot], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    ("slots", "whole"),
    [([0, 1, 2], [0, 1, 2]), ([0, 1, 3, 4], [0, 1, 2, 3, 4]), ([0, 2], [0, 2]), ([4, 3, 1, 0], [4, 3, 1, 0])],
)
def test_slots_between_are_computed_where_they_are_few(slots: list[int], whole: list[int]) -> None:
    assert neighbours(slots) == whole


def test_a_model_of_other_layers_takes_its_own_forward(gemma4_folder: Path) -> None:
    target = load(ModelSpec(model=str(gemma4_folder), drafter="none")).target
    assert isinstance(build_runner(target), EagerRunner)
    target.model.layers[0].mlp.gate_proj.register_parameter("bias", torch.nn.Parameter(torch.zeros(128)))
    assert isinstance(build_runner(target), StockRunner)


def test_a_grammar_is_bound_as_it_is_where_the_tokenizer_does_not_look_back(gemma4_folder: Path) -> None:
    models = load(ModelSpec(model=str(gemma4_folder), drafter="none"))
    assert models.bound("start: X") == "start: X"
