// The few modules a program may `require`, and its standard input. Files, network and processes are not among them.
(function (native, values, assertions) {
  const { inspect, format } = values;

  class EventEmitter {
    static defaultMaxListeners = 10;
    #listeners = new Map();
    #add(event, listener, isFirst, isOnce) {
      if (typeof listener !== "function") throw new TypeError('The "listener" argument must be of type function');
      const list = this.#listeners.get(event) ?? [];
      const entry = { listener, isOnce };
      this.#listeners.set(event, isFirst ? [entry, ...list] : [...list, entry]);
      return this;
    }
    on(event, listener) {
      return this.#add(event, listener, false, false);
    }
    addListener(event, listener) {
      return this.#add(event, listener, false, false);
    }
    once(event, listener) {
      return this.#add(event, listener, false, true);
    }
    prependListener(event, listener) {
      return this.#add(event, listener, true, false);
    }
    prependOnceListener(event, listener) {
      return this.#add(event, listener, true, true);
    }
    off(event, listener) {
      const list = this.#listeners.get(event) ?? [];
      const at = list.findLastIndex((entry) => entry.listener === listener);
      if (at >= 0) this.#listeners.set(event, list.toSpliced(at, 1));
      if (this.#listeners.get(event)?.length === 0) this.#listeners.delete(event);
      return this;
    }
    removeListener(event, listener) {
      return this.off(event, listener);
    }
    removeAllListeners(event) {
      if (event === undefined) this.#listeners.clear();
      else this.#listeners.delete(event);
      return this;
    }
    emit(event, ...words) {
      const list = this.#listeners.get(event);
      if (list === undefined) {
        if (event === "error") throw words[0] instanceof Error ? words[0] : new Error(`Unhandled error. (${inspect(words[0])})`);
        return false;
      }
      for (const entry of list) {
        if (entry.isOnce) this.off(event, entry.listener);
        Reflect.apply(entry.listener, this, words);
      }
      return true;
    }
    listenerCount(event) {
      return this.#listeners.get(event)?.length ?? 0;
    }
    listeners(event) {
      return (this.#listeners.get(event) ?? []).map((entry) => entry.listener);
    }
    rawListeners(event) {
      return this.listeners(event);
    }
    eventNames() {
      return [...this.#listeners.keys()];
    }
    setMaxListeners() {
      return this;
    }
    getMaxListeners() {
      return 10;
    }
  }
  EventEmitter.EventEmitter = EventEmitter;
  EventEmitter.once = (emitter, event) =>
    new Promise((resolve, reject) => {
      const onError = (error) => reject(error);
      emitter.once(event, (...words) => {
        emitter.off("error", onError);
        resolve(words);
      });
      if (event !== "error") emitter.once("error", onError);
    });

  class Stdin extends EventEmitter {
    #rest = native.input();
    #isAsked = false;
    #nextTick;
    fd = 0;
    isTTY = false;
    constructor(nextTick) {
      super();
      this.#nextTick = nextTick;
    }
    take() {
      const text = this.#rest;
      this.#rest = "";
      return text;
    }
    readLine() {
      if (this.#rest === "") return null;
      const end = this.#rest.indexOf("\n");
      const line = end < 0 ? this.#rest : this.#rest.slice(0, end);
      this.#rest = end < 0 ? "" : this.#rest.slice(end + 1);
      return line.endsWith("\r") ? line.slice(0, -1) : line;
    }
    #flow() {
      if (this.#isAsked) return;
      this.#isAsked = true;
      this.#nextTick(() => {
        const text = this.take();
        if (text !== "") this.emit("data", text);
        this.emit("end");
        this.emit("close");
      });
    }
    on(event, listener) {
      super.on(event, listener);
      if (event === "data") this.#flow();
      if (event === "readable") this.#nextTick(() => this.emit("readable") && this.emit("end"));
      if (event === "end") this.#nextTick(() => this.#rest === "" && this.#flow());
      return this;
    }
    read() {
      return this.#rest === "" ? null : this.take();
    }
    setEncoding() {
      return this;
    }
    resume() {
      this.#flow();
      return this;
    }
    pause() {
      return this;
    }
    unref() {
      return this;
    }
    ref() {
      return this;
    }
    pipe(to) {
      to.write(this.take());
      return to;
    }
    async *[Symbol.asyncIterator]() {
      const text = this.take();
      if (text !== "") yield text;
    }
  }

  class Interface extends EventEmitter {
    #input;
    #output;
    #nextTick;
    #isClosed = false;
    #isFlowing = false;
    #asked = [];
    constructor({ input, output } = {}, nextTick) {
      super();
      this.#input = input;
      this.#output = output;
      this.#nextTick = nextTick;
    }
    on(event, listener) {
      super.on(event, listener);
      if (event === "line" || event === "close") this.#flow();
      return this;
    }
    once(event, listener) {
      super.once(event, listener);
      if (event === "line") this.#flow();
      return this;
    }
    #flow() {
      if (this.#isFlowing) return;
      this.#isFlowing = true;
      const step = () => {
        if (this.#isClosed || (this.listenerCount("line") === 0 && this.#asked.length > 0)) {
          this.#isFlowing = false;
          return;
        }
        const line = this.#input?.readLine?.() ?? null;
        if (line === null) return this.close();
        this.emit("line", line);
        this.#nextTick(step);
      };
      this.#nextTick(step);
    }
    question(text, options, done) {
      const callback = typeof options === "function" ? options : done;
      this.#output?.write?.(text);
      this.#asked.push(callback);
      this.#nextTick(() => {
        const line = this.#input?.readLine?.() ?? null;
        this.#asked.shift();
        if (line === null) this.close();
        else callback(line);
      });
    }
    setPrompt() {}
    prompt() {
      this.#flow();
    }
    write() {}
    pause() {
      return this;
    }
    resume() {
      return this;
    }
    close() {
      if (this.#isClosed) return;
      this.#isClosed = true;
      this.emit("close");
    }
    async *[Symbol.asyncIterator]() {
      for (let line = this.#input.readLine(); line !== null; line = this.#input.readLine()) yield line;
    }
  }

  const ABSENT = ["child_process", "cluster", "dgram", "dns", "fs/promises", "http", "http2", "https", "inspector", "net",
    "os", "repl", "sqlite", "tls", "v8", "vm", "wasi", "worker_threads", "zlib"];

  return function makeModules({ process, timing, web, nextTick, performance }) {
    const stdin = new Stdin(nextTick);

    const denyFile = (name) => {
      const reason = `the program asked for the file ${inspect(name)}, and there are no files in the sandbox; standard input can be read with readFileSync(0)`;
      native.deny(reason);
      const error = new Error(`ENOENT: ${reason}`);
      error.code = "ENOENT";
      return error;
    };
    const readFileSync = (name, options) => {
      if (name !== 0 && name !== "/dev/stdin") throw denyFile(name);
      const text = stdin.take();
      const encoding = typeof options === "string" ? options : options?.encoding;
      return encoding ? text : web.bytesWithText(text);
    };
    const fs = {
      readFileSync,
      writeFileSync(name, text) {
        if (name !== 1 && name !== 2 && name !== "/dev/stdout") throw denyFile(name);
        native.write(name === 2 ? 2 : 1, String(text));
      },
      writeSync(fd, text) {
        if (fd !== 1 && fd !== 2) throw denyFile(fd);
        native.write(fd, String(text));
        return String(text).length;
      },
      readFile(name, options, done) {
        const callback = typeof options === "function" ? options : done;
        try {
          const text = readFileSync(name, typeof options === "function" ? undefined : options);
          nextTick(() => callback(null, text));
        } catch (error) {
          nextTick(() => callback(error));
        }
      },
      existsSync: () => false,
    };

    const promisify = (method) => {
      if (typeof method !== "function") throw new TypeError('The "original" argument must be of type function');
      const custom = method[promisify.custom];
      if (typeof custom === "function") return custom;
      return function (...words) {
        return new Promise((resolve, reject) => {
          Reflect.apply(method, this, [...words, (error, value) => (error ? reject(error) : resolve(value))]);
        });
      };
    };
    promisify.custom = Symbol.for("nodejs.util.promisify.custom");
    const sleep = (delay, value) => new Promise((resolve) => timing.setTimeout(resolve, delay, value));
    timing.setTimeout[promisify.custom] = sleep;

    const is = (...names) => (value) => names.includes(native.kind(value));
    const util = {
      inspect,
      format,
      promisify,
      isDeepStrictEqual: assertions.isDeepStrictEqual,
      callbackify: (method) => (...words) => {
        const done = words.pop();
        method(...words).then((value) => nextTick(done, null, value), (error) => nextTick(done, error));
      },
      deprecate: (method) => method,
      inherits(child, parent) {
        Object.setPrototypeOf(child.prototype, parent.prototype);
      },
      isArray: Array.isArray,
      types: {
        isDate: is("Date"),
        isRegExp: is("RegExp"),
        isMap: is("Map"),
        isSet: is("Set"),
        isPromise: is("Promise"),
        isProxy: is("Proxy"),
        isNativeError: is("Error"),
        isTypedArray: (value) => values.isTyped(native.kind(value)),
        isGeneratorFunction: is("GeneratorFunction"),
        isAsyncFunction: is("AsyncFunction", "AsyncGeneratorFunction"),
      },
      TextEncoder: web.globals.TextEncoder,
      TextDecoder: web.globals.TextDecoder,
    };

    const readline = { createInterface: (options) => new Interface(options, nextTick), Interface };
    const readlinePromises = {
      createInterface(options) {
        const made = new Interface(options, nextTick);
        const question = made.question.bind(made);
        made.question = (text) => new Promise((resolve) => question(text, resolve));
        return made;
      },
    };
    const available = {
      assert: assertions.assert,
      "assert/strict": assertions.assert.strict,
      buffer: { Buffer: web.globals.Buffer },
      crypto: { ...web.crypto, webcrypto: web.crypto },
      events: EventEmitter,
      fs,
      path: web.path,
      perf_hooks: { performance },
      process,
      readline: { ...readline, promises: readlinePromises },
      "readline/promises": readlinePromises,
      string_decoder: {},
      timers: timing,
      "timers/promises": { setTimeout: sleep, setImmediate: (value) => sleep(0, value) },
      url: { URL: web.globals.URL, URLSearchParams: web.globals.URLSearchParams },
      util,
    };
    delete available.string_decoder;

    function require(name) {
      const plain = String(name).startsWith("node:") ? String(name).slice(5) : String(name);
      if (Object.hasOwn(available, plain)) return available[plain];
      const error = new Error(
        `Cannot find module '${name}': in the sandbox there are only ${Object.keys(available).join(", ")}`,
      );
      error.code = "MODULE_NOT_FOUND";
      if (ABSENT.includes(plain)) native.deny(`the program asked for the module ${name}, which the sandbox does not have`);
      throw error;
    }
    return { require, stdin };
  };
})
