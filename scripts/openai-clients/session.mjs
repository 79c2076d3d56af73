// A session of the official JavaScript client with a running server: `session.mjs BASE_URL MODEL TOKEN`.
// The model copies the last message of the user, and after plain text goes on with what followed the same words the last time.

import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { VERSION } from 'openai/version';

const [baseURL, model, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0, timeout: 60_000 });
const CODE = 'def add(a, b):\n    return a + b\n';
const messages = [
  { role: 'developer', content: 'Answer with what you are told.' },
  { role: 'user', content: [{ type: 'text', text: CODE }] }
];
const chat = (options = {}) =>
  client.chat.completions.create({ model, messages, temperature: 0, max_completion_tokens: 200, ...options });

async function refused(kind, act) {
  const error = await act().then(
    () => undefined,
    (reason) => reason
  );
  assert.ok(error instanceof kind, `no ${kind.name} but ${error}`);
  return error;
}

// Models.
const names = [];
for await (const known of client.models.list()) names.push(known.id);
assert.ok(names.includes(model), `${names}`);
assert.equal((await client.models.retrieve(model)).owned_by, 'codegenie');
const encoder = names.at(-1);

// A chat, whole.
const whole = await chat();
const [choice] = whole.choices;
assert.equal(choice.message.content.trim(), CODE.trim());
assert.equal(choice.finish_reason, 'stop');
assert.equal(whole.usage.total_tokens, whole.usage.prompt_tokens + whole.usage.completion_tokens);
assert.match(whole.system_fingerprint, /^fp_[0-9a-f]+$/);

// The same in pieces.
let text = '';
let usage;
for await (const piece of await chat({ stream: true, stream_options: { include_usage: true } })) {
  text += piece.choices[0]?.delta.content ?? '';
  usage = piece.usage ?? usage;
}
assert.equal(text, choice.message.content);
assert.equal(usage.completion_tokens, whole.usage.completion_tokens);
assert.ok(usage.prompt_tokens_details.cached_tokens > 0);

// The client's own reader of streams.
const read = client.chat.completions.stream({ model, messages, temperature: 0 });
assert.equal(await read.finalContent(), text);

// A client that leaves in the middle.
const left = await chat({ stream: true });
for await (const piece of left) {
  assert.ok(piece.id);
  left.controller.abort();
  break;
}
assert.equal((await chat()).choices[0].message.content, text);

// Stop, length, seed.
assert.equal((await chat({ stop: ['return'] })).choices[0].message.content, text.split('return')[0]);
const short = await chat({ max_completion_tokens: 3 });
assert.equal(short.choices[0].finish_reason, 'length');
const drawn = () => chat({ temperature: 1.5, seed: 7, max_completion_tokens: 24 });
assert.equal((await drawn()).choices[0].message.content, (await drawn()).choices[0].message.content);

// Log-probabilities.
const tokens = (await chat({ logprobs: true, top_logprobs: 2 })).choices[0].logprobs.content;
assert.equal(Buffer.from(tokens.flatMap(({ bytes }) => bytes)).toString(), text);
for (const token of tokens) {
  assert.ok(token.logprob <= 0 && token.top_logprobs.length === 2);
}

// JSON.
const schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'], additionalProperties: false };
const response_format = { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } };
const answer = JSON.parse((await chat({ response_format })).choices[0].message.content);
assert.deepEqual(Object.keys(answer), ['ok']);
assert.equal(typeof answer.ok, 'boolean');

// Texts.
const asked = { model, prompt: 'red green blue red green', temperature: 0, max_tokens: 8 };
const plain = await client.completions.create(asked);
assert.match(plain.choices[0].text, /blue/);
let pieces = '';
for await (const piece of await client.completions.create({ ...asked, stream: true })) pieces += piece.choices[0].text;
assert.equal(pieces, plain.choices[0].text);

// Vectors.
const { data, usage: embedded } = await client.embeddings.create({ model: encoder, input: ['sort a list', 'bake bread'] });
assert.equal(data.length, 2);
assert.deepEqual(embedded, { prompt_tokens: 10, total_tokens: 10 });
for (const { embedding } of data) {
  assert.equal(embedding.length, 384);
  assert.ok(Math.abs(embedding.reduce((sum, x) => sum + x * x, 0) - 1) < 1e-4);
}

// Refusals.
const unknown = await refused(OpenAI.NotFoundError, () => client.chat.completions.create({ model: 'gpt-x', messages }));
assert.equal(unknown.code, 'model_not_found');
const tool = { type: 'function', function: { name: 'f', parameters: {} } };
const tools = await refused(OpenAI.BadRequestError, () => chat({ tools: [tool] }));
assert.equal(tools.param, 'tools');
const stranger = new OpenAI({ baseURL, apiKey: `cg_${'x'.repeat(43)}`, maxRetries: 0 });
assert.equal((await refused(OpenAI.AuthenticationError, () => stranger.models.list())).code, 'invalid_api_key');

console.log('openai (JavaScript)', VERSION, 'passed');
