"""Measures transformers on random weights of a given shape in bfloat16, for `xtask bench`: one prompt is read, then tokens are
written one by one after it. The argument and the last line printed are JSON."""

import json
import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM


def main() -> None:
    asked = json.loads(sys.argv[1])
    prompt_tokens, new_tokens = asked["prompt"], asked["new"]
    torch.set_num_threads(asked["threads"])
    torch.manual_seed(1)
    torch.set_default_dtype(torch.bfloat16)
    model = LlamaForCausalLM(LlamaConfig(**asked["shape"])).eval()
    prompt = torch.randint(0, asked["shape"]["vocab_size"], (1, prompt_tokens))
    with torch.inference_mode():
        model(prompt[:, :16], use_cache=True)  # warms up

        began = time.perf_counter()
        told = model(prompt, use_cache=True, logits_to_keep=1)
        prefill = time.perf_counter() - began

        began = time.perf_counter()
        for _ in range(new_tokens):
            token = told.logits[:, -1:].argmax(-1)
            told = model(token, past_key_values=told.past_key_values, use_cache=True)
        decode = time.perf_counter() - began
    print(json.dumps({"prefill": prompt_tokens / prefill, "decode": new_tokens / decode}))


main()
