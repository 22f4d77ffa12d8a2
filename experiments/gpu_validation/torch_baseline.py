#!/usr/bin/env python3
"""Times one decode step of a model in PyTorch: what the megakernel has to beat.

usage: torch_baseline.py CONFIG.json [--batch N] [--context N] [--compile] [--repeats N]

Weights are random (their values do not change the time), bf16, one layer after the other as Hugging Face models have
them, with qkv and gate_up fused as serving systems do. The step is captured as a CUDA graph; with --compile it goes
through torch.compile first. Prints one JSON object: the median and the quartiles of a replay, and the floor, which is
the weights over the bandwidth that a plain copy reaches here (bytes read and written both counted).
Needs: PyTorch with a GPU. Dense models of the Llama and Qwen3 families.
"""
import argparse
import json
import statistics

import torch
import torch.nn.functional as F


class DecodeStep:
    """One token of each of `batch` requests, each with `context` tokens in its cache."""

    def __init__(self, config, batch, context):
        self.eps = config.get("rms_norm_eps", 1e-6)
        self.heads = config["num_attention_heads"]
        self.kv_heads = config["num_key_value_heads"]
        hidden, inner = config["hidden_size"], config["intermediate_size"]
        self.dim = config.get("head_dim") or hidden // self.heads
        self.qk_norm = config["model_type"] == "qwen3"

        def random(*shape):
            return torch.randn(*shape, device="cuda", dtype=torch.bfloat16) * shape[-1] ** -0.5

        def ones(n):
            return torch.ones(n, device="cuda", dtype=torch.bfloat16)

        rows = (self.heads + 2 * self.kv_heads) * self.dim
        self.layers = [
            dict(norm=ones(hidden), qkv=random(rows, hidden), q_norm=ones(self.dim), k_norm=ones(self.dim),
                 o=random(hidden, self.heads * self.dim), post=ones(hidden), gate_up=random(2 * inner, hidden),
                 down=random(hidden, inner),
                 k=random(batch, self.kv_heads, context, self.dim), v=random(batch, self.kv_heads, context, self.dim))
            for _ in range(config["num_hidden_layers"])
        ]
        self.embedding = random(config["vocab_size"], hidden)
        self.lm_head = self.embedding if config.get("tie_word_embeddings") else random(config["vocab_size"], hidden)
        self.norm = ones(hidden)
        angle = torch.randn(self.dim // 2, device="cuda")
        self.cos, self.sin = torch.cos(angle).bfloat16(), torch.sin(angle).bfloat16()
        self.tokens = torch.randint(0, config["vocab_size"], (batch,), device="cuda")

    def weight_bytes(self):
        names = ("norm", "qkv", "o", "post", "gate_up", "down")
        return 2 * (sum(layer[n].numel() for layer in self.layers for n in names) + self.lm_head.numel())

    def rms(self, x, weight):
        return F.rms_norm(x, (x.shape[-1],), weight, self.eps)

    def rope(self, x):
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * self.cos - b * self.sin, b * self.cos + a * self.sin), dim=-1)

    def __call__(self):
        x = F.embedding(self.tokens, self.embedding)
        for layer in self.layers:
            x = x + self.attention(layer, self.rms(x, layer["norm"]))
            gate, up = F.linear(self.rms(x, layer["post"]), layer["gate_up"]).chunk(2, dim=-1)
            x = x + F.linear(F.silu(gate) * up, layer["down"])
        return F.linear(self.rms(x, self.norm), self.lm_head).argmax(-1)

    def attention(self, layer, x):
        qkv = F.linear(x, layer["qkv"]).view(x.shape[0], -1, self.dim)
        q, k, v = qkv.split((self.heads, self.kv_heads, self.kv_heads), dim=1)
        if self.qk_norm:
            q, k = self.rms(q, layer["q_norm"]), self.rms(k, layer["k_norm"])
        layer["k"][:, :, -1] = self.rope(k)
        layer["v"][:, :, -1] = v
        y = F.scaled_dot_product_attention(self.rope(q).unsqueeze(2), layer["k"], layer["v"], enable_gqa=True)
        return F.linear(y.reshape(x.shape[0], -1), layer["o"])


def copy_bandwidth():
    """GB/s of a device-to-device copy of 1 GiB, bytes read and written."""
    a = torch.randint(0, 100, (1 << 30,), dtype=torch.uint8, device="cuda")
    b = torch.empty_like(a)
    return 2 * a.numel() / min(times(lambda: b.copy_(a), 20)) / 1e3


def times(step, repeats):
    """Microseconds of each of `repeats` calls."""
    events = [(torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(repeats)]
    step()
    torch.cuda.synchronize()
    for before, after in events:
        before.record()
        step()
        after.record()
    torch.cuda.synchronize()
    return [before.elapsed_time(after) * 1e3 for before, after in events]


def capture(step):
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("config")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--context", type=int, default=64)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--repeats", type=int, default=200)
    arguments = parser.parse_args()
    with open(arguments.config) as file:
        config = json.load(file)
    with torch.inference_mode():
        step = DecodeStep(config, arguments.batch, arguments.context)
        call = torch.compile(step.__call__, fullgraph=True) if arguments.compile else step
        call()
        sample = sorted(times(capture(call), arguments.repeats))
        bandwidth = copy_bandwidth()
    print(json.dumps({
        "model": arguments.config.split("/")[-1].removesuffix(".json"), "batch": arguments.batch,
        "context": arguments.context, "how": "compile + graph" if arguments.compile else "graph",
        "torch": torch.__version__, "device": torch.cuda.get_device_name(),
        "median_us": round(statistics.median(sample), 1),
        "quartiles_us": [round(sample[len(sample) // 4], 1), round(sample[3 * len(sample) // 4], 1)],
        "weight_bytes": step.weight_bytes(), "copy_gb_per_s": round(bandwidth, 1),
        "floor_us": round(step.weight_bytes() / bandwidth / 1e3, 1)}))


if __name__ == "__main__":
    main()
