"""Holds the logits of `megascope run --logits` against transformers on the same weights.

    against_transformers.py MODEL_DIR LOGITS.npy PROMPT [--time]

MODEL_DIR: what `megascope weights MODEL -o DIR` wrote. PROMPT: token ids with commas, as --prompt took them. The tokens that
megascope generated are fed to transformers (teacher forcing), so that one flipped near tie does not make everything after
it differ. Two references: float32 (TF32 off), which says how far bf16 KV and our sums are off, and bf16, which says how far
transformers itself is off when it computes as people run it. With --time also the time of one decode step of transformers in
bf16 with a static cache, as a CUDA graph (torch.compile, mode reduce-overhead).
"""

import argparse
import json
import statistics
import time

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM, StaticCache


def load(folder: str, dtype: torch.dtype):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa").cuda().eval()


def reference_logits(model, tokens: list[int], first: int) -> np.ndarray:
    with torch.no_grad():
        logits = model(torch.tensor([tokens], device="cuda")).logits[0]
    return logits[first:].float().cpu().numpy()


def differences(ours: np.ndarray, theirs: np.ndarray) -> dict:
    scale = np.abs(theirs).max(axis=1)
    worst = (np.abs(ours - theirs).max(axis=1) / scale).max()
    rms = np.sqrt(((ours - theirs) ** 2).mean() / (theirs**2).mean())
    agree = float((ours.argmax(axis=1) == theirs.argmax(axis=1)).mean())
    return {"largest_error": float(worst), "relative_rms": float(rms), "same_greedy_token": agree}


def time_decode(model, context: int, steps: int) -> dict:
    """Medians of one decode step, us: eager, and with CUDA graphs."""
    config = model.config
    token = torch.tensor([[11]], device="cuda")

    def measure(step) -> float:
        cache = StaticCache(config=config, max_cache_len=1024)
        times = []
        with torch.no_grad():
            for i in range(context + steps):
                position = torch.tensor([i], device="cuda")
                torch.cuda.synchronize()
                begin = time.perf_counter()
                step(input_ids=token, past_key_values=cache, cache_position=position, use_cache=True)
                torch.cuda.synchronize()
                times.append((time.perf_counter() - begin) * 1e6)
        return statistics.median(times[context:])

    result = {"eager_us": measure(model.forward)}
    try:
        result["cuda_graph_us"] = measure(torch.compile(model.forward, mode="reduce-overhead", fullgraph=True))
    except Exception as error:  # what torch.compile refuses is a result too
        result["cuda_graph_error"] = str(error)[:300]
    return result


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("logits")
    parser.add_argument("prompt")
    parser.add_argument("--time", action="store_true")
    flags = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    ours = np.load(flags.logits)
    prompt = [int(t) for t in flags.prompt.split(",")]
    tokens = prompt + [int(t) for t in ours.argmax(axis=1)[:-1]]
    result = {"model": AutoConfig.from_pretrained(flags.folder).model_type, "rows": ours.shape[0], "torch": torch.__version__}
    exact = load(flags.folder, torch.float32)
    in_float = reference_logits(exact, tokens, len(prompt) - 1)
    del exact
    model = load(flags.folder, torch.bfloat16)
    in_bf16 = reference_logits(model, tokens, len(prompt) - 1)
    result["megascope_to_float32"] = differences(ours, in_float)
    result["bf16_to_float32"] = differences(in_bf16, in_float)
    print(json.dumps(result), flush=True)
    if flags.time:
        print(json.dumps({"transformers_decode": time_decode(model, 16, 64)}), flush=True)


if __name__ == "__main__":
    main()
