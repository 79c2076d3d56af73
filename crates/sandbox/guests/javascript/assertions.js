// Node's `assert`, once for each realm: the program's own, and the judge's, whose errors still are the program's Errors.
(function (native, values, ErrorOfProgram) {
  const { kind } = native;
  const { inspect, isTyped } = values;
  const BaseError = ErrorOfProgram ?? Error;
  const getOwn = Reflect.getOwnPropertyDescriptor;
  const prototypeOf = Reflect.getPrototypeOf;
  const apply = Reflect.apply;
  const getTime = Date.prototype.getTime;
  const mapHas = Map.prototype.has;
  const mapGet = Map.prototype.get;
  const mapEntries = Map.prototype.entries;
  const mapSize = getOwn(Map.prototype, "size").get;
  const setHas = Set.prototype.has;
  const setValues = Set.prototype.values;
  const setSize = getOwn(Set.prototype, "size").get;
  const sourceOf = getOwn(RegExp.prototype, "source").get;
  const flagsOf = getOwn(RegExp.prototype, "flags").get;
  const boxed = {
    Number: Number.prototype.valueOf,
    String: String.prototype.valueOf,
    Boolean: Boolean.prototype.valueOf,
    Symbol: Symbol.prototype.valueOf,
    BigInt: BigInt.prototype.valueOf,
  };
  const typedPrototype = prototypeOf(Uint8Array.prototype);
  const lengthOf = getOwn(typedPrototype, "length").get;
  const listOf = (iterator) => [...{ [Symbol.iterator]: () => iterator }];

  const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

  /** `instanceof`, without asking the class what it thinks of it. */
  function isInstance(value, type) {
    if (!isObject(value)) return false;
    const wanted = type.prototype;
    if (!isObject(wanted)) return false;
    for (let at = prototypeOf(value), steps = 0; at !== null && steps < 10000; at = prototypeOf(at), steps++) {
      if (at === wanted) return true;
    }
    return false;
  }

  // ---- equality ----
  function enumerableKeys(object, isStrict) {
    const keys = [];
    for (const key of Reflect.ownKeys(object)) {
      if (!isStrict && typeof key === "symbol") continue;
      if (getOwn(object, key)?.enumerable) keys.push(key);
    }
    return keys;
  }

  function sameKeys(a, b, isStrict, memo, isSkipped) {
    const keys = enumerableKeys(a, isStrict).filter((key) => !isSkipped(key));
    const others = enumerableKeys(b, isStrict).filter((key) => !isSkipped(key));
    if (keys.length !== others.length) return false;
    const there = new Set(others);
    for (const key of keys) if (!there.has(key)) return false;
    for (const key of keys) if (!areEqual(a[key], b[key], isStrict, memo)) return false;
    return true;
  }

  const isPlain = (value, isStrict) => !isObject(value) && (isStrict || value !== null || true);

  function sameSets(a, b, isStrict, memo) {
    const rest = listOf(apply(setValues, b, []));
    for (const item of listOf(apply(setValues, a, []))) {
      if (isPlain(item) && apply(setHas, b, [item])) {
        rest.splice(rest.findIndex((other) => Object.is(other, item) || other === item), 1);
        continue;
      }
      const at = rest.findIndex((other) => (isObject(item) || !isStrict) && areEqual(item, other, isStrict, memo));
      if (at < 0) return false;
      rest.splice(at, 1);
    }
    return rest.length === 0;
  }

  function sameMaps(a, b, isStrict, memo) {
    const rest = listOf(apply(mapEntries, b, []));
    for (const [key, item] of listOf(apply(mapEntries, a, []))) {
      if (apply(mapHas, b, [key])) {
        if (!areEqual(item, apply(mapGet, b, [key]), isStrict, memo)) return false;
        rest.splice(rest.findIndex((other) => Object.is(other[0], key) || other[0] === key), 1);
        continue;
      }
      const at = rest.findIndex(
        (other) =>
          (isObject(key) || !isStrict) && areEqual(key, other[0], isStrict, memo) && areEqual(item, other[1], isStrict, memo),
      );
      if (at < 0) return false;
      rest.splice(at, 1);
    }
    return rest.length === 0;
  }

  function bytesOf(buffer) {
    return new Uint8Array(buffer);
  }

  function sameItems(a, b, length, isStrict, memo) {
    for (let i = 0; i < length; i++) {
      const isThere = getOwn(a, i) !== undefined;
      if (isStrict && isThere !== (getOwn(b, i) !== undefined)) return false;
      if (!areEqual(a[i], b[i], isStrict, memo)) return false;
    }
    return true;
  }

  function sameParts(a, b, what, isStrict, memo) {
    let isSkipped = () => false;
    if (what === "Array" || what === "Arguments" || isTyped(what)) {
      const length = isTyped(what) ? apply(lengthOf, a, []) : a.length;
      const other = isTyped(what) ? apply(lengthOf, b, []) : b.length;
      if (length !== other || !sameItems(a, b, length, isStrict, memo)) return false;
      isSkipped = (key) => typeof key === "string" && /^(?:0|[1-9]\d*)$/.test(key);
    } else if (what === "Date") {
      if (!Object.is(apply(getTime, a, []), apply(getTime, b, []))) return false;
    } else if (what === "RegExp") {
      if (apply(sourceOf, a, []) !== apply(sourceOf, b, []) || apply(flagsOf, a, []) !== apply(flagsOf, b, [])) return false;
      if (a.lastIndex !== b.lastIndex) return false;
    } else if (what === "Error") {
      if (a.message !== b.message || a.name !== b.name) return false;
      for (const key of ["cause", "errors"]) {
        const isThere = getOwn(a, key) !== undefined;
        if (isThere !== (getOwn(b, key) !== undefined)) return false;
        if (isThere && !areEqual(a[key], b[key], isStrict, memo)) return false;
      }
      isSkipped = (key) => key === "stack";
    } else if (boxed[what]) {
      const inner = apply(boxed[what], a, []);
      if (!Object.is(inner, apply(boxed[what], b, []))) return false;
      isSkipped = (key) => what === "String" && typeof key === "string" && Number(key) < inner.length;
    } else if (what === "Map") {
      if (apply(mapSize, a, []) !== apply(mapSize, b, []) || !sameMaps(a, b, isStrict, memo)) return false;
    } else if (what === "Set") {
      if (apply(setSize, a, []) !== apply(setSize, b, []) || !sameSets(a, b, isStrict, memo)) return false;
    } else if (what === "ArrayBuffer") {
      const [one, two] = [bytesOf(a), bytesOf(b)];
      if (one.length !== two.length || !sameItems(one, two, one.length, isStrict, memo)) return false;
    } else if (what === "Promise" || what === "WeakMap" || what === "WeakSet" || what === "WeakRef") {
      return false; // what they hold cannot be seen, and they are not the same
    }
    return sameKeys(a, b, isStrict, memo, isSkipped);
  }

  function areEqual(a, b, isStrict, memo) {
    if (isStrict ? Object.is(a, b) : a === b) return true;
    if (!isObject(a) || !isObject(b)) {
      if (isStrict) return false;
      // Only primitives are compared loosely: an object would be asked to turn itself into one.
      return !isObject(a) && !isObject(b) && (a == b || (a !== a && b !== b));
    }
    if (typeof a === "function" || typeof b === "function") return false;
    const what = kind(a);
    if (what !== kind(b)) return false;
    if (isStrict) {
      if (prototypeOf(a) !== prototypeOf(b)) return false;
      if (a[Symbol.toStringTag] !== b[Symbol.toStringTag]) return false;
    }
    const known = memo.get(a);
    if (known !== undefined) {
      if (known.includes(b)) return true;
      known.push(b);
    } else memo.set(a, [b]);
    const same = sameParts(a, b, what, isStrict, memo);
    if (!same) memo.get(a).pop();
    return same;
  }

  const isDeepStrictEqual = (a, b) => areEqual(a, b, true, new Map());
  const isDeepEqual = (a, b) => areEqual(a, b, false, new Map());

  // ---- assertions ----
  const define = (object, key, value) =>
    Object.defineProperty(object, key, { value, writable: true, configurable: true, enumerable: false });

  class AssertionError extends BaseError {
    constructor(options) {
      super(String(options?.message ?? ""));
      define(this, "name", "AssertionError");
      this.generatedMessage = !options?.isGiven;
      this.code = "ERR_ASSERTION";
      this.actual = options?.actual;
      this.expected = options?.expected;
      this.operator = options?.operator;
    }
  }

  const shown = (value) => {
    try {
      return inspect(value, { depth: 5 }).slice(0, 600);
    } catch {
      return "a value that cannot be shown";
    }
  };

  /** Hooks of the judge: told of every assertion before it throws. */
  const watch = { passed() {}, failed() {}, entered() {}, left() {} };

  function fail(message, why, actual, expected, operator) {
    if (kind(message) === "Error") {
      watch.failed(values.headOf(message));
      throw message;
    }
    const isGiven = message !== undefined;
    const text = isGiven ? String(message) : why;
    watch.failed(isGiven ? `${text} (${why})` : why);
    throw new AssertionError({ message: text, isGiven, actual, expected, operator });
  }

  function check(isRight, message, why, actual, expected, operator) {
    if (isRight) watch.passed();
    else fail(message, why(), actual, expected, operator);
  }

  const differ = (actual, expected) => () => `expected ${shown(expected)}, got ${shown(actual)}`;
  const same = (actual, expected) => () => `expected anything but ${shown(expected)}, got ${shown(actual)}`;

  function assert(...given) {
    check(given[0], given[1], () => (given.length === 0 ? "nothing was asserted" : `expected something true, got ${shown(given[0])}`), given[0], true, "==");
  }

  /** Whether `error` is what `expected` describes: a class, a pattern, a test, or properties. Null when it is, else why not. */
  function mismatch(error, expected) {
    if (expected === undefined) return null;
    if (kind(expected) === "RegExp") {
      const text = String(error);
      return apply(RegExp.prototype.exec, expected, [text]) !== null ? null : `${shown(text)} does not match ${shown(expected)}`;
    }
    if (typeof expected === "function") {
      if (expected.prototype !== undefined && isInstance(error, expected)) return null;
      const isClass = isObject(expected.prototype) && (isInstance(expected.prototype, BaseError) || expected.prototype === BaseError.prototype);
      if (isClass || /^class\b/.test(Function.prototype.toString.call(expected))) {
        return `expected ${expected.name || "the given class"}, got ${shown(error)}`;
      }
      return expected.call({}, error) === true ? null : `the check of the error returned something else than true for ${shown(error)}`;
    }
    if (!isObject(error)) return `expected an error with the given properties, got ${shown(error)}`;
    const keys = Object.keys(expected);
    if (kind(expected) === "Error") keys.push("name", "message");
    for (const key of keys) {
      const [is, wanted] = [error[key], expected[key]];
      if (kind(wanted) === "RegExp" && typeof is === "string") {
        if (apply(RegExp.prototype.exec, wanted, [is]) !== null) continue;
      } else if (isDeepStrictEqual(is, wanted)) continue;
      return `the error's ${key}: expected ${shown(wanted)}, got ${shown(is)}`;
    }
    return null;
  }

  function judgeThrown(outcome, expected, message, verb) {
    let wanted = expected;
    let text = message;
    if (typeof wanted === "string") [wanted, text] = [undefined, wanted];
    if (!outcome) fail(text, `nothing was ${verb}`, undefined, wanted, verb);
    const why = mismatch(outcome.error, wanted);
    if (why !== null) fail(text, why, outcome.error, wanted, verb);
    watch.passed();
  }

  function needFunction(block) {
    if (typeof block !== "function") throw new TypeError("The \"fn\" argument must be of type function");
  }

  function attempt(block) {
    needFunction(block);
    watch.entered();
    try {
      block();
      return null;
    } catch (error) {
      return { error };
    } finally {
      watch.left();
    }
  }

  async function attemptLater(block) {
    try {
      const promise = typeof block === "function" ? block() : block;
      if (!isObject(promise) || typeof promise.then !== "function") {
        throw new TypeError("The \"promiseFn\" argument must be a function that returns a promise, or a promise");
      }
      await promise;
      return null;
    } catch (error) {
      return { error };
    }
  }

  const methods = {
    ok: function ok(...given) {
      assert(...given);
    },
    fail(message) {
      fail(message ?? "Failed", "the tests came to assert.fail", undefined, undefined, "fail");
    },
    equal(actual, expected, message) {
      check(actual == expected || (actual !== actual && expected !== expected), message, differ(actual, expected), actual, expected, "==");
    },
    notEqual(actual, expected, message) {
      check(!(actual == expected || (actual !== actual && expected !== expected)), message, same(actual, expected), actual, expected, "!=");
    },
    strictEqual(actual, expected, message) {
      check(Object.is(actual, expected), message, differ(actual, expected), actual, expected, "strictEqual");
    },
    notStrictEqual(actual, expected, message) {
      check(!Object.is(actual, expected), message, same(actual, expected), actual, expected, "notStrictEqual");
    },
    deepEqual(actual, expected, message) {
      check(isDeepEqual(actual, expected), message, differ(actual, expected), actual, expected, "deepEqual");
    },
    notDeepEqual(actual, expected, message) {
      check(!isDeepEqual(actual, expected), message, same(actual, expected), actual, expected, "notDeepEqual");
    },
    deepStrictEqual(actual, expected, message) {
      check(isDeepStrictEqual(actual, expected), message, differ(actual, expected), actual, expected, "deepStrictEqual");
    },
    notDeepStrictEqual(actual, expected, message) {
      check(!isDeepStrictEqual(actual, expected), message, same(actual, expected), actual, expected, "notDeepStrictEqual");
    },
    match(text, pattern, message) {
      const is = typeof text === "string" && apply(RegExp.prototype.exec, pattern, [text]) !== null;
      check(is, message, () => `${shown(text)} does not match ${shown(pattern)}`, text, pattern, "match");
    },
    doesNotMatch(text, pattern, message) {
      const is = typeof text === "string" && apply(RegExp.prototype.exec, pattern, [text]) === null;
      check(is, message, () => `${shown(text)} matches ${shown(pattern)}`, text, pattern, "doesNotMatch");
    },
    ifError(value) {
      check(value === null || value === undefined, undefined, () => `ifError got ${shown(value)}`, value, null, "ifError");
    },
    throws(block, expected, message) {
      judgeThrown(attempt(block), expected, message, "thrown");
    },
    doesNotThrow(block, expected, message) {
      const outcome = attempt(block);
      const text = typeof expected === "string" ? expected : message;
      check(outcome === null, text, () => `an error was thrown: ${shown(outcome.error)}`, undefined, undefined, "doesNotThrow");
    },
    async rejects(block, expected, message) {
      const place = watch.place?.();
      const outcome = await attemptLater(block);
      if (place !== undefined) watch.at(place);
      judgeThrown(outcome, expected, message, "rejected");
    },
    async doesNotReject(block, expected, message) {
      const place = watch.place?.();
      const outcome = await attemptLater(block);
      if (place !== undefined) watch.at(place);
      const text = typeof expected === "string" ? expected : message;
      check(outcome === null, text, () => `the promise was rejected: ${shown(outcome.error)}`, undefined, undefined, "doesNotReject");
    },
  };

  function build(isStrict) {
    const made = function ok(...given) {
      assert(...given);
    };
    for (const key of Object.keys(methods)) define(made, key, methods[key]);
    if (isStrict) {
      define(made, "equal", methods.strictEqual);
      define(made, "notEqual", methods.notStrictEqual);
      define(made, "deepEqual", methods.deepStrictEqual);
      define(made, "notDeepEqual", methods.notDeepStrictEqual);
    }
    define(made, "AssertionError", AssertionError);
    return made;
  }

  const usual = build(false);
  const strict = build(true);
  define(usual, "strict", strict);
  define(strict, "strict", strict);
  return { assert: usual, AssertionError, isDeepStrictEqual, watch, methods, shown };
})
