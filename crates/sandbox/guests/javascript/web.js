// What programs expect of the web: texts and bytes, addresses, clones, abort signals, a little of Intl for English.
(function (native, values) {
  const { kind } = native;

  class TextEncoder {
    get encoding() {
      return "utf-8";
    }
    encode(text = "") {
      return native.encode(String(text));
    }
  }
  class TextDecoder {
    get encoding() {
      return "utf-8";
    }
    decode(bytes) {
      if (bytes === undefined) return "";
      const view = ArrayBuffer.isView(bytes)
        ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        : new Uint8Array(bytes);
      return native.decode(view);
    }
  }

  // ---- bytes with the methods of Node's Buffer that programs use most ----
  const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const binary = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  class Buffer extends Uint8Array {
    static from(value, encoding = "utf8") {
      let bytes = value;
      if (typeof value === "string") {
        if (encoding === "hex") bytes = (value.match(/[0-9a-fA-F]{2}/g) ?? []).map((pair) => parseInt(pair, 16));
        else if (encoding === "base64" || encoding === "base64url") {
          bytes = Array.from(atob(value.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
        } else if (encoding === "latin1" || encoding === "binary" || encoding === "ascii") {
          bytes = Array.from(value, (c) => c.charCodeAt(0));
        } else bytes = native.encode(value);
      } else if (kind(value) === "ArrayBuffer") bytes = new Uint8Array(value);
      const made = new Buffer(bytes.length);
      made.set(bytes);
      return made;
    }
    static alloc(size, filling = 0) {
      return new Buffer(size).fill(filling);
    }
    static concat(list) {
      return Buffer.from(list.flatMap((bytes) => [...bytes]));
    }
    static isBuffer(value) {
      return value instanceof Buffer;
    }
    static byteLength(text) {
      return native.encode(String(text)).length;
    }
    toString(encoding = "utf8") {
      if (encoding === "hex") return toHex(this);
      if (encoding === "base64") return btoa(binary(this));
      if (encoding === "base64url") return btoa(binary(this)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
      if (encoding === "latin1" || encoding === "binary" || encoding === "ascii") return binary(this);
      return native.decode(new Uint8Array(this));
    }
    equals(other) {
      return this.length === other.length && this.every((byte, i) => byte === other[i]);
    }
  }
  const bytesWithText = (text) => Buffer.from(text);

  // ---- addresses ----
  const decodePart = (text) => {
    const spaced = text.replaceAll("+", " ");
    try {
      return decodeURIComponent(spaced);
    } catch {
      return spaced;
    }
  };
  const encodePart = (text) =>
    encodeURIComponent(text)
      .replaceAll("%20", "+")
      .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

  class URLSearchParams {
    #pairs = [];
    constructor(from = "") {
      if (typeof from === "string") {
        for (const part of from.replace(/^\?/, "").split("&")) {
          if (part === "") continue;
          const at = part.indexOf("=");
          this.#pairs.push(at < 0 ? [decodePart(part), ""] : [decodePart(part.slice(0, at)), decodePart(part.slice(at + 1))]);
        }
      } else if (from !== null && from !== undefined) {
        const pairs = typeof from[Symbol.iterator] === "function" ? from : Object.entries(from);
        for (const [key, value] of pairs) this.append(key, value);
      }
    }
    append(key, value) {
      this.#pairs.push([String(key), String(value)]);
    }
    delete(key) {
      this.#pairs = this.#pairs.filter(([name]) => name !== String(key));
    }
    get(key) {
      return this.#pairs.find(([name]) => name === String(key))?.[1] ?? null;
    }
    getAll(key) {
      return this.#pairs.filter(([name]) => name === String(key)).map(([, value]) => value);
    }
    has(key) {
      return this.#pairs.some(([name]) => name === String(key));
    }
    set(key, value) {
      const first = this.#pairs.findIndex(([name]) => name === String(key));
      if (first < 0) return this.append(key, value);
      this.#pairs[first][1] = String(value);
      this.#pairs = this.#pairs.filter(([name], i) => i <= first || name !== String(key));
    }
    sort() {
      this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    }
    forEach(callback, self) {
      for (const [key, value] of this.#pairs) Reflect.apply(callback, self, [value, key, this]);
    }
    get size() {
      return this.#pairs.length;
    }
    *keys() {
      for (const [key] of this.#pairs) yield key;
    }
    *values() {
      for (const [, value] of this.#pairs) yield value;
    }
    *entries() {
      for (const pair of this.#pairs) yield [...pair];
    }
    [Symbol.iterator]() {
      return this.entries();
    }
    toString() {
      return this.#pairs.map(([key, value]) => `${encodePart(key)}=${encodePart(value)}`).join("&");
    }
    [values.inspect.custom](depth, options, inspect) {
      const shown = this.#pairs.map(([key, value]) => `${inspect(key)} => ${inspect(value)}`).join(", ");
      return shown ? `URLSearchParams { ${shown} }` : "URLSearchParams {}";
    }
  }

  const PORTS = { "http:": "80", "https:": "443", "ws:": "80", "wss:": "443", "ftp:": "21" };
  class URL {
    constructor(text, base) {
      const found = /^([a-zA-Z][a-zA-Z0-9+.-]*:)(?:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^:/?#]*)(?::(\d*))?)?([^?#]*)(\?[^#]*)?(#.*)?$/.exec(String(text).trim());
      if (found === null || (PORTS[found[1].toLowerCase()] && !found[4])) {
        if (base === undefined) {
          const error = new TypeError("Invalid URL");
          error.code = "ERR_INVALID_URL";
          error.input = String(text);
          throw error;
        }
        const from = new URL(base);
        const rest = String(text);
        if (rest.startsWith("//")) return new URL(from.protocol + rest);
        if (rest.startsWith("?")) return new URL(from.origin + from.pathname + rest);
        if (rest.startsWith("#")) return new URL(from.origin + from.pathname + from.search + rest);
        const folder = rest.startsWith("/") ? "" : from.pathname.slice(0, from.pathname.lastIndexOf("/") + 1);
        return new URL(from.origin + folder + rest);
      }
      const [, protocol, username = "", password = "", host = "", port = "", path, search = "", hash = ""] = found;
      this.protocol = protocol.toLowerCase();
      this.username = username;
      this.password = password;
      this.hostname = host.toLowerCase();
      this.port = port === PORTS[this.protocol] ? "" : port;
      const parts = [];
      for (const part of path.split("/").slice(1)) {
        if (part === "..") parts.pop();
        else if (part !== ".") parts.push(part.replaceAll(" ", "%20"));
      }
      if (/\/\.\.?$/.test(path)) parts.push("");
      this.pathname = host ? `/${parts.join("/")}` : path;
      this.hash = hash === "#" ? "" : hash;
      this.searchParams = new URLSearchParams(search);
      Object.defineProperty(this, "given", { value: search === "?" ? "" : search.replaceAll(" ", "%20"), enumerable: false });
      Object.defineProperty(this, "parsed", { value: this.searchParams.toString(), enumerable: false });
    }
    get host() {
      return this.hostname + (this.port ? `:${this.port}` : "");
    }
    get origin() {
      return PORTS[this.protocol] ? `${this.protocol}//${this.host}` : "null";
    }
    get search() {
      const now = this.searchParams.toString();
      if (now === this.parsed) return this.given;
      return now ? `?${now}` : "";
    }
    set search(text) {
      this.searchParams = new URLSearchParams(text);
    }
    get href() {
      const user = this.username ? `${this.username}${this.password ? `:${this.password}` : ""}@` : "";
      return `${this.protocol}${this.hostname ? "//" : ""}${user}${this.host}${this.pathname}${this.search}${this.hash}`;
    }
    toString() {
      return this.href;
    }
    toJSON() {
      return this.href;
    }
    static canParse(text, base) {
      try {
        return Boolean(new URL(text, base));
      } catch {
        return false;
      }
    }
  }

  // ---- clones ----
  class DataCloneError extends Error {
    name = "DataCloneError";
    code = 25;
  }
  function structuredClone(value, options) {
    if (arguments.length === 0) throw new TypeError('The "value" argument must be specified');
    const made = new Map();
    const copy = (from) => {
      if (typeof from === "symbol" || typeof from === "function") {
        throw new DataCloneError(`${typeof from === "symbol" ? String(from) : from} could not be cloned.`);
      }
      if (from === null || typeof from !== "object") return from;
      if (made.has(from)) return made.get(from);
      const keep = (to) => {
        made.set(from, to);
        return to;
      };
      const what = kind(from);
      if (what === "Date") return keep(new Date(from.getTime()));
      if (what === "RegExp") return keep(new RegExp(from.source, from.flags));
      if (["Number", "String", "Boolean", "BigInt"].includes(what)) return keep(Object(from.valueOf()));
      if (what === "ArrayBuffer") return keep(from.slice(0));
      if (values.isTyped(what)) return keep(new globalThis[what](from));
      if (what === "Map") {
        const to = keep(new Map());
        for (const [key, item] of from) to.set(copy(key), copy(item));
        return to;
      }
      if (what === "Set") {
        const to = keep(new Set());
        for (const item of from) to.add(copy(item));
        return to;
      }
      if (what === "Error") {
        const Class = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].find((type) => from.name === type.name);
        const to = keep(new (Class ?? Error)(from.message));
        if (Object.hasOwn(from, "cause")) to.cause = copy(from.cause);
        return to;
      }
      if (!["Object", "Array", "Arguments"].includes(what)) {
        throw new DataCloneError(`#<${what}> could not be cloned.`);
      }
      const to = keep(Array.isArray(from) ? new Array(from.length) : {});
      for (const key of Object.keys(from)) {
        Object.defineProperty(to, key, { value: copy(from[key]), writable: true, configurable: true, enumerable: true });
      }
      return to;
    };
    return copy(value, options);
  }

  // ---- events and abort signals ----
  class Event {
    defaultPrevented = false;
    target = null;
    constructor(type, options = {}) {
      this.type = String(type);
      Object.defineProperty(this, "cancelable", { value: Boolean(options.cancelable) });
    }
    preventDefault() {
      if (this.cancelable) this.defaultPrevented = true;
    }
  }
  class CustomEvent extends Event {
    constructor(type, options = {}) {
      super(type, options);
      this.detail = options.detail ?? null;
    }
  }
  class EventTarget {
    #listeners = [];
    addEventListener(type, listener, options) {
      if (this.#listeners.some((entry) => entry.type === type && entry.listener === listener)) return;
      this.#listeners.push({ type, listener, isOnce: typeof options === "object" && Boolean(options?.once) });
    }
    removeEventListener(type, listener) {
      this.#listeners = this.#listeners.filter((entry) => entry.type !== type || entry.listener !== listener);
    }
    dispatchEvent(event) {
      event.target = this;
      for (const { type, listener, isOnce } of [...this.#listeners]) {
        if (type !== event.type) continue;
        if (isOnce) this.removeEventListener(type, listener);
        if (typeof listener === "function") Reflect.apply(listener, this, [event]);
        else listener.handleEvent(event);
      }
      return !event.defaultPrevented;
    }
  }
  const errorNamed = (name, message) => {
    if (typeof globalThis.DOMException === "function") return new globalThis.DOMException(message, name);
    const error = new Error(message);
    error.name = name;
    return error;
  };
  let mayMakeSignals = false;
  class AbortSignal extends EventTarget {
    #aborted = false;
    #reason;
    onabort = null;
    constructor() {
      if (!mayMakeSignals) throw new TypeError("Illegal constructor");
      super();
    }
    get aborted() {
      return this.#aborted;
    }
    get reason() {
      return this.#reason;
    }
    throwIfAborted() {
      if (this.#aborted) throw this.#reason;
    }
    static make() {
      mayMakeSignals = true;
      try {
        return new AbortSignal();
      } finally {
        mayMakeSignals = false;
      }
    }
    static stop(signal, reason) {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason === undefined ? errorNamed("AbortError", "This operation was aborted") : reason;
      const event = new Event("abort");
      if (typeof signal.onabort === "function") signal.onabort(event);
      signal.dispatchEvent(event);
    }
    static abort(reason) {
      const signal = make();
      stop(signal, reason);
      return signal;
    }
    static timeout(delay) {
      const signal = make();
      const timer = globalThis.setTimeout(() => stop(signal, errorNamed("TimeoutError", "The operation was aborted due to timeout")), delay);
      timer.unref?.();
      return signal;
    }
    static any(signals) {
      const signal = make();
      for (const one of signals) {
        if (one.aborted) stop(signal, one.reason);
        else one.addEventListener("abort", () => stop(signal, one.reason));
      }
      return signal;
    }
  }
  const { make, stop } = AbortSignal;
  delete AbortSignal.make;
  delete AbortSignal.stop;
  class AbortController {
    signal = make();
    abort(reason) {
      stop(this.signal, reason);
    }
  }

  // ---- answers, for programs that are given a fetch of their own ----
  class Headers {
    #values = new Map();
    constructor(from) {
      const pairs = from === undefined || from === null ? [] : typeof from[Symbol.iterator] === "function" ? from : Object.entries(from);
      for (const [key, value] of pairs) this.append(key, value);
    }
    append(key, value) {
      const name = String(key).toLowerCase();
      this.#values.set(name, this.#values.has(name) ? `${this.#values.get(name)}, ${value}` : String(value));
    }
    set(key, value) {
      this.#values.set(String(key).toLowerCase(), String(value));
    }
    get(key) {
      return this.#values.get(String(key).toLowerCase()) ?? null;
    }
    has(key) {
      return this.#values.has(String(key).toLowerCase());
    }
    delete(key) {
      this.#values.delete(String(key).toLowerCase());
    }
    forEach(callback) {
      for (const [key, value] of this) callback(value, key, this);
    }
    *[Symbol.iterator]() {
      yield* [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1));
    }
    entries() {
      return this[Symbol.iterator]();
    }
  }
  class Response {
    #body;
    constructor(body = null, { status = 200, statusText = "", headers } = {}) {
      if (!(status >= 200 && status <= 599)) throw new RangeError(`the status ${status} is not between 200 and 599`);
      this.#body = body;
      this.status = status;
      this.statusText = statusText;
      this.headers = new Headers(headers);
      this.bodyUsed = false;
    }
    get ok() {
      return this.status >= 200 && this.status <= 299;
    }
    async text() {
      if (this.bodyUsed) throw new TypeError("Body is unusable: Body has already been read");
      this.bodyUsed = this.#body !== null;
      return this.#body === null ? "" : String(this.#body);
    }
    async json() {
      return JSON.parse(await this.text());
    }
    clone() {
      return new Response(this.#body, this);
    }
    static json(value, options) {
      return new Response(JSON.stringify(value), { headers: { "content-type": "application/json" }, ...options });
    }
  }

  // ---- chance ----
  const crypto = {
    getRandomValues(array) {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      for (let at = 0; at < bytes.length; at += 4096) bytes.set(native.random(Math.min(4096, bytes.length - at)), at);
      return array;
    },
    randomUUID() {
      const bytes = native.random(16);
      bytes[6] = (bytes[6] & 15) | 64;
      bytes[8] = (bytes[8] & 63) | 128;
      return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    },
  };
  const nodeCrypto = {
    ...crypto,
    randomBytes: (size) => Buffer.from(crypto.getRandomValues(new Uint8Array(size))),
    randomInt(low, high) {
      const [from, to] = high === undefined ? [0, low] : [low, high];
      return from + Math.floor((crypto.getRandomValues(new Uint32Array(1))[0] / 4294967296) * (to - from));
    },
  };

  // ---- Intl: digits and words as in English; German and French digits, too ----
  const MARKS = { de: [".", ","], fr: ["\u202f", ","], es: [".", ","], it: [".", ","], nl: [".", ","], pt: [".", ","] };
  const SIGNS = { USD: "$", EUR: "€", GBP: "£", JPY: "¥", INR: "₹", CNY: "CN¥", KRW: "₩", BRL: "R$", CAD: "CA$", AUD: "A$", MXN: "MX$" };
  const WHOLE = ["JPY", "KRW", "VND", "CLP", "ISK"];
  const languageOf = (locale) => String(Array.isArray(locale) ? (locale[0] ?? "en") : (locale ?? "en")).slice(0, 2).toLowerCase();

  /** Rounds half away from zero in decimal, as people expect of 1.005 when it is written so. */
  function round(text, places) {
    const [, sign, whole, rest = ""] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text);
    if (rest.length <= places) return [sign, whole, rest];
    let digits = BigInt(whole + rest.slice(0, places));
    if (rest[places] >= "5") digits += 1n;
    const padded = digits.toString().padStart(places + 1, "0");
    return [sign, padded.slice(0, padded.length - places), places > 0 ? padded.slice(-places) : ""];
  }
  const plain = (value) => {
    if (typeof value === "bigint") return String(value);
    const text = String(value);
    return /e/.test(text) ? value.toFixed(Math.abs(value) < 1 ? 20 : 0) : text;
  };

  class NumberFormat {
    #language;
    #options;
    constructor(locale, options = {}) {
      this.#language = languageOf(locale);
      const style = options.style ?? "decimal";
      if (style === "currency" && options.currency === undefined) throw new TypeError("Currency code is required with currency style.");
      if (options.currency !== undefined && !/^[A-Za-z]{3}$/.test(options.currency)) {
        throw new RangeError(`Invalid currency code : ${options.currency}`);
      }
      const currency = options.currency?.toUpperCase();
      const usual = style === "currency" ? (WHOLE.includes(currency) ? 0 : 2) : 0;
      const low = options.minimumFractionDigits ?? Math.min(usual, options.maximumFractionDigits ?? usual);
      const high = options.maximumFractionDigits ?? Math.max(low, style === "currency" ? usual : style === "percent" ? 0 : 3);
      if (low > high || low < 0 || high > 100) throw new RangeError("maximumFractionDigits value is out of range.");
      this.#options = { ...options, style, currency, low, high };
      this.format = (value) => this.#format(value);
    }
    #format(value) {
      const { style, currency, low, high, useGrouping = true, minimumIntegerDigits = 1, currencyDisplay } = this.#options;
      const number = typeof value === "bigint" ? value : Number(value);
      const [thousands, point] = MARKS[this.#language] ?? [",", "."];
      let text;
      let sign = "";
      if (Number.isNaN(number)) text = "NaN";
      else if (number === Infinity || number === -Infinity) {
        text = "∞";
        sign = number < 0 ? "-" : "";
      } else {
        const scaled = style === "percent" ? Number(number) * 100 : number;
        let [minus, whole, rest] = round(plain(style === "percent" ? Number(scaled.toPrecision(15)) : scaled), high);
        while (rest.length > low && rest.endsWith("0")) rest = rest.slice(0, -1);
        rest = rest.padEnd(low, "0");
        whole = whole.padStart(minimumIntegerDigits, "0");
        sign = minus || (Object.is(number, -0) ? "-" : "");
        if (useGrouping) whole = whole.replace(/\B(?=(?:\d{3})+$)/g, thousands);
        text = rest ? whole + point + rest : whole;
      }
      if (style === "percent") return `${sign}${text}${MARKS[this.#language] ? "\u00a0" : ""}%`;
      if (style !== "currency") return sign + text;
      if (currencyDisplay === "code") return `${sign}${currency}\u00a0${text}`;
      const mark = SIGNS[currency] ?? `${currency}\u00a0`;
      return MARKS[this.#language] ? `${sign}${text}\u00a0${SIGNS[currency] ?? currency}` : `${sign}${mark}${text}`;
    }
    resolvedOptions() {
      return { locale: this.#language, ...this.#options };
    }
  }

  const baseOf = (text) => text.normalize("NFD").replace(/\p{M}/gu, "");
  const chunksOf = (text) => text.match(/\d+|\D/g) ?? [];
  const groupOf = (c) => (/[\p{L}]/u.test(c) ? 3 : /\p{N}/u.test(c) ? 2 : /\s/u.test(c) ? 0 : 1);
  function compareLetters(a, b) {
    const [x, y] = [baseOf(a).toLowerCase(), baseOf(b).toLowerCase()];
    if (groupOf(x) !== groupOf(y)) return groupOf(x) - groupOf(y);
    return x < y ? -1 : x > y ? 1 : 0;
  }
  function collate(a, b, { numeric = false, sensitivity = "variant", caseFirst } = {}) {
    const [left, right] = numeric ? [chunksOf(a), chunksOf(b)] : [[...a], [...b]];
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      const areNumbers = numeric && /^\d/.test(left[i]) && /^\d/.test(right[i]);
      const order = areNumbers ? Number(left[i]) - Number(right[i]) : compareLetters(left[i], right[i]);
      if (order !== 0) return order < 0 ? -1 : 1;
    }
    if (left.length !== right.length) return left.length < right.length ? -1 : 1;
    if (sensitivity === "base") return 0;
    if (sensitivity !== "case") {
      const [x, y] = [a.normalize("NFD").toLowerCase(), b.normalize("NFD").toLowerCase()];
      if (x !== y) return x < y ? -1 : 1;
    }
    if (sensitivity === "accent") return 0;
    if (a === b) return 0;
    // Small letters come first.
    return (a > b ? -1 : 1) * (caseFirst === "upper" ? -1 : 1);
  }
  class Collator {
    constructor(locale, options = {}) {
      this.compare = (a, b) => collate(String(a), String(b), options);
    }
    resolvedOptions() {
      return { locale: "en" };
    }
  }

  const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
  const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
  class DateTimeFormat {
    #options;
    constructor(locale, options = {}) {
      this.#options = options;
      this.format = (date) => this.#format(new Date(date ?? Date.now()));
    }
    #format(date) {
      const o = { ...this.#options };
      if (Number.isNaN(date.getTime())) throw new RangeError("Invalid time value");
      const styles = { full: ["long", "long", "numeric", "numeric"], long: [undefined, "long", "numeric", "numeric"], medium: [undefined, "short", "numeric", "numeric"], short: [undefined, "numeric", "numeric", "2-digit"] };
      if (o.dateStyle) [o.weekday, o.month, o.day, o.year] = styles[o.dateStyle];
      if (o.timeStyle) [o.hour, o.minute, o.second] = ["numeric", "2-digit", o.timeStyle === "short" ? undefined : "2-digit"];
      if (!["weekday", "year", "month", "day", "hour", "minute", "second"].some((key) => o[key])) {
        [o.year, o.month, o.day] = ["numeric", "numeric", "numeric"];
      }
      const two = (value) => String(value).padStart(2, "0");
      const number = (value, how) => (how === "2-digit" ? two(value % 100) : String(value));
      const weekday = o.weekday && (o.weekday === "long" ? DAYS[date.getUTCDay()] : DAYS[date.getUTCDay()].slice(0, 3));
      const year = o.year && number(date.getUTCFullYear(), o.year);
      const day = o.day && number(date.getUTCDate(), o.day);
      let text;
      if (o.month === "long" || o.month === "short") {
        const month = o.month === "long" ? MONTHS[date.getUTCMonth()] : MONTHS[date.getUTCMonth()].slice(0, 3);
        text = [[month, day].filter(Boolean).join(" "), year].filter(Boolean).join(day ? ", " : " ");
      } else text = [o.month && number(date.getUTCMonth() + 1, o.month), day, year].filter(Boolean).join("/");
      text = [weekday, text].filter(Boolean).join(", ");
      if (!o.hour && !o.minute && !o.second) return text;
      const hours = date.getUTCHours();
      const isTwelve = o.hour12 !== false;
      const hour = o.hour && (isTwelve ? number(hours % 12 || 12, o.hour) : two(hours));
      const time = [hour, o.minute && two(date.getUTCMinutes()), o.second && two(date.getUTCSeconds())].filter(Boolean).join(":");
      return [text, isTwelve && o.hour ? `${time} ${hours < 12 ? "AM" : "PM"}` : time].filter(Boolean).join(", ");
    }
    resolvedOptions() {
      return { locale: "en", timeZone: "UTC" };
    }
  }

  const method = (object, key, value) => Object.defineProperty(object, key, { value, writable: true, configurable: true });
  method(Number.prototype, "toLocaleString", function toLocaleString(locale, options) {
    return new NumberFormat(locale, options).format(this.valueOf());
  });
  method(BigInt.prototype, "toLocaleString", function toLocaleString(locale, options) {
    return new NumberFormat(locale, options).format(this.valueOf());
  });
  method(String.prototype, "localeCompare", function localeCompare(other, locale, options) {
    return collate(String(this), String(other), options);
  });
  const withDate = { year: "numeric", month: "numeric", day: "numeric" };
  const withTime = { hour: "numeric", minute: "2-digit", second: "2-digit" };
  const dated = (usual) =>
    function (locale, options) {
      if (Number.isNaN(this.getTime())) return "Invalid Date";
      return new DateTimeFormat(locale, options && Object.keys(options).some((key) => key !== "timeZone") ? options : usual).format(this);
    };
  method(Date.prototype, "toLocaleDateString", dated(withDate));
  method(Date.prototype, "toLocaleTimeString", dated(withTime));
  method(Date.prototype, "toLocaleString", dated({ ...withDate, ...withTime }));

  // ---- paths, as texts only ----
  const normal = (text) => {
    const parts = [];
    for (const part of text.split("/")) {
      if (part === "..") {
        if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
        else if (!text.startsWith("/")) parts.push("..");
      } else if (part !== "" && part !== ".") parts.push(part);
    }
    return (text.startsWith("/") ? "/" : "") + parts.join("/") || ".";
  };
  const basename = (text, end = "") => {
    const name = text.replace(/\/+$/, "").split("/").at(-1);
    return end && name.endsWith(end) && name !== end ? name.slice(0, -end.length) : name;
  };
  const path = {
    sep: "/",
    normalize: normal,
    join: (...parts) => normal(parts.filter((part) => part !== "").join("/")),
    resolve: (...parts) => normal(`/${parts.reduce((all, part) => (part.startsWith("/") ? part : `${all}/${part}`), "")}`),
    basename,
    dirname: (text) => (text.includes("/") ? text.replace(/\/+[^/]*$/, "") || "/" : "."),
    extname: (text) => /[^.]\.?(\.[^.]*)$/.exec(basename(text))?.[1] ?? "",
    isAbsolute: (text) => text.startsWith("/"),
  };

  const Intl = { NumberFormat, Collator, DateTimeFormat };
  const globals = {
    TextEncoder, TextDecoder, Buffer, URLSearchParams, URL, structuredClone, Event, CustomEvent, EventTarget,
    AbortSignal, AbortController, Headers, Response, crypto, Intl,
  };
  return { globals, crypto: nodeCrypto, path, bytesWithText };
})
