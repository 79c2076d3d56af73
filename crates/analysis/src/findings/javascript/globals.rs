//! Names that the language, browsers and Node give to every script.

/// Those that hardly any code means to redefine.
pub(super) fn is_basic(name: &str) -> bool {
    matches!(
        name,
        "Array"
            | "Boolean"
            | "Date"
            | "Error"
            | "Function"
            | "Infinity"
            | "JSON"
            | "Map"
            | "Math"
            | "NaN"
            | "Number"
            | "Object"
            | "Promise"
            | "Proxy"
            | "Reflect"
            | "RegExp"
            | "Set"
            | "String"
            | "Symbol"
            | "WeakMap"
            | "WeakSet"
            | "arguments"
            | "eval"
            | "isFinite"
            | "isNaN"
            | "parseFloat"
            | "parseInt"
            | "undefined"
            | "globalThis"
    )
}

/// Everything a name may mean without being declared.
pub(super) fn is_known(name: &str) -> bool {
    is_basic(name)
        || name.starts_with('$')
        || name.starts_with('_')
        || (name.starts_with("on") && name.chars().all(|c| c.is_ascii_lowercase()))
        || KNOWN.contains(&name)
}

const KNOWN: &[&str] = &[
    "module",
    "exports",
    "require",
    "define",
    "process",
    "global",
    "window",
    "self",
    "document",
    "console",
    "navigator",
    "location",
    "history",
    "screen",
    "event",
    "name",
    "status",
    "parent",
    "top",
    "opener",
    "frames",
    "length",
    "closed",
    "origin",
    "alert",
    "confirm",
    "prompt",
    "print",
    "open",
    "close",
    "stop",
    "focus",
    "blur",
    "fetch",
    "performance",
    "crypto",
    "caches",
    "localStorage",
    "sessionStorage",
    "indexedDB",
    "setTimeout",
    "setInterval",
    "setImmediate",
    "clearTimeout",
    "clearInterval",
    "clearImmediate",
    "requestAnimationFrame",
    "cancelAnimationFrame",
    "queueMicrotask",
    "structuredClone",
    "escape",
    "unescape",
    "encodeURI",
    "decodeURI",
    "encodeURIComponent",
    "decodeURIComponent",
    "atob",
    "btoa",
    "scroll",
    "scrollTo",
    "scrollBy",
    "describe",
    "it",
    "test",
    "expect",
    "before",
    "after",
    "beforeEach",
    "afterEach",
    "beforeAll",
    "afterAll",
    "suite",
    "assert",
    "jest",
    "cy",
    "sinon",
    "chai",
    "jQuery",
    "angular",
    "goog",
    "google",
    "chrome",
    "browser",
    "postMessage",
    "importScripts",
    "async",
    "let",
    "get",
    "set",
    "of",
    "static",
    "super",
    "this",
    "input",
    "output",
    "data",
    "item",
    "items",
];
