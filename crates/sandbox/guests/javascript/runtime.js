// The globals a program expects of Node: console, timers with a clock that jumps, process, require.
(function (native, values, web, makeModules) {
  const { inspect, format } = values;
  const global = globalThis;
  const define = (object, key, value) =>
    Object.defineProperty(object, key, { value, writable: true, configurable: true, enumerable: false });

  // ---- console ----
  let indent = "";
  const print = (fd, text) => {
    native.write(fd, indent === "" ? `${text}\n` : `${indent}${text.replaceAll("\n", `\n${indent}`)}\n`);
  };
  const counts = new Map();
  const clocks = new Map();
  const sinceText = (start) => {
    const ms = native.clock() - start;
    return ms >= 1000 ? `${(ms / 1000).toFixed(3)}s` : `${ms.toFixed(3)}ms`;
  };

  function table(rows, columns) {
    if (rows === null || typeof rows !== "object") return print(1, format(rows));
    const names = [];
    const body = [];
    let hasValues = false;
    const isMap = native.kind(rows) === "Map";
    const isSet = native.kind(rows) === "Set";
    const entries = isMap || isSet ? [...rows.entries()].map(([key, item], i) => [i, item, key]) : Object.entries(rows);
    const cell = (value) => inspect(value, { depth: typeof value === "object" && value !== null ? -1 : 0 });
    for (const [index, item, key] of entries) {
      const row = { index: String(index), cells: new Map(), value: "" };
      if (isMap) row.cells.set("Key", cell(key));
      if (item !== null && typeof item === "object" && !isMap) {
        for (const name of columns ?? Object.keys(item)) {
          if (!names.includes(name)) names.push(name);
          if (Object.hasOwn(item, name)) row.cells.set(name, cell(item[name]));
        }
      } else {
        hasValues = true;
        row.value = cell(item);
      }
      body.push(row);
    }
    const head = [isMap || isSet ? "(iteration index)" : "(index)", ...(isMap ? ["Key"] : []), ...names, ...(hasValues ? ["Values"] : [])];
    const lines = body.map((row) => [
      row.index,
      ...(isMap ? [row.cells.get("Key")] : []),
      ...names.map((name) => row.cells.get(name) ?? ""),
      ...(hasValues ? [row.value] : []),
    ]);
    const widths = head.map((name, i) => Math.max(name.length, ...lines.map((line) => line[i].length)) + 2);
    const rule = (left, middle, right) => left + widths.map((width) => "─".repeat(width)).join(middle) + right;
    const show = (line) => `│${line.map((text, i) => ` ${text.padEnd(widths[i] - 1)}`).join("│")}│`;
    print(1, [rule("┌", "┬", "┐"), show(head), rule("├", "┼", "┤"), ...lines.map(show), rule("└", "┴", "┘")].join("\n"));
  }

  const toStdout = (...words) => print(1, format(...words));
  const toStderr = (...words) => print(2, format(...words));
  const console = {
    log: function log(...words) {
      toStdout(...words);
    },
    info: function info(...words) {
      toStdout(...words);
    },
    debug: function debug(...words) {
      toStdout(...words);
    },
    error: function error(...words) {
      toStderr(...words);
    },
    warn: function warn(...words) {
      toStderr(...words);
    },
    trace: function trace(...words) {
      const holder = new Error();
      toStderr(`Trace${words.length > 0 ? `: ${format(...words)}` : ""}${holder.stack.slice(5)}`);
    },
    assert: function assert(isRight, ...words) {
      if (isRight) return;
      if (typeof words[0] === "string") toStderr(`Assertion failed: ${words[0]}`, ...words.slice(1));
      else toStderr("Assertion failed", ...words);
    },
    dir: function dir(value, options) {
      print(1, inspect(value, { ...options, customInspect: false }));
    },
    dirxml: toStdout,
    table,
    group: function group(...words) {
      if (words.length > 0) toStdout(...words);
      indent += "  ";
    },
    groupCollapsed: function groupCollapsed(...words) {
      console.group(...words);
    },
    groupEnd: function groupEnd() {
      indent = indent.slice(2);
    },
    count: function count(label = "default") {
      counts.set(label, (counts.get(label) ?? 0) + 1);
      toStdout(`${label}: ${counts.get(label)}`);
    },
    countReset: function countReset(label = "default") {
      counts.delete(label);
    },
    time: function time(label = "default") {
      clocks.set(label, native.clock());
    },
    timeLog: function timeLog(label = "default", ...words) {
      if (clocks.has(label)) toStdout(`${label}: ${sinceText(clocks.get(label))}`, ...words);
    },
    timeEnd: function timeEnd(label = "default") {
      if (clocks.has(label)) toStdout(`${label}: ${sinceText(clocks.get(label))}`);
      clocks.delete(label);
    },
    clear() {},
  };

  // ---- timers: a heap is not worth it for the few a program has; the clock jumps to the next one ----
  const TIMERS_MAX = 10000;
  let timers = [];
  let order = 0;
  const timerOf = new Map();

  class Timeout {
    constructor(id) {
      define(this, "id", id);
    }
    ref() {
      return this;
    }
    unref() {
      timerOf.get(this.id) && (timerOf.get(this.id).isWeak = true);
      return this;
    }
    hasRef() {
      return !timerOf.get(this.id)?.isWeak;
    }
    refresh() {
      const timer = timerOf.get(this.id);
      if (timer) timer.due = native.clock() + timer.delay;
      return this;
    }
    close() {
      clear(this);
      return this;
    }
    [Symbol.toPrimitive]() {
      return this.id;
    }
    [Symbol.dispose ?? Symbol.for("dispose")]() {
      clear(this);
    }
  }

  function start(callback, delay, words, isRepeated, isImmediate) {
    if (typeof callback !== "function") {
      const error = new TypeError(`The "callback" argument must be of type function. Received ${inspect(callback)}`);
      error.code = "ERR_INVALID_ARG_TYPE";
      throw error;
    }
    if (timers.length >= TIMERS_MAX) throw new RangeError(`more than ${TIMERS_MAX} timers at once`);
    let wait = Number(delay);
    if (!(wait >= 1 && wait <= 2147483647)) wait = 1;
    if (isImmediate) wait = 0;
    const id = ++order;
    const timer = { id, callback, words, delay: wait, due: native.clock() + wait, isRepeated, isImmediate, isWeak: false, order: id };
    timers.push(timer);
    timerOf.set(id, timer);
    return new Timeout(id);
  }

  function clear(handle) {
    const id = typeof handle === "object" && handle !== null ? handle.id : Number(handle);
    const timer = timerOf.get(id);
    if (timer === undefined) return;
    timerOf.delete(id);
    timers = timers.filter((other) => other !== timer);
  }

  /** Runs the next timer, having moved the clock to it. False when none is left. */
  function nextTimer() {
    let next;
    for (const timer of timers) {
      if (next === undefined || timer.due < next.due || (timer.due === next.due && timer.order < next.order)) next = timer;
    }
    if (next === undefined || timers.every((timer) => timer.isWeak)) return false;
    // Whole milliseconds are what programs can ask for: timers of the same one run in the order they were set.
    for (const timer of timers) {
      if (timer.delay < next.delay || timer === next) continue;
      if (timer.due - next.due < 0.5 && timer.order < next.order && timer.delay === next.delay) next = timer;
    }
    native.sleepUntil(next.due);
    if (next.isRepeated) {
      next.due = native.clock() + next.delay;
      next.order = ++order;
    } else {
      timerOf.delete(next.id);
      timers = timers.filter((timer) => timer !== next);
    }
    next.callback(...next.words);
    return true;
  }

  const ticks = [];
  function nextTick(callback, ...words) {
    if (typeof callback !== "function") throw new TypeError('The "callback" argument must be of type function');
    ticks.push([callback, words]);
  }

  function drainTicks() {
    if (ticks.length === 0) return false;
    while (ticks.length > 0) {
      const [callback, words] = ticks.shift();
      callback(...words);
    }
    return true;
  }

  function setTimeout(callback, delay, ...words) {
    return start(callback, delay, words, false, false);
  }
  function setInterval(callback, delay, ...words) {
    return start(callback, delay, words, true, false);
  }
  function setImmediate(callback, ...words) {
    return start(callback, 0, words, false, true);
  }
  function clearTimeout(handle) {
    clear(handle);
  }
  function clearInterval(handle) {
    clear(handle);
  }
  function clearImmediate(handle) {
    clear(handle);
  }
  function queueMicrotask(callback) {
    if (typeof callback !== "function") throw new TypeError('The "callback" argument must be of type function');
    Promise.resolve().then(() => callback());
  }

  // ---- process ----
  const exitListeners = [];
  const started = native.clock();
  const stream = (fd) => ({
    write(text, _encoding, done) {
      native.write(fd, typeof text === "string" ? text : String(text));
      const callback = typeof _encoding === "function" ? _encoding : done;
      if (typeof callback === "function") nextTick(callback);
      return true;
    },
    isTTY: false,
    columns: 80,
    fd,
    on() {
      return this;
    },
    once() {
      return this;
    },
    end(text) {
      if (text !== undefined) this.write(text);
    },
  });
  const hrtime = (before) => {
    const now = native.clock();
    const seconds = Math.floor(now / 1000);
    const rest = Math.floor((now % 1000) * 1e6);
    if (before === undefined) return [seconds, rest];
    const difference = (seconds - before[0]) * 1e9 + (rest - before[1]);
    return [Math.floor(difference / 1e9), difference % 1e9];
  };
  hrtime.bigint = () => BigInt(Math.round(native.clock() * 1e6));

  const toCode = (code) => (code === undefined || code === null ? 0 : Number(code) & 255);
  const leaving = (code) => {
    while (exitListeners.length > 0) exitListeners.shift()(code);
    return code;
  };
  const process = {
    argv: ["node", "program.js"],
    argv0: "node",
    execArgv: [],
    env: {},
    exitCode: undefined,
    pid: 1,
    platform: "linux",
    arch: "wasm32",
    version: "v20.0.0",
    versions: { node: "20.0.0" },
    release: { name: "node" },
    title: "node",
    stdout: stream(1),
    stderr: stream(2),
    exit(code) {
      native.exit(leaving(toCode(code ?? process.exitCode)));
    },
    abort() {
      native.exit(134);
    },
    cwd: () => "/",
    hrtime,
    uptime: () => (native.clock() - started) / 1000,
    memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }),
    cpuUsage: () => ({ user: Math.round((native.clock() - started) * 1000), system: 0 }),
    nextTick,
    on(event, listener) {
      if (event === "exit" || event === "beforeExit") exitListeners.push(listener);
      return process;
    },
    once(event, listener) {
      return process.on(event, listener);
    },
    off() {
      return process;
    },
    removeListener() {
      return process;
    },
    emitWarning(text) {
      native.write(2, `(node) Warning: ${text?.message ?? text}\n`);
    },
  };

  const timing = { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate };
  const performance = {
    now: () => native.clock() - started,
    timeOrigin: Date.now(),
    mark: (name) => ({ name, startTime: native.clock() - started }),
    measure: (name) => ({ name, duration: 0 }),
  };
  const { require, stdin } = makeModules({ process, timing, web, nextTick, performance });
  process.stdin = stdin;

  const module = { exports: {}, id: ".", filename: "program.js", loaded: false, children: [], paths: [] };
  require.main = module;
  require.cache = {};
  require.resolve = (name) => name;

  const globals = {
    console,
    process,
    ...timing,
    queueMicrotask,
    require,
    module,
    exports: module.exports,
    global,
    performance,
    __filename: "program.js",
    __dirname: ".",
    ...web.globals,
    prompt(question = "") {
      native.write(1, `${question} `);
      return stdin.readLine();
    },
    async fetch() {
      native.deny("the program asked for the network, and there is none in the sandbox");
      throw new TypeError("fetch failed: there is no network in the sandbox");
    },
  };
  for (const key of Object.keys(globals)) define(global, key, globals[key]);

  const onExit = () => leaving(toCode(process.exitCode));
  return { nextTimer, drainTicks, onExit, console, require };
})
