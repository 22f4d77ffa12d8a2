"""Turns one GGUF file of a Llama-like model into Hugging Face files. Run by fetch_model.py in an environment with `gguf`.

What differs between the two forms:
  names   blk.N.attn_q.weight is model.layers.N.self_attn.q_proj.weight, and so on (NAMES below).
  RoPE    GGUF stores the rows of each Q and K head so that the two halves that are rotated together are neighbours
          (0, 32, 1, 33, ... for 64 rows); HF keeps the first half before the second. `in_hf_row_order` undoes it.
  values  quantised blocks become float32 exactly as gguf.quants.dequantize defines them.
  tied    without output.weight in the file, lm_head is the embedding and is not written.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize

NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
    "attn_norm.weight": "input_layernorm.weight",
    "attn_q.weight": "self_attn.q_proj.weight",
    "attn_k.weight": "self_attn.k_proj.weight",
    "attn_v.weight": "self_attn.v_proj.weight",
    "attn_output.weight": "self_attn.o_proj.weight",
    "ffn_norm.weight": "post_attention_layernorm.weight",
    "ffn_gate.weight": "mlp.gate_proj.weight",
    "ffn_up.weight": "mlp.up_proj.weight",
    "ffn_down.weight": "mlp.down_proj.weight",
}
CONTROL_TOKEN = 3  # tokenizer.ggml.token_type
# What llama.cpp calls a pre-tokeniser, as the steps of tokenizer.json.
PRE_TOKENIZERS = {
    "smollm": [
        {"type": "Digits", "individual_digits": True},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
    ],
}


class Fields:
    """The metadata of a GGUF file; a missing key ends the program with its name."""

    def __init__(self, reader):
        self.fields = reader.fields

    def __getitem__(self, key):
        if key not in self.fields:
            sys.exit(f"the GGUF file has no {key}")
        return self.fields[key].contents()

    def get(self, key, default=None):
        return self.fields[key].contents() if key in self.fields else default


def hf_name(name):
    layer = re.fullmatch(r"blk\.(\d+)\.(.+)", name)
    if layer and layer[2] in NAMES:
        return f"model.layers.{layer[1]}.{NAMES[layer[2]]}"
    if not layer and name in NAMES:
        return NAMES[name]
    sys.exit(f"tensor {name}: has no known Hugging Face name")


def in_hf_row_order(weight, heads):
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def to_bf16(values):
    """Round to nearest even; finite input."""
    bits = values.view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)).astype(np.uint16)


def tensor_values(tensor, config):
    shape = tuple(int(n) for n in reversed(tensor.shape))
    values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False).reshape(shape)
    if not np.isfinite(values).all():
        sys.exit(f"tensor {tensor.name}: holds values that are not finite")
    if tensor.name.endswith("attn_q.weight"):
        values = in_hf_row_order(values, config["num_attention_heads"])
    elif tensor.name.endswith("attn_k.weight"):
        values = in_hf_row_order(values, config["num_key_value_heads"])
    return np.ascontiguousarray(values)


def write_safetensors(path, reader, config, dtype):
    item_bytes, code = (4, "F32") if dtype == "f32" else (2, "BF16")
    tensors = sorted(reader.tensors, key=lambda tensor: hf_name(tensor.name))
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for tensor in tensors:
        shape = [int(n) for n in reversed(tensor.shape)]
        end = offset + int(np.prod(shape)) * item_bytes
        header[hf_name(tensor.name)] = {"dtype": code, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)  # the data starts on a cache line of the mapped file
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for tensor in tensors:
            values = tensor_values(tensor, config)
            file.write((values if dtype == "f32" else to_bf16(values)).tobytes())


def model_config(fields, names, dtype):
    hidden, heads = fields["llama.embedding_length"], fields["llama.attention.head_count"]
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama",
        "hidden_size": hidden, "intermediate_size": fields["llama.feed_forward_length"],
        "num_hidden_layers": fields["llama.block_count"], "num_attention_heads": heads,
        "num_key_value_heads": fields["llama.attention.head_count_kv"],
        "head_dim": fields.get("llama.rope.dimension_count", hidden // heads),
        "vocab_size": fields["llama.vocab_size"], "max_position_embeddings": fields["llama.context_length"],
        "rope_theta": fields["llama.rope.freq_base"], "rope_scaling": None,
        # GGUF keeps a float32; its shortest decimal is the number the model was made with.
        "rms_norm_eps": float(str(np.float32(fields["llama.attention.layer_norm_rms_epsilon"]))),
        "tie_word_embeddings": "output.weight" not in names,
        "attention_bias": False, "mlp_bias": False, "hidden_act": "silu",
        "bos_token_id": fields["tokenizer.ggml.bos_token_id"], "eos_token_id": fields["tokenizer.ggml.eos_token_id"],
        "torch_dtype": "float32" if dtype == "f32" else "bfloat16",
    }


def tokenizer(fields):
    if fields["tokenizer.ggml.model"] != "gpt2" or fields["tokenizer.ggml.pre"] not in PRE_TOKENIZERS:
        sys.exit(f"tokenizer {fields['tokenizer.ggml.model']}/{fields['tokenizer.ggml.pre']}: not known here")
    tokens, types = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    added = [{"id": i, "content": tokens[i], "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": True} for i, kind in enumerate(types) if kind == CONTROL_TOKEN]
    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": PRE_TOKENIZERS[fields["tokenizer.ggml.pre"]]},
        "post_processor": None, "decoder": byte_level,
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {token: i for i, token in enumerate(tokens)}, "merges": fields["tokenizer.ggml.merges"]},
    }


def tokenizer_config(fields):
    tokens = fields["tokenizer.ggml.tokens"]
    return {
        "tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": fields.get("tokenizer.ggml.add_bos_token", False),
        "bos_token": tokens[fields["tokenizer.ggml.bos_token_id"]],
        "eos_token": tokens[fields["tokenizer.ggml.eos_token_id"]],
        "model_max_length": fields["llama.context_length"], "chat_template": fields["tokenizer.chat_template"],
    }


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gguf", type=Path)
    parser.add_argument("folder", type=Path, help="exists already")
    parser.add_argument("--dtype", choices=["f32", "bf16"], required=True)
    arguments = parser.parse_args()
    reader = GGUFReader(arguments.gguf)
    fields = Fields(reader)
    if fields["general.architecture"] != "llama":
        sys.exit(f"architecture {fields['general.architecture']}: only llama is known here")
    config = model_config(fields, {tensor.name for tensor in reader.tensors}, arguments.dtype)
    write_safetensors(arguments.folder / "model.safetensors", reader, config, arguments.dtype)
    write_json(arguments.folder / "config.json", config)
    write_json(arguments.folder / "generation_config.json",
               {key: config[key] for key in ("bos_token_id", "eos_token_id")})
    write_json(arguments.folder / "tokenizer.json", tokenizer(fields))
    write_json(arguments.folder / "tokenizer_config.json", tokenizer_config(fields))


if __name__ == "__main__":
    main()
