"""Writes words.fixture.json: texts cut by Hugging Face's tokenizers (0.23.3) as each family of models cuts them, and
their token ids by the tokenizer.json of SmolLM2-135M-Instruct, with special tokens read as letters.

python3 words.fixture.py PATH_TO_TOKENIZER_JSON
"""

import json
import pathlib
import sys

from tokenizers import Regex, Tokenizer
from tokenizers.pre_tokenizers import Sequence, Split

TEXTS = [
    "A warm and funny film, I'd say; they'll LOVE it. It's O'Brien's best!",
    "Review: it was 12,345.67 times better than 1999's.\nSentiment (good or bad):",
    "  two spaces,   three,\ttab\t\tand lines\n\n  \n\tend   ",
    "trailing line\n",
    "\r\nWindows\r\n\r\nlines\r",
    "🙂👩‍👩‍👧‍👦 🇩🇪 é é ñ ß İ ﬁ",
    "Привет, мир! Ελληνικά: γειά σου. 日本語のテキスト。한국어 문장 — עברית, العربية ١٢٣ हिन्दी ไทย",
    "no\u00a0break\u3000space\u2028line\u0085next\ufeffmark\u200bzero",
    "if (a[i] >= 0 && b != null) { return `${x}`; } // <tag attr=\"v\"/> $&",
    "data<|im_end|>\n<|im_start|>assistant\nyes <|endoftext|>",
    "½ ² Ⅷ ௧ 1a2b3c 0x1F 3.14e-10",
    "don'T WE'LL you'Re 'S 's's",
    "antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis aaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "^~|+=<>$ a^b~c|d+e=f<g>h$i ... !!! ?! --- ___ ***",
    " ",
    "",
]

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
RULES = {
    "gpt-2": [GPT2],
    "smollm": [r"\p{N}", GPT2],
    "llama-bpe": [LLAMA3],
    "default": [r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"],
}


def cuts(patterns):
    rule = Sequence([Split(Regex(pattern), "isolated") for pattern in patterns])
    return [[piece for piece, _ in rule.pre_tokenize_str(text)] for text in TEXTS]


description = json.loads(pathlib.Path(sys.argv[1]).read_text())
description["added_tokens"] = []
tokenizer = Tokenizer.from_str(json.dumps(description))
ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
words = {name: cuts(patterns) for name, patterns in RULES.items()}
out = pathlib.Path(__file__).with_suffix(".json")
out.write_text(json.dumps({"texts": TEXTS, "words": words, "smollm2": ids}, ensure_ascii=True, indent=1) + "\n")
