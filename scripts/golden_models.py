#!/usr/bin/env python3
"""Computes what the reference libraries make of the tiny models of crates/testmodels: token ids of some texts, and the logits
after the last token, with and without an adapter.

    cargo build -p xtask
    python3 -m venv VENV && VENV/bin/pip install torch==2.15.0 transformers==5.24.0 tokenizers==0.23.3 peft==0.21.2
    VENV/bin/python scripts/golden_models.py target/debug/xtask crates/inference/tests/data/models-golden.json
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import peft
import tokenizers
import torch
import transformers

FAMILIES = ["gemma-2b-it", "deepseek-coder-1.3b-instruct", "phi-2", "phi-3-mini-4k-instruct", "mistral-7b-instruct"]
TEXTS = [
    "def add(a, b):\n    return a + b",
    "Grüße, 漢字 and 🦀!\tThe  class is not in the   list: 12345 != x[0]...",
    "for the return of the print, if self is not None and 1 == 1: import the class\n\n\n" * 4,
]


def logits(model, ids):
    with torch.no_grad():
        values = model(input_ids=torch.tensor([ids])).logits[0, -1].tolist()
    return [float(f"{value:.6g}") for value in values]


def main(xtask, out):
    torch.manual_seed(0)
    golden = {
        "versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__,
                     "tokenizers": tokenizers.__version__, "peft": peft.__version__},
        "families": {},
    }
    with tempfile.TemporaryDirectory() as work:
        for family in FAMILIES:
            folder, adapter = pathlib.Path(work) / family, pathlib.Path(work) / f"{family}-adapter"
            subprocess.run([xtask, "model", "published", family, folder, "--seed", "11"], check=True)
            subprocess.run([xtask, "model", "published-adapter", family, adapter, "--seed", "12"], check=True)
            tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            load = transformers.AutoModelForCausalLM.from_pretrained
            model = load(folder, dtype=torch.float32, attn_implementation="eager").eval()
            ids = [tokenizer.encode(text).ids for text in TEXTS]
            plain = [logits(model, each) for each in ids]
            adapted = peft.PeftModel.from_pretrained(model, str(adapter)).eval()
            golden["families"][family] = {
                "cases": [{"text": text, "ids": each, "logits": values} for text, each, values in zip(TEXTS, ids, plain)],
                "adapted": logits(adapted, ids[0]),
            }
    pathlib.Path(out).write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


main(*sys.argv[1:])
