"""A session of the official Python client with a running server: `session.py BASE_URL MODEL TOKEN`.

The model copies the last message of the user, and after plain text goes on with what followed the same words the last time.
"""

import json
import math
import sys

import openai

base_url, model, token = sys.argv[1:]
client = openai.OpenAI(base_url=base_url, api_key=token, max_retries=0, timeout=60)
CODE = "def add(a, b):\n    return a + b\n"
messages = [
    {"role": "system", "content": "Answer with what you are told."},
    {"role": "user", "content": CODE},
]


def check(holds, what, shown=None):
    if not holds:
        sys.exit(f"openai (Python): {what}: {shown!r}")


def chat(**options):
    return client.chat.completions.create(
        model=model, messages=messages, **{"temperature": 0, "max_tokens": 200, **options}
    )


def refused(kind, act):
    try:
        answer = act()
    except kind as error:
        return error
    sys.exit(f"openai (Python): no {kind.__name__} but {answer!r}")


# Models.
names = [known.id for known in client.models.list()]
check(model in names, "the model is listed", names)
check(client.models.retrieve(model).owned_by == "codegenie", "the model is found")
encoder = names[-1]

# A chat, whole.
whole = chat()
choice = whole.choices[0]
check(choice.message.role == "assistant" and choice.finish_reason == "stop", "a chat is answered", whole)
check(choice.message.content.strip() == CODE.strip(), "the model copies", choice.message.content)
usage = whole.usage
check(usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, "the usage adds up", usage)
check(usage.completion_tokens > 5 and whole.system_fingerprint.startswith("fp_"), "it is told", whole)

# The same in pieces.
pieces = list(chat(stream=True, stream_options={"include_usage": True}))
text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
check(text == choice.message.content, "the pieces are the whole", text)
check(pieces[0].choices[0].delta.role == "assistant", "the first piece says who speaks", pieces[0])
check(pieces[-2].choices[0].finish_reason == "stop", "the last choice says why it ended", pieces[-2])
check(pieces[-1].usage.completion_tokens == usage.completion_tokens, "the stream tells the usage", pieces[-1])
cached = pieces[-1].usage.prompt_tokens_details.cached_tokens
check(0 < cached < usage.prompt_tokens, "most of the prompt was known", pieces[-1])

# An answer that is expected to repeat the prompt is guessed from it, and is the same.
guessed = chat(prediction={"type": "content", "content": CODE})
check(guessed.choices[0].message.content == text, "guessing changes nothing", guessed)
check(guessed.usage.completion_tokens_details.accepted_prediction_tokens > 0, "guesses are right", guessed.usage)

# A client that stops reading in the middle leaves the server well.
with chat(stream=True) as stream:
    next(iter(stream))
check(chat().choices[0].message.content == text, "the next answer is as before")

# Stop, length, seed.
check(chat(stop="return").choices[0].message.content == text.split("return")[0], "a stop ends the text")
check(chat(stop=["+", "return"]).choices[0].finish_reason == "stop", "one of several stops ends it")
short = chat(max_tokens=3)
check(short.choices[0].finish_reason == "length" and short.usage.completion_tokens == 3, "a limit cuts it", short)
one, two = (chat(temperature=1.5, seed=7, max_tokens=24).choices[0].message.content for _ in range(2))
check(one == two, "a seed repeats", (one, two))

# Log-probabilities.
told = chat(logprobs=True, top_logprobs=2).choices[0].logprobs.content
check(b"".join(bytes(token.bytes) for token in told).decode() == text, "the tokens are the text", told)
for each in told:
    check(each.logprob <= 0 and len(each.top_logprobs) == 2, "every token has alternatives", each)
    total = sum(math.exp(other.logprob) for other in each.top_logprobs)
    check(total <= 1.001 and each.logprob <= each.top_logprobs[0].logprob + 1e-4, "they are probabilities", each)

# JSON, free and by a schema.
schema = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 8}, "level": {"enum": [1, 2, 3]}},
    "required": ["name", "level"],
    "additionalProperties": False,
}
form = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema, "strict": True}}
answer = json.loads(chat(response_format=form).choices[0].message.content)
check(set(answer) == {"name", "level"} and answer["level"] in (1, 2, 3), "the answer follows the schema", answer)
check(len(answer["name"]) <= 8, "its lengths too", answer)

# Texts.
plain = client.completions.create(model=model, prompt="red green blue red green", temperature=0, max_tokens=8, logprobs=1)
check("blue" in plain.choices[0].text, "a text is continued", plain)
lists = plain.choices[0].logprobs
check("".join(lists.tokens) == plain.choices[0].text, "its tokens are the text", lists)
check(len(lists.token_logprobs) == len(lists.top_logprobs) == len(lists.text_offset), "its lists are even", lists)
pieces = client.completions.create(model=model, prompt="red green blue red green", temperature=0, max_tokens=8, stream=True)
check("".join(piece.choices[0].text for piece in pieces) == plain.choices[0].text, "it streams")

# Vectors: the client asks for Base64 unless told otherwise.
texts = ["sort a list", "order an array", "bake bread"]
packed = [each.embedding for each in client.embeddings.create(model=encoder, input=texts).data]
plain = [each.embedding for each in client.embeddings.create(model=encoder, input=texts, encoding_format="float").data]
check(len(packed) == 3 and all(len(vector) == 384 for vector in packed), "every text has a vector")
for one, two in zip(packed, plain):
    check(all(abs(a - b) < 1e-6 for a, b in zip(one, two)), "both encodings say the same")
    check(abs(sum(a * a for a in one) - 1) < 1e-4, "vectors have unit length")
near, far = (sum(a * b for a, b in zip(packed[0], other)) for other in packed[1:])
check(near > far, "near texts have near vectors", (near, far))

# Refusals.
error = refused(openai.NotFoundError, lambda: client.chat.completions.create(model="gpt-x", messages=messages))
check(error.code == "model_not_found" and error.param == "model", "an unknown model is told", error.body)
error = refused(openai.BadRequestError, lambda: chat(temperature=3))
check(error.param == "temperature" and error.type == "invalid_request_error", "a field is named", error.body)
tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
error = refused(openai.BadRequestError, lambda: chat(tools=[tool]))
check(error.code == "unsupported_parameter" and error.param == "tools", "tools are refused", error.body)
long = [{"role": "user", "content": "word " * 60_000}]
error = refused(openai.BadRequestError, lambda: client.chat.completions.create(model=model, messages=long))
check(error.code == "context_length_exceeded", "a prompt that is too long is told", error.body)
stranger = openai.OpenAI(base_url=base_url, api_key="cg_" + "x" * 43, max_retries=0)
error = refused(openai.AuthenticationError, lambda: stranger.models.list())
check(error.code == "invalid_api_key", "a wrong token is told", error.body)

print("openai (Python)", openai.__version__, "passed")
