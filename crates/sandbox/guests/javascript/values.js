// How values are shown and errors are told. Evaluated once in each realm, with primordials of that realm.
(function (native) {
  const { kind } = native;
  const getOwn = Reflect.getOwnPropertyDescriptor;
  const has = (object, key) => getOwn(object, key) !== undefined;

  // ---- errors: `stack` begins with name and message, as programs expect, and shows no frame of ours ----
  const framesOf = getOwn(Error.prototype, "stack").get;
  const setFrames = getOwn(Error.prototype, "stack").set;
  delete Error.prepareStackTrace;

  const readText = (object, key) => {
    try {
      const value = object[key];
      return value === undefined ? "" : String(value);
    } catch {
      return "";
    }
  };

  function headOf(error) {
    const name = readText(error, "name") || "Error";
    const message = readText(error, "message");
    return message ? `${name}: ${message}` : name;
  }

  function cleanFrames(text) {
    let kept = "";
    for (const line of String(text ?? "").split("\n")) {
      if (line === "" || line.includes("node:internal") || line.includes("(native)")) continue;
      kept += `\n${line.replace("<eval> (", "<anonymous> (")}`;
    }
    return kept;
  }

  /** The frames from where the error was made: not those of its own class's constructors. */
  function withoutConstructors(error, frames) {
    const names = [];
    for (let at = Reflect.getPrototypeOf(error); at !== null && names.length < 20; at = Reflect.getPrototypeOf(at)) {
      const made = getOwn(at, "constructor")?.value;
      if (typeof made === "function" && typeof made.name === "string" && made.name !== "") names.push(`\n    at ${made.name} (`);
    }
    let rest = frames;
    for (let name; (name = names.find((start) => rest.startsWith(start))) !== undefined; ) {
      const end = rest.indexOf("\n", 1);
      if (end < 0) break;
      rest = rest.slice(end);
    }
    return rest;
  }

  Object.defineProperty(Error.prototype, "stack", {
    configurable: true,
    get() {
      const frames = framesOf.call(this);
      return typeof frames === "string" ? headOf(this) + withoutConstructors(this, cleanFrames(frames)) : frames;
    },
    set(value) {
      setFrames.call(this, value);
    },
  });

  const capture = Error.captureStackTrace;
  Error.captureStackTrace = function captureStackTrace(object, above) {
    capture(object, above ?? captureStackTrace);
    const frames = getOwn(object, "stack");
    if (frames && typeof frames.value === "string" && kind(object) !== "Error") {
      frames.value = headOf(object) + cleanFrames(frames.value);
      Object.defineProperty(object, "stack", frames);
    }
    if (kind(object) === "Error") delete object.stack;
  };

  function lineIn(stack, file) {
    const found = new RegExp(`${file.replace(".", "\\.")}:(\\d+)`).exec(stack);
    return found ? Number(found[1]) : 0;
  }

  /** [line of the program, one line of text, what Node prints, line of the tests] of an error nobody caught. */
  function describeUncaught(error) {
    let head;
    let text;
    let stack = "";
    if (kind(error) === "Error") {
      head = headOf(error);
      stack = String(readText(error, "stack"));
      text = inspect(error);
    } else {
      head = `Uncaught ${inspect(error)}`;
      text = head;
    }
    const line = lineIn(stack, "program.js");
    const place = line > 0 ? `program.js:${line}\n` : "";
    return [line, head.split("\n")[0], `${place}Uncaught ${text.replace(/^Uncaught /, "")}\n`, lineIn(stack, "tests.js")];
  }

  // ---- showing values ----
  const CUSTOM = Symbol.for("nodejs.util.inspect.custom");
  const DEFAULTS = {
    depth: 2,
    compact: 3,
    breakLength: 80,
    maxArrayLength: 100,
    maxStringLength: 10000,
    sorted: false,
    showHidden: false,
  };

  const call = (method, self) => Reflect.apply(method, self, []);
  const getterOf = (prototype, key) => getOwn(prototype, key).get;
  const dateToIso = Date.prototype.toISOString;
  const dateGetTime = Date.prototype.getTime;
  const mapSize = getterOf(Map.prototype, "size");
  const setSize = getterOf(Set.prototype, "size");
  const mapEntries = Map.prototype.entries;
  const setValues = Set.prototype.values;
  const regexpToString = RegExp.prototype.toString;
  const typedLength = getterOf(Object.getPrototypeOf(Uint8Array.prototype), "length");
  const bufferLength = getterOf(ArrayBuffer.prototype, "byteLength");
  const isTyped = (name) => /^(?:Big)?(?:Ui|I)nt\d+(?:C|Clamped)?Array$|^Float\d+Array$|^Uint8ClampedArray$/.test(name);

  function quote(text) {
    let mark = "'";
    if (text.includes("'")) {
      if (!text.includes('"')) mark = '"';
      else if (!text.includes("`") && !text.includes("${")) mark = "`";
    }
    let out = "";
    for (const character of text) {
      const code = character.codePointAt(0);
      if (character === mark || character === "\\") out += `\\${character}`;
      else if (character === "\n") out += "\\n";
      else if (character === "\t") out += "\\t";
      else if (character === "\r") out += "\\r";
      else if (character === "\b") out += "\\b";
      else if (character === "\f") out += "\\f";
      else if (character === "\v") out += "\\v";
      else if (code < 32 || code === 127) out += `\\x${code.toString(16).padStart(2, "0").toUpperCase()}`;
      else if (code >= 0xd800 && code <= 0xdfff) out += `\\u${code.toString(16).toUpperCase()}`;
      else out += character;
    }
    return mark + out + mark;
  }

  function showPrimitive(value, options) {
    switch (typeof value) {
      case "string": {
        const rest = value.length - options.maxStringLength;
        if (rest <= 0) return quote(value);
        return `${quote(value.slice(0, options.maxStringLength))}... ${rest} more character${rest > 1 ? "s" : ""}`;
      }
      case "bigint":
        return `${value}n`;
      case "number":
        return Object.is(value, -0) ? "-0" : `${value}`;
      default:
        return String(value);
    }
  }

  const isName = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
  const showKey = (key) =>
    typeof key === "symbol" ? `[${String(key)}]` : isName.test(key) ? key : quote(key);

  /** Name of the class, null for no prototype. */
  function classOf(object) {
    let at = object;
    for (let steps = 0; at !== null && steps < 1000; steps++) {
      const found = getOwn(at, "constructor");
      if (found && typeof found.value === "function" && typeof found.value.name === "string" && found.value.name !== "") {
        return found.value.name;
      }
      at = Reflect.getPrototypeOf(at);
    }
    return null;
  }

  function prefixOf(object, name, usual, size) {
    const counted = size === undefined ? "" : `(${size})`;
    let tag = "";
    try {
      const found = object[Symbol.toStringTag];
      if (typeof found === "string" && found !== "" && found !== name && found !== usual) tag = `[${found}] `;
    } catch {
      tag = "";
    }
    if (name === null) return `[${usual}${counted}: null prototype] ${tag}`;
    return `${name}${counted} ${tag}`;
  }

  function showFunction(value, name) {
    const source = Function.prototype.toString.call(value);
    const own = getOwn(value, "name");
    const called = own && typeof own.value === "string" ? own.value : "";
    if (source.startsWith("class") && /^class[\s{]/.test(source)) {
      const parent = Reflect.getPrototypeOf(value);
      const above = parent && parent.name ? ` extends ${parent.name}` : "";
      return `[class ${called || "(anonymous)"}${above}]`;
    }
    const usual = name === null ? "Function" : name;
    return `[${usual}${called ? `: ${called}` : " (anonymous)"}]${name === null ? " [null prototype]" : ""}`;
  }

  function ownKeys(object, options) {
    const keys = [];
    for (const key of Reflect.ownKeys(object)) {
      const found = getOwn(object, key);
      if (found && (found.enumerable || (options.showHidden && typeof key === "string"))) keys.push(key);
    }
    if (options.sorted) keys.sort();
    return keys;
  }

  function showProperty(state, object, key, level, isInArray) {
    const found = getOwn(object, key) ?? { value: undefined, enumerable: true };
    let text;
    if (found.get) text = found.set ? "[Getter/Setter]" : "[Getter]";
    else if (found.set) text = "[Setter]";
    else {
      state.indent += 2;
      text = show(state, found.value, level);
      state.indent -= 2;
    }
    if (isInArray) return text;
    const name = found.enumerable ? showKey(key) : `[${String(key)}]`;
    return `${name}: ${text}`;
  }

  const isIndex = (key, length) => typeof key === "string" && /^(?:0|[1-9]\d*)$/.test(key) && Number(key) < length;

  function showItems(state, object, length, level) {
    const out = [];
    let shown = 0;
    let at = 0;
    while (at < length && shown < state.options.maxArrayLength) {
      if (!has(object, at)) {
        let hole = at;
        while (hole < length && !has(object, hole) && hole - at < 1e6) hole++;
        const count = hole >= length || hole - at < 1e6 ? hole - at : length - at;
        out.push(`<${count} empty item${count > 1 ? "s" : ""}>`);
        at += count;
      } else {
        out.push(showProperty(state, object, String(at), level, true));
        at++;
      }
      shown++;
    }
    const rest = length - at;
    if (rest > 0) out.push(`... ${rest} more item${rest > 1 ? "s" : ""}`);
    return out;
  }

  function showEntries(state, entries, size, level, isMap) {
    const out = [];
    state.indent += 2;
    for (const entry of { [Symbol.iterator]: () => entries }) {
      if (out.length >= state.options.maxArrayLength) {
        out.push(`... ${size - out.length} more item${size - out.length > 1 ? "s" : ""}`);
        break;
      }
      out.push(isMap ? `${show(state, entry[0], level)} => ${show(state, entry[1], level)}` : show(state, entry, level));
    }
    state.indent -= 2;
    return out;
  }

  /** Puts many short items into columns, at most sixteen of them and about as wide as two and a half times their height. */
  function inColumns(state, items, value, isCut) {
    const count = isCut ? items.length - 1 : items.length;
    const widths = [];
    let total = 0;
    let widest = 0;
    for (let i = 0; i < count; i++) {
      widths.push(items[i].length);
      total += items[i].length + 2;
      widest = Math.max(widest, items[i].length);
    }
    const cell = widest + 2;
    if (cell * 3 + state.indent >= state.options.breakLength) return items;
    if (!(total / cell > 5 || widest <= 6)) return items;
    const biased = Math.max(cell - 3 - Math.sqrt(cell - total / items.length), 1);
    const columns = Math.min(
      Math.round(Math.sqrt(2.5 * biased * count) / biased),
      Math.floor((state.options.breakLength - state.indent) / cell),
      state.options.compact * 4,
      15,
    );
    if (columns <= 1) return items;
    const columnWidths = [];
    for (let column = 0; column < columns; column++) {
      let width = 0;
      for (let i = column; i < count; i += columns) width = Math.max(width, widths[i]);
      columnWidths.push(width + 2);
    }
    let isNumeric = value !== undefined;
    for (let i = 0; isNumeric && i < count; i++) {
      isNumeric = typeof value[i] === "number" || typeof value[i] === "bigint";
    }
    const rows = [];
    for (let start = 0; start < count; start += columns) {
      const end = Math.min(start + columns, count);
      let row = "";
      for (let i = start; i < end; i++) {
        const isLast = i === end - 1;
        const width = columnWidths[i - start];
        if (isNumeric) row += isLast ? items[i].padStart(width - 2) : `${items[i]}, `.padStart(width);
        else row += isLast ? items[i] : `${items[i]}, `.padEnd(width);
      }
      rows.push(row);
    }
    if (isCut) rows.push(items[count]);
    return rows;
  }

  function join(state, items, base, open, close, level, isGrouped, value, isCut) {
    const { compact, breakLength } = state.options;
    let parts = items;
    if (isGrouped && compact >= 1 && items.length > 6) parts = inColumns(state, items, value, isCut);
    if (state.deepest - level < compact && parts.length === items.length) {
      const start = parts.length + state.indent + open.length + base.length + 10;
      let width = parts.length + start;
      for (const part of parts) width += part.length;
      const joined = parts.join(", ");
      if (width <= breakLength && !joined.includes("\n") && !base.includes("\n")) {
        return `${base ? `${base} ` : ""}${open} ${joined} ${close}`;
      }
    }
    const line = `\n${" ".repeat(state.indent)}`;
    return `${base ? `${base} ` : ""}${open}${line}  ${parts.join(`,${line}  `)}${line}${close}`;
  }

  function showError(state, error, keys) {
    let text = readText(error, "stack") || headOf(error);
    const head = headOf(error);
    const own = getOwn(error, "stack");
    // A name or message given after the error was made still shows.
    if (!own && !text.startsWith(head)) text = head + text.slice(text.indexOf("\n    at") >= 0 ? text.indexOf("\n    at") : text.length);
    const at = keys.indexOf("stack");
    if (at >= 0) keys.splice(at, 1);
    for (const key of ["name", "message"]) {
      const place = keys.indexOf(key);
      if (place >= 0 && text.includes(String(error[key]))) keys.splice(place, 1);
    }
    if (has(error, "cause") && !keys.includes("cause")) keys.push("cause");
    if (has(error, "errors") && !keys.includes("errors")) keys.push("errors");
    if (!text.includes("\n    at")) text = `[${text}]`;
    return state.indent > 0 ? text.replaceAll("\n", `\n${" ".repeat(state.indent)}`) : text;
  }

  function showObject(state, value, level) {
    const { options } = state;
    const what = kind(value);
    const name = classOf(value);
    const keys = ownKeys(value, options);
    const inner = level + 1;
    let base = "";
    let open = "{";
    let close = "}";
    let items = () => [];
    let isGrouped = false;
    let isCut = false;
    let isArray = false;
    const drop = (test) => {
      for (let i = keys.length - 1; i >= 0; i--) if (test(keys[i])) keys.splice(i, 1);
    };
    if (Array.isArray(value)) {
      isArray = isGrouped = true;
      const prefix = name === "Array" ? "" : prefixOf(value, name, "Array", value.length);
      open = `${prefix}[`;
      close = "]";
      drop((key) => isIndex(key, value.length) || key === "length");
      if (value.length === 0 && keys.length === 0) return `${open}]`;
      isCut = value.length > options.maxArrayLength;
      items = () => showItems(state, value, value.length, inner);
    } else if (isTyped(what)) {
      isArray = isGrouped = true;
      const length = call(typedLength, value);
      open = `${prefixOf(value, name, what, length)}[`;
      close = "]";
      drop((key) => isIndex(key, length));
      if (length === 0 && keys.length === 0) return `${open}]`;
      isCut = length > options.maxArrayLength;
      items = () => showItems(state, value, length, inner);
    } else if (what === "Map") {
      const size = call(mapSize, value);
      open = `${prefixOf(value, name, "Map", size)}{`;
      items = () => showEntries(state, call(mapEntries, value), size, inner, true);
      if (size === 0 && keys.length === 0) return `${open}}`;
    } else if (what === "Set") {
      const size = call(setSize, value);
      open = `${prefixOf(value, name, "Set", size)}{`;
      items = () => showEntries(state, call(setValues, value), size, inner, false);
      if (size === 0 && keys.length === 0) return `${open}}`;
    } else if (typeof value === "function") {
      base = showFunction(value, name);
      if (keys.length === 0) return base;
    } else if (what === "Date") {
      base = Number.isNaN(call(dateGetTime, value)) ? "Invalid Date" : call(dateToIso, value);
      if (name !== "Date") base = `${name} ${base}`;
      if (keys.length === 0) return base;
    } else if (what === "RegExp") {
      base = call(regexpToString, value);
      if (keys.length === 0) return base;
    } else if (what === "Error") {
      base = showError(state, value, keys);
      if (keys.length === 0) return base;
    } else if (what === "Promise") {
      open = `${prefixOf(value, name, "Promise")}{`;
      items = () => {
        const [promised, result] = native.promise(value);
        if (promised === 0) return ["<pending>"];
        state.indent += 2;
        const text = show(state, result, inner);
        state.indent -= 2;
        return [promised === 2 ? `<rejected> ${text}` : text];
      };
    } else if (what === "WeakMap" || what === "WeakSet") {
      open = `${prefixOf(value, name, what)}{`;
      items = () => ["<items unknown>"];
    } else if (what === "ArrayBuffer") {
      open = `${prefixOf(value, name, what)}{`;
      items = () => {
        const bytes = new Uint8Array(value.slice(0, 50));
        let text = "";
        for (const byte of bytes) text += `${text ? " " : ""}${byte.toString(16).padStart(2, "0")}`;
        return [`[Uint8Contents]: <${text}>`, `byteLength: ${call(bufferLength, value)}`];
      };
    } else if (["Number", "String", "Boolean", "Symbol", "BigInt"].includes(what)) {
      const boxed = value.valueOf();
      drop((key) => what === "String" && isIndex(key, boxed.length));
      base = `[${what}: ${showPrimitive(boxed, options)}]`;
      if (keys.length === 0) return base;
    } else if (what === "Arguments") {
      isArray = isGrouped = true;
      open = "[Arguments] [";
      close = "]";
      drop((key) => isIndex(key, value.length));
      items = () => showItems(state, value, value.length, inner);
    } else if (what === "Generator" || what === "AsyncGenerator") {
      open = `Object [${what}] {`;
      if (keys.length === 0) return `${open}}`;
    } else {
      const prefix = prefixOf(value, name, "Object");
      open = name === "Object" && prefix === "Object " ? "{" : `${prefix}{`;
      if (keys.length === 0) return `${open}}`;
    }
    if (options.depth !== null && level > options.depth) {
      return `[${isArray && name === "Array" ? "Array" : `${name ?? "Object: null prototype"}`}]`;
    }
    state.seen.push(value);
    state.deepest = level;
    const parts = items();
    for (const key of keys) parts.push(showProperty(state, value, key, inner, false));
    state.seen.pop();
    const circle = state.circles.get(value);
    if (circle !== undefined) {
      if (base) base = `<ref *${circle}> ${base}`;
      else open = `<ref *${circle}> ${open}`;
    }
    return join(state, parts, base, open, close, level, isGrouped && keys.length === 0, isArray ? value : undefined, isCut);
  }

  function show(state, value, level) {
    if (value === null || (typeof value !== "object" && typeof value !== "function")) {
      return showPrimitive(value, state.options);
    }
    if (++state.shown > 20000) return "…";
    if (kind(value) === "Proxy") {
      const target = native.target(value);
      if (target === null || target === undefined) return "<Revoked Proxy>";
      return show(state, target, level);
    }
    const custom = value[CUSTOM];
    if (typeof custom === "function" && custom !== inspect) {
      const told = custom.call(value, state.options.depth - level, { ...state.options }, inspect);
      if (typeof told !== "object") return String(told).replaceAll("\n", `\n${" ".repeat(state.indent)}`);
      if (told !== value) return show(state, told, level);
    }
    if (state.seen.includes(value)) {
      if (!state.circles.has(value)) state.circles.set(value, state.circles.size + 1);
      return `[Circular *${state.circles.get(value)}]`;
    }
    return showObject(state, value, level);
  }

  function inspect(value, options) {
    const given = typeof options === "object" && options !== null ? options : {};
    const state = {
      options: { ...DEFAULTS, ...given },
      seen: [],
      circles: new Map(),
      indent: 0,
      deepest: 0,
      shown: 0,
    };
    if (state.options.depth === Infinity) state.options.depth = null;
    if (state.options.compact === true) state.options.compact = 3;
    if (state.options.compact === false) state.options.compact = 0;
    return show(state, value, 0);
  }
  inspect.custom = CUSTOM;
  inspect.defaultOptions = DEFAULTS;

  const toNumber = (value) => (typeof value === "symbol" ? NaN : Number(value));

  function fill(letter, value) {
    switch (letter) {
      case "s":
        if (typeof value === "string") return value;
        if (typeof value === "object" && value !== null) {
          const own = value.toString;
          if (typeof own === "function" && own !== Object.prototype.toString && own !== Error.prototype.toString && !Array.isArray(value)) {
            return String(value);
          }
          return inspect(value, { depth: 0 });
        }
        return showPrimitive(value, DEFAULTS);
      case "d":
        return typeof value === "bigint" ? `${value}n` : typeof value === "object" ? "NaN" : showPrimitive(toNumber(value), DEFAULTS);
      case "i":
        return typeof value === "bigint" ? `${value}n` : typeof value === "object" ? "NaN" : showPrimitive(parseInt(value, 10), DEFAULTS);
      case "f":
        return showPrimitive(typeof value === "symbol" ? NaN : parseFloat(value), DEFAULTS);
      case "j":
        try {
          return JSON.stringify(value);
        } catch {
          return "[Circular]";
        }
      case "o":
        return inspect(value, { showHidden: true, depth: 4 });
      case "O":
        return inspect(value);
      case "c":
        return "";
      default:
        return null;
    }
  }

  /** What console.log prints, without the line's end. */
  function format(...values) {
    let text = "";
    let next = 0;
    if (typeof values[0] === "string") {
      next = 1;
      text = values.length === 1 ? values[0] : values[0].replace(/%([sdifjoOc%])/g, (all, letter) => {
        if (letter === "%") return "%";
        if (next >= values.length) return all;
        return fill(letter, values[next++]);
      });
    }
    for (; next < values.length; next++) {
      const value = values[next];
      text += `${next > 0 ? " " : ""}${typeof value === "string" ? value : inspect(value)}`;
    }
    return text;
  }

  return { inspect, format, describeUncaught, headOf, lineIn, isTyped };
})
