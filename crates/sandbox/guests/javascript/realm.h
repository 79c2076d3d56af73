// What the judge keeps of a realm before the program runs in it, and how it finds out what was replaced.
#pragma once
#include "quickjs.h"

// Keeps every built-in of `ctx` as it is now: a walk over all objects that can be reached from the global one.
void snapshot_realm(JSContext *ctx);

// Keeps also the global functions that were added since and that tests rely on.
void snapshot_globals(JSContext *ctx);

// The first built-in that is no longer what it was, such as `JSON.stringify`; NULL when there is none.
char *find_replaced(JSContext *ctx);

// Makes the built-ins read-only, but for those that tests replace or that assignments to own objects would trip over.
void lock_realm(JSContext *ctx);

// Freezes every built-in of `ctx`, the global object included.
void freeze_realm(JSContext *ctx);
