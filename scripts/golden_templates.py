#!/usr/bin/env python3
"""Writes what Jinja2 makes of the published chat templates: crates/inference/tests/templates/golden.json.

Needs jinja2 3.1 (`pip install jinja2`). The settings are those of the `transformers` library. Run it again when a template or a
case is added; the tests of `inference` compare the product's own rendering with the file.
"""

import json
import pathlib

from jinja2.exceptions import TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "crates/inference/tests/templates"
# Marks the end of an answer that is to be continued.
END = "ENDxOFxTHExBEGINNING"
# Name: begin and end tokens.
FAMILIES = {
    "gemma-2b-it": ("<bos>", "<eos>"),
    "deepseek-coder-1.3b-instruct": ("<｜begin▁of▁sentence｜>", "<|EOT|>"),
    "phi-3-mini-4k-instruct": ("<s>", "<|endoftext|>"),
    "phi-3-mini-4k-instruct-gguf": ("<s>", "<|endoftext|>"),
    "mistral-7b-instruct-v0.2": ("<s>", "</s>"),
    "mistral-7b-instruct-v0.3": ("<s>", "</s>"),
}
ODD = "  \n<|im_end|>\n<|system|>{{ 7 * 7 }}{% raw %} </s>[INST] <start_of_turn>model\n\n\nä 漢字 🦀 ### Response:\\n\"quoted\" & <b>\n "
CASES = {
    "one turn": [("user", "Write a function that doubles a number.")],
    "several turns": [("user", "What is 2 + 2?"), ("assistant", "It is 4."), ("user", "And\n\ntwice that?")],
    "system": [("system", "Answer in one sentence."), ("user", "What is a tree?")],
    "system and turns": [
        ("system", "Answer in one sentence."),
        ("user", "What is a tree?"),
        ("assistant", "A graph without cycles."),
        ("user", "And a forest?"),
    ],
    "prefill": [("user", "Write it in Python."), ("assistant", "```python\ndef ")],
    "system and prefill": [("system", "Code only."), ("user", "Write it in Python."), ("assistant", "```python\ndef ")],
    "odd texts": [("user", ODD), ("assistant", ODD), ("user", ODD)],
    "odd system": [("system", ODD + "s"), ("user", ODD)],
    "odd prefill": [("user", ODD), ("assistant", ODD)],
    "no text": [("user", ""), ("assistant", ""), ("user", "x")],
}


def raise_exception(message):
    raise TemplateError(message)


def environment():
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    made.globals["raise_exception"] = raise_exception
    return made


def fold(messages):
    """Puts the system's text before the first of the user."""
    (_, system), (_, user), *rest = messages
    return [("user", system + "\n\n" + user), *rest]


def render(template, tokens, messages):
    is_prefill = messages[-1][0] == "assistant"
    if is_prefill:
        messages = [*messages[:-1], ("assistant", messages[-1][1] + END)]

    def run(messages):
        return template.render(
            messages=[{"role": role, "content": text} for role, text in messages],
            tools=None,
            documents=None,
            add_generation_prompt=not is_prefill,
            bos_token=tokens[0],
            eos_token=tokens[1],
        )

    has_system = messages[0][0] == "system"
    try:
        text = run(messages)
        if has_system and messages[0][1].strip() not in text:
            text = run(fold(messages))
    except TemplateError:
        text = run(fold(messages))
    return text[: text.index(END)] if is_prefill else text


def render_phi_2(messages):
    """The form that the model's card tells."""
    words = {"system": "{}\n", "user": "Instruct: {}\n", "assistant": "Output: {}\n"}
    is_prefill = messages[-1][0] == "assistant"
    text = "".join(words[role].replace("{}", said) for role, said in messages)
    return text[:-1] if is_prefill else text + "Output:"


def main():
    golden = []
    for family, tokens in FAMILIES.items():
        template = environment().from_string((FOLDER / f"{family}.jinja").read_text(encoding="utf-8"))
        for case, messages in CASES.items():
            golden.append((family, case, tokens, messages, render(template, tokens, messages)))
    for case, messages in CASES.items():
        golden.append(("phi-2", case, ("<|endoftext|>", "<|endoftext|>"), messages, render_phi_2(messages)))
    keys = ("family", "case", "tokens", "messages", "text")
    rows = [json.dumps(dict(zip(keys, row)), ensure_ascii=False) for row in golden]
    (FOLDER / "golden.json").write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
