"""Remakes smollm2_greedy.json: greedy continuations of SmolLM2-135M-Instruct by PyTorch and transformers, in float32.

    python3 -m venv /tmp/refvenv && /tmp/refvenv/bin/pip install torch transformers
    /tmp/refvenv/bin/python make_smollm2_greedy.py "$(../../../../scripts/fetch-model smollm2-135m)" > smollm2_greedy.json

An independent implementation on the very weights that our backends read. `margins` are the differences of the two largest
logits of each step: where one is small, a correct f32 implementation may pick the other token.
"""

import json
import sys

import torch
import transformers

PROMPTS = [
    "What is the capital of France?",
    "Why is the sky blue?",
    "Write a Python function that returns the sum of 12 and 345.",
]
TOKENS = 24


def greedy(model, prompt_ids, end_token):
    """Without a KV cache: every step is one plain forward pass over all tokens."""
    ids, generated, margins = list(prompt_ids), [], []
    for _ in range(TOKENS):
        with torch.no_grad():
            logits = model(torch.tensor([ids]), use_cache=False).logits[0, -1]
        best, second = torch.topk(logits, 2).values.tolist()
        generated.append(int(torch.argmax(logits)))
        margins.append(round(best - second, 6))
        if generated[-1] == end_token:
            break
        ids.append(generated[-1])
    return generated, margins


def main():
    folder = sys.argv[1]
    torch.set_num_threads(2)
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    model.eval()
    cases = []
    for prompt in PROMPTS:
        text = tokenizer.apply_chat_template([{"role": "user", "content": prompt}], tokenize=False,
                                             add_generation_prompt=True)
        prompt_ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        generated, margins = greedy(model, prompt_ids, model.config.eos_token_id)
        cases.append({"prompt": prompt, "text_with_template": text, "prompt_ids": prompt_ids, "generated": generated,
                      "margins": margins, "generated_text": tokenizer.decode(generated)})
    manifest = json.load(open(f"{folder}/fetched.json"))
    made_with = {"model": "SmolLM2-135M-Instruct, " + manifest["package"], "gguf_sha256": manifest["gguf_sha256"],
                 "dtype": "f32", "torch": torch.__version__, "transformers": transformers.__version__}
    json.dump({"made_with": made_with, "cases": cases}, sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == "__main__":
    main()
