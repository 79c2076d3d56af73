#!/usr/bin/env bash
# Puts first inputs into seeds/TARGET: this project's own samples, and small whole files of the binary formats.
set -euo pipefail
cd "$(dirname "$0")"
samples=../crates/analysis/tests/it/samples

seed() { # TARGET NAME, the bytes on standard input
  mkdir -p "seeds/$1"
  cat >"seeds/$1/$2"
}
# A number of N bytes, the lowest first.
little() { # NUMBER N
  local i
  for ((i = 0; i < $2; i++)); do printf '%b' "\\x$(printf '%02x' $((($1 >> (8 * i)) & 255)))"; done
}
text() { little ${#1} 8; printf '%s' "$1"; } # a text of GGUF: its length, then itself

for pair in python:py javascript:js typescript:ts c:c cpp:cpp sql:sql rust:rs java:java go:go; do
  for file in "$samples"/*."${pair#*:}"; do
    name=$(basename "$file")
    seed "analyse_${pair%:*}" "$name" <"$file"
    seed detect_language "$name" <"$file"
  done
done
# The first letter says which language, as the target has it.
{ printf 'a value total\n'; cat "$samples/average.py"; } | seed rename python
{ printf 'b orders sales\n'; cat "$samples/orders.js"; } | seed rename javascript
{ printf 'g Shape Form\n'; cat "$samples/shape.rs"; } | seed rename rust

printf '%s\n' '{"task_id":"Own/0","prompt":"def double(x):\n    \"\"\"Twice x.\"\"\"\n","entry_point":"double","canonical_solution":"    return 2 * x\n","test":"def check(f):\n    assert f(2) == 4\n"}' |
  tee >(gzip -9n | seed humaneval packed) | seed humaneval plain

{ # one key, one tensor of two numbers
  printf 'GGUF'; little 3 4; little 1 8; little 1 8
  text general.architecture; little 8 4; text bert
  text weight; little 1 4; little 2 8; little 0 4; little 0 8
  printf '%064d' 0
} | seed gguf small

sha=$(printf '0a%.0s' {1..32})
printf '%s' "{\"format\":1,\"weights\":{\"sha256\":\"$sha\",\"size_bytes\":7,\"modified_ns\":9},\"architecture\":\"llama\",\"quantisation\":\"F32\",\"parameters\":56,\"context_tokens\":64,\"has_template\":true,\"licence\":\"mit\",\"source\":\"import\",\"added_at_ms\":5,\"adapters\":[{\"name\":\"own\",\"file\":{\"sha256\":\"$sha\",\"size_bytes\":1,\"modified_ns\":2},\"source\":\"import\",\"added_at_ms\":6}]}" |
  seed model_manifest small

config='{"model_type":"bert","hidden_act":"gelu","hidden_size":2,"intermediate_size":2,"layer_norm_eps":1e-12,"max_position_embeddings":2,"num_attention_heads":1,"num_hidden_layers":1,"type_vocab_size":2,"vocab_size":5}'
words=$'[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n'
head='{"embeddings.word_embeddings.weight":{"dtype":"F32","shape":[5,2],"data_offsets":[0,40]}}'
{
  little $((${#config} >> 8)) 1; little $((${#config} & 255)) 1
  little $((${#words} >> 8)) 1; little $((${#words} & 255)) 1
  printf '%s%s' "$config" "$words"
  little ${#head} 8; printf '%s%040d' "$head" 0
} | seed safetensors small

{ little 21 4; little 1 1; little 7 8; little 1 4; little 4 4; printf 'text'; } | seed engine_frames request
{ little 5 4; little 2 1; little 384 4; } | seed engine_frames ready
{ little 29 4; little 3 1; little 7 8; little 1 4; little 3 4; little 1 4; little 2 4; little 3 4; } | seed engine_frames vectors
{ little 15 4; little 4 1; little 7 8; little 2 4; printf 'no'; } | seed engine_frames refused

printf 'How do I reverse a linked list in Rust with my_list.iter().rev()?' | seed question rust
printf 'explain OAuth2 and the GROUP BY of SQL' | seed question words
printf 'someone@example.org' | seed account_fields email
printf 'some-one_9' | seed account_fields username
printf 'correct horse battery' | seed account_fields password

frame() { # JSON: its length, then itself
  little ${#1} 4
  printf '%s' "$1"
}
frame '{"cancel":{"id":7}}' | seed writing_frames cancel
frame '{"write":{"id":7,"prompt":[{"text":"hi","is_markup":false}],"shared_segments":0,"owner":"o","adapter":null,"sampling":{"temperature":0.5,"top_k":40,"top_p":0.9,"min_p":0,"repeat_penalty":1,"frequency_penalty":0,"presence_penalty":0,"seed":1,"stop":["x"],"max_new_tokens":9},"grammar":null,"is_lookup":true,"logprobs":2}}' | seed writing_frames write
frame '{"ready":{"context_tokens":9,"parallel_max":1,"gpu_layers":0,"weights_bytes":1,"context_bytes":1,"adapters_bytes":0,"compute_bytes":1}}' | seed writing_frames ready
frame '{"text":{"id":7,"text":"a","tokens":[{"bytes":[97],"logprob":-0.5,"top":[[[98],-1.5]]}]}}' | seed writing_frames text
frame '{"refused":{"id":7,"refusal":{"too_long":{"prompt_tokens":9,"context_tokens":8}}}}' | seed writing_frames refused

for file in ../crates/inference/tests/templates/*.jinja; do
  seed chat_template "$(basename "$file" .jinja)" <"$file"
done
printf '%s' '{"type":"object","properties":{"a":{"type":"integer","minimum":-3,"maximum":120},"b":{"$ref":"#/$defs/c"}},"required":["b"],"$defs":{"c":{"anyOf":[{"type":"string","pattern":"^[a-z]{2,4}(x|y)+$"},{"type":"array","items":{"$ref":"#/$defs/c"},"maxItems":3}]}}}' |
  seed json_schema recursive
printf '%s' '{"allOf":[{"properties":{"kind":{"enum":["a","b"]}}},{"oneOf":[{"properties":{"kind":{"const":"a"}},"required":["kind"]},{"type":"null"}]}],"format":"date-time","nullable":true}' |
  seed json_schema merged
printf '\x08data: {"choices":[]}\r\n\r\n: comment\ndata: a\ndata: b\n\n' | seed sse events
