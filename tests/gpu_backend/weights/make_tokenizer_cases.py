"""Remakes tokenizer_small_*.json and tokenizer_cases.json with the package `tokenizers`.

    python3 -m venv /tmp/refvenv && /tmp/refvenv/bin/pip install tokenizers==0.23.3 jinja2
    /tmp/refvenv/bin/python make_tokenizer_cases.py "$(../../../scripts/fetch-model smollm2-135m)"

The small tokenizers are trained here, on CORPUS: `digits` has SmolLM2's pre-tokenizer and, like SmolLM2, no token for some bytes;
`split` has a regular expression and ignore_merges, like Llama 3, and a token for each byte. Deterministic.
"""

import json
import random
import sys
from pathlib import Path

import jinja2
import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

FOLDER = Path(__file__).resolve().parent

CORPUS = [
    "A worker takes a task from its queue, waits for the event that the task depends on, runs the task and notifies.",
    "The scheduler dequeues an event once it was activated, and launches the tasks that wait for it.",
    "It's what we're told: they'll say I've got 12 tasks, you'd say 345, and I'm sure there isn't one.",
    "for (int i = 0; i < 10; ++i) {\n    sum += values[i] * 2.5;\n}\nreturn sum;\n",
    "def sum_of(values):\n    return sum(value for value in values if value > 0)\n",
    "Der Schnellzug fährt über die Brücke nach Köln; où est-il allé? ¿Dónde está? Мир и труд. 你好，世界。 こんにちは",
    "The quick brown fox jumps over the lazy dog. THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG!",
    "the the the that this these those then there their they them when where what while which who why",
]

LLAMA_3_LIKE = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                r"|\s*[\r\n]+|\s+(?!\S)|\s+")

TEXTS = [
    "", " ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", " \n ", "a", " a", "a ", "  a", "a  b", "a   b", "a\nb", "a \n b", "a\n\n\nb",
    "Hello", "Hello, world!", " Hello, world! ", "What is the capital of France?", "The capital of France is Paris.",
    "the tasks that wait for the events", "schedulerscheduler", "THE QUICK brown FOX", "theTheTHE",
    "1", "12", "123", "1234567890", "a1b2c3", "3.14159", "1,000,000", " 1", "  1", "1 ", "1  2", "x 1", "x  1", "x  1  y", "-1", "v2.0.1",
    "0x7fff", "2024-01-31T12:34:56Z", "½ ¼ ² ³ ① Ⅷ ٣ १२३ 三 〇", "x² + y³ = z½",
    "it's", "It'S", "IT'S", "we're they've I'm you'll he'd don't", "'s", "''s", "'t'", " 's", "rock'n'roll", "o'clock 'tis", "it’s",
    "'S 'T 'RE 'VE 'M 'LL 'D", "can't've",
    "for (int i = 0; i < n; ++i) { sum += a[i] * b[i]; }", "    return x\n", "\tif (x) {\n\t\ty();\n\t}\n", "a->b::c<d>(e)", "// comment\n",
    "#include <vector>\n", "SELECT * FROM t WHERE a='b';", "https://example.org/a/b?c=d&e=f#g", "a@b.de", "{\"key\": [1, 2.5, null]}",
    "!!!", "...", " ...", "?!", "---", "(((", "a.b.c", "a . b", "$100", "100%", "#1", "~`|\\^", "<>", "\"quoted\"", "_under_score_",
    "äöüÄÖÜß", "éèêëàç", "e\u0301", "naïve café", "Straße über Köln", "Dvořák", "İstanbul ı", "ﬁ ﬂ", "ǅ", "ªº",
    "Привет, мир!", "Ελληνικά", "שלום עולם", "مرحبا بالعالم", "हिन्दी में", "ไทย", "한국어 텍스트", "日本語のテキスト", "中文文本，标点。", "ქართული",
    "😀", "😀😀", " 😀 ", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "👍🏽", "❤️", "☃", "a😀b", "1️⃣", "\u200d", "\u200b", "\ufeff", "\ufffd", "\u00ad",
    "\u00a0", "a\u00a0b", "a \u00a0b", "\u2003x", "\u3000x", "x\u2028y\u2029z", "\u0085", "a\u0085b", "a \u0085 b", "\u180e", "a\u180eb", "\u1680x",
    "\u202fx", "\u205fx", "a\u000bb", "a\u000cb", " \u000b ", "\u001c", "a\u001cb", "\u001f",
    "\x00", "a\x00b", "\x01\x02\x7f", "\x1b[31mred\x1b[0m", "\U0010ffff", "\U0001f9ff", "𝒳𝟙𝔸", "𐍈", "\ue000",
    "<|im_start|>", "<|im_end|>", "<|im_start|>user\nHi<|im_end|>\n", "a<|im_end|>b", "<|im_end|><|im_end|>", "<|im_end", "<|<|im_end|>|>",
    " <|im_end|> ", "<|endoftext|>", "<|im_end|>1", "1<|im_end|>", "<added>", "<added>more", "<added>morex", "a<added>1",
    "a" * 50, "ab" * 40, " " * 33, " " * 33 + "x", "\n" * 17, "1" * 20, "the" * 30, "!" * 40, "\u00e4" * 20, "a " * 20,
]

# (from, to) of code points that every Unicode version since 10 knows.
BLOCKS = [(0x20, 0x7E), (0x20, 0x7E), (0x09, 0x0D), (0x20, 0x20), (0x30, 0x39), (0xA0, 0x17F), (0x391, 0x3A1), (0x410, 0x44F),
          (0x5D0, 0x5EA), (0x660, 0x669), (0x2000, 0x2070), (0x2150, 0x2188), (0x4E00, 0x4E40), (0x1F600, 0x1F640)]


def random_texts(count):
    draw = random.Random(20261123)
    for _ in range(count):
        yield "".join(chr(draw.randint(*draw.choice(BLOCKS))) for _ in range(draw.randint(1, 40)))


def train(pre_tokenizer, alphabet, ignore_merges):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer.train_from_iterator(CORPUS * 2, trainers.BpeTrainer(vocab_size=600, special_tokens=special, show_progress=False,
                                                                  initial_alphabet=alphabet))
    # One that is not special, and one that begins like it: the longer must win.
    tokenizer.add_tokens([tokenizers.AddedToken("<added>", normalized=False), tokenizers.AddedToken("<added>more", normalized=False)])
    return tokenizer


def small_tokenizers():
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level])
    split = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA_3_LIKE), "isolated"),
                                     pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    yield "digits", train(digits, [], False)
    yield "split", train(split, pre_tokenizers.ByteLevel.alphabet(), True)


def cases_of(tokenizer, texts):
    cases = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        cases.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=True)})
    return cases


def chat_cases(template):
    conversations = [
        [{"role": "user", "content": "Hello"}],
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello\nthere"}],
        [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}],
    ]
    program = jinja2.Environment(trim_blocks=True, lstrip_blocks=True).from_string(template)
    return [{"messages": messages, "text": program.render(messages=messages, add_generation_prompt=True)}
            for messages in conversations]


def main():
    model = Path(sys.argv[1])
    texts = TEXTS + list(random_texts(150))
    cases = {}
    for name, tokenizer in small_tokenizers():
        tokenizer.save(str(FOLDER / f"tokenizer_small_{name}.json"), pretty=False)
        cases[name] = cases_of(tokenizer, texts)
    cases["smollm2"] = cases_of(Tokenizer.from_file(str(model / "tokenizer.json")), texts)
    template = json.loads((model / "tokenizer_config.json").read_text())["chat_template"]
    content = {"made_with": f"tokenizers {tokenizers.__version__}, jinja2 {jinja2.__version__}",
               "smollm2_tokenizer_sha256": json.loads((model / "fetched.json").read_text())["files"]["tokenizer.json"]["sha256"],
               "chat_template": template, "chat": chat_cases(template), "cases": cases}
    with open(FOLDER / "tokenizer_cases.json", "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
