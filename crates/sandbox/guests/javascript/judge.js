// What tests get to assert with. Lives in a realm of its own, which is frozen: no program reaches it, and what it
// counts leaves through `record`, never through what is printed.
(function (native, values, assertions, record) {
  const { assert, AssertionError, watch, isDeepStrictEqual, shown } = assertions;

  Error.stackTraceLimit = 24;
  let nested = 0; // blocks handed to assert.throws: what fails in there is expected
  let placeOfLater = 0;

  /** The line of the tests that made the current call; 0 when somebody else made it, -1 when native code did. */
  function lineOfTests() {
    const frames = new Error().stack.split("\n");
    if (frames.length < 2) return -1;
    const found = /\(tests\.js:(\d+):\d+\)$/.exec(frames[1]);
    return found ? Number(found[1]) : 0;
  }

  function tell(kind, text) {
    const line = placeOfLater > 0 ? placeOfLater : lineOfTests();
    placeOfLater = 0;
    if (line !== 0) record(kind, line > 0 ? line : 0, text);
  }

  watch.passed = () => {
    if (nested === 0) tell("P", "");
  };
  watch.failed = (why) => {
    if (nested === 0) tell("F", why);
  };
  watch.entered = () => {
    nested++;
  };
  watch.left = () => {
    nested--;
  };
  watch.place = lineOfTests;
  watch.at = (line) => {
    placeOfLater = line;
  };

  const asserting = function (isRight, ...words) {
    const line = lineOfTests();
    if (isRight) {
      if (line > 0) record("P", line, "");
      return;
    }
    const text = words.length > 0 ? `: ${values.format(...words)}` : "";
    if (line > 0) record("F", line, text ? text.slice(2) : "the assertion does not hold");
    native.write(2, `Assertion failed${text}\n`);
  };

  const frozen = (made) => {
    for (const key of Reflect.ownKeys(made)) {
      const found = Reflect.getOwnPropertyDescriptor(made, key);
      if (found.value !== made && typeof found.value === "function" && !Object.isFrozen(found.value)) {
        if (found.value.prototype) Object.freeze(found.value.prototype);
        Object.freeze(found.value);
        if (key === "strict") frozen(found.value);
      }
    }
    return Object.freeze(made);
  };
  frozen(assert.strict);
  frozen(assert);
  Object.freeze(asserting);

  /** [assert, console, require] for the tests. */
  function prepare(runtime) {
    const { console, require } = runtime;
    Object.defineProperty(console, "assert", { value: asserting, writable: false, configurable: false });
    const requireForTests = (name) => {
      const plain = String(name).startsWith("node:") ? String(name).slice(5) : String(name);
      if (plain === "assert") return assert;
      if (plain === "assert/strict") return assert.strict;
      const found = require(name);
      return plain === "util" ? { __proto__: found, isDeepStrictEqual, inspect: values.inspect } : found;
    };
    return [assert, console, Object.freeze(requireForTests)];
  }

  return { prepare, AssertionError, shown };
})
