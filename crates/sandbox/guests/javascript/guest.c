// The JavaScript guest: QuickJS in two realms. The program lives in one; what decides about it lives in the other,
// which is frozen before the program begins. The host writes a request, calls `run`, and reads the records.
//
// A request is: u32 mode (0 run, 1 judge), u32 milliseconds of waiting allowed, u32 bytes of memory for the
// program, u32 flags, then program, input and tests, each as u32 length and bytes. A record is: one letter, u32
// line, u32 length, bytes of text. Numbers are little-endian.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <wasi/api.h>

#include "quickjs.h"
#include "realm.h"

#define EXPORT(name) __attribute__((export_name(name)))
#define RECORDS_BYTES_MAX (256 * 1024)
#define RECORD_TEXT_BYTES_MAX 4096
#define STACK_BYTES_MAX (3 * 1024 * 1024)
// Kept back from the program, so that its error can still be told.
#define RESERVE_BYTES (2 * 1024 * 1024)

enum { FLAG_STRICT = 1, FLAG_ASYNC = 2 };
enum { MODE_RUN = 0, MODE_JUDGE = 1 };

static const uint8_t SOURCE_VALUES[] = {
#embed "values.bytecode"
};
static const uint8_t SOURCE_ASSERTIONS[] = {
#embed "assertions.bytecode"
};
static const uint8_t SOURCE_RUNTIME[] = {
#embed "runtime.bytecode"
};
static const uint8_t SOURCE_WEB[] = {
#embed "web.bytecode"
};
static const uint8_t SOURCE_MODULES[] = {
#embed "modules.bytecode"
};
static const uint8_t SOURCE_JUDGE[] = {
#embed "judge.bytecode"
};

static uint8_t records[RECORDS_BYTES_MAX];
static uint32_t records_size;
static double waited_ms;       // the clock was moved forward by so much instead of waiting
static double waiting_ms_max;  // and may be by so much
static const char *input_text;
static size_t input_size;
static JSContext *program_realm;
static JSContext *judge_realm;  // NULL unless judging
static JSValue next_timer, drain_ticks, describe_error, exit_hook;
static int is_exiting;

// ---- clocks: real time plus what was skipped --------------------------------------------------------------------

static uint64_t clock_ns(__wasi_clockid_t id) {
  __wasi_timestamp_t now = 0;
  if (__wasi_clock_time_get(id, 1, &now) != 0) return 0;
  return now + (uint64_t)(waited_ms * 1e6);
}

int guest_gettimeofday(struct timeval *tv, void *tz) {
  (void)tz;
  uint64_t now = clock_ns(__WASI_CLOCKID_REALTIME);
  tv->tv_sec = now / 1000000000;
  tv->tv_usec = now / 1000 % 1000000;
  return 0;
}

int guest_clock_gettime(clockid_t id, struct timespec *ts) {
  uint64_t now = clock_ns(id == CLOCK_REALTIME ? __WASI_CLOCKID_REALTIME : __WASI_CLOCKID_MONOTONIC);
  ts->tv_sec = now / 1000000000;
  ts->tv_nsec = now % 1000000000;
  return 0;
}

// ---- records ----------------------------------------------------------------------------------------------------

static void put_u32(uint8_t *at, uint32_t value) { memcpy(at, &value, 4); }

static void add_record(char kind, uint32_t line, const char *text, size_t size) {
  if (size > RECORD_TEXT_BYTES_MAX) size = RECORD_TEXT_BYTES_MAX;
  if (records_size + 9 + size > RECORDS_BYTES_MAX) return;
  uint8_t *at = records + records_size;
  at[0] = (uint8_t)kind;
  put_u32(at + 1, line);
  put_u32(at + 5, (uint32_t)size);
  memcpy(at + 9, text, size);
  records_size += 9 + size;
}

static void add_record_text(char kind, const char *text) { add_record(kind, 0, text, strlen(text)); }

_Noreturn static void leave(int code) {
  __wasi_proc_exit((uint32_t)code);
  __builtin_trap();
}

// ---- native functions of both realms ----------------------------------------------------------------------------

static JSValue native_kind(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  JSClassID id = argc > 0 ? JS_GetClassID(argv[0]) : JS_INVALID_CLASS_ID;
  if (id == JS_INVALID_CLASS_ID) return JS_NewString(ctx, "");
  if (JS_IsProxy(argv[0])) return JS_NewString(ctx, "Proxy");
  JSAtom name = JS_GetClassName(JS_GetRuntime(ctx), id);
  JSValue text = JS_AtomToString(ctx, name);
  JS_FreeAtom(ctx, name);
  return text;
}

static JSValue native_promise(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  JSValue pair = JS_NewArray(ctx);
  if (JS_IsException(pair)) return pair;
  int state = JS_PromiseState(ctx, argv[0]);
  JS_DefinePropertyValueUint32(ctx, pair, 0, JS_NewInt32(ctx, state), JS_PROP_C_W_E);
  JSValue value = state == JS_PROMISE_PENDING ? JS_UNDEFINED : JS_PromiseResult(ctx, argv[0]);
  JS_DefinePropertyValueUint32(ctx, pair, 1, value, JS_PROP_C_W_E);
  return pair;
}

static JSValue native_target(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  return JS_GetProxyTarget(ctx, argv[0]);
}

static JSValue native_write(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  int32_t fd = 1;
  size_t size;
  if (JS_ToInt32(ctx, &fd, argv[0])) return JS_EXCEPTION;
  const char *text = JS_ToCStringLen(ctx, &size, argv[1]);
  if (!text) return JS_EXCEPTION;
  for (size_t at = 0; at < size;) {
    __wasi_ciovec_t part = {(const uint8_t *)text + at, size - at};
    __wasi_size_t written = 0;
    if (__wasi_fd_write(fd == 2 ? 2 : 1, &part, 1, &written) != 0 || written == 0) break;
    at += written;
  }
  JS_FreeCString(ctx, text);
  return JS_UNDEFINED;
}

static JSValue native_exit(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  int32_t code = 0;
  JS_ToInt32(ctx, &code, argv[0]);
  add_record('X', (uint32_t)code, "", 0);
  leave(code & 0xff);
}

static JSValue native_clock(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  return JS_NewFloat64(ctx, (double)clock_ns(__WASI_CLOCKID_MONOTONIC) / 1e6);
}

// Moves the clock forward to a time of `native_clock`, as if the program had slept until then.
static JSValue native_sleep_until(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  double until = 0;
  if (JS_ToFloat64(ctx, &until, argv[0])) return JS_EXCEPTION;
  double step = until - (double)clock_ns(__WASI_CLOCKID_MONOTONIC) / 1e6;
  if (step > 0) waited_ms += step;
  if (waited_ms > waiting_ms_max) {
    add_record_text('W', "");
    leave(124);
  }
  return JS_UNDEFINED;
}

static JSValue native_input(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  return JS_NewStringLen(ctx, input_text, input_size);
}

static JSValue native_random(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  uint8_t bytes[4096];
  int32_t size = 0;
  if (JS_ToInt32(ctx, &size, argv[0])) return JS_EXCEPTION;
  if (size < 0 || size > (int32_t)sizeof bytes) return JS_ThrowRangeError(ctx, "too many random bytes at once");
  if (__wasi_random_get(bytes, (size_t)size) != 0) return JS_ThrowInternalError(ctx, "no random bytes");
  return JS_NewUint8ArrayCopy(ctx, bytes, (size_t)size);
}

static JSValue native_deny(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t size;
  const char *text = JS_ToCStringLen(ctx, &size, argv[0]);
  if (text) add_record('D', 0, text, size);
  JS_FreeCString(ctx, text);
  return JS_UNDEFINED;
}

static JSValue native_encode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t size;
  const char *text = JS_ToCStringLen(ctx, &size, argv[0]);
  if (!text) return JS_EXCEPTION;
  JSValue bytes = JS_NewUint8ArrayCopy(ctx, (const uint8_t *)text, size);
  JS_FreeCString(ctx, text);
  return bytes;
}

static JSValue native_decode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t size;
  uint8_t *bytes = JS_GetUint8Array(ctx, &size, argv[0]);
  if (!bytes) return JS_EXCEPTION;
  return JS_NewStringLen(ctx, (const char *)bytes, size);
}

static const JSCFunctionListEntry NATIVE[] = {
    JS_CFUNC_DEF("kind", 1, native_kind),       JS_CFUNC_DEF("promise", 1, native_promise),
    JS_CFUNC_DEF("target", 1, native_target),   JS_CFUNC_DEF("write", 2, native_write),
    JS_CFUNC_DEF("exit", 1, native_exit),       JS_CFUNC_DEF("clock", 0, native_clock),
    JS_CFUNC_DEF("sleepUntil", 1, native_sleep_until), JS_CFUNC_DEF("input", 0, native_input),
    JS_CFUNC_DEF("random", 1, native_random),   JS_CFUNC_DEF("deny", 1, native_deny),
    JS_CFUNC_DEF("encode", 1, native_encode),   JS_CFUNC_DEF("decode", 1, native_decode),
};

// A line that asserts in a loop is noted once for holding and once for failing: the room for records is limited.
static int is_news(char kind, uint32_t line) {
  static uint8_t noted[65536];
  uint8_t bit = kind == 'F' ? 2 : 1;
  if (line >= sizeof noted) return 1;
  int is_new = !(noted[line] & bit);
  noted[line] |= bit;
  return is_new;
}

// Only the judge's realm has this one: record(kind, line, text).
static JSValue native_record(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  size_t kind_size, size;
  uint32_t line = 0;
  const char *kind = JS_ToCStringLen(ctx, &kind_size, argv[0]);
  const char *text = JS_ToCStringLen(ctx, &size, argv[2]);
  JS_ToUint32(ctx, &line, argv[1]);
  if (kind && text && kind_size == 1 && is_news(kind[0], line)) add_record(kind[0], line, text, size);
  JS_FreeCString(ctx, kind);
  JS_FreeCString(ctx, text);
  return JS_UNDEFINED;
}

// ---- errors -----------------------------------------------------------------------------------------------------

static int is_out_of_memory(JSContext *ctx, JSValueConst error) {
  if (JS_IsNull(error)) return 1;  // not even the error could be made
  JSValue message = JS_GetPropertyStr(ctx, error, "message");
  const char *text = JS_IsString(message) ? JS_ToCString(ctx, message) : NULL;
  int is = text && JS_IsError(error) && strcmp(text, "out of memory") == 0;
  JS_FreeCString(ctx, text);
  JS_FreeValue(ctx, message);
  return is;
}

// Ends the run with an error nobody caught. The realm's own code words it and records its line.
_Noreturn static void end_with(JSContext *ctx, JSValue error) {
  JSRuntime *rt = JS_GetRuntime(ctx);
  JS_SetMemoryLimit(rt, 0);
  if (is_out_of_memory(ctx, error)) add_record_text('M', "");
  JSContext *realm = judge_realm ? judge_realm : program_realm;
  JSValue told = JS_Call(realm, describe_error, JS_UNDEFINED, 1, (JSValueConst *)&error);
  if (JS_IsArray(told)) {
    JSValue line = JS_GetPropertyUint32(realm, told, 0);
    JSValue message = JS_GetPropertyUint32(realm, told, 1);
    JSValue text = JS_GetPropertyUint32(realm, told, 2);
    JSValue place = JS_GetPropertyUint32(realm, told, 3);
    uint32_t number = 0, in_tests = 0;
    JS_ToUint32(realm, &number, line);
    JS_ToUint32(realm, &in_tests, place);
    size_t size;
    const char *words = JS_ToCStringLen(realm, &size, message);
    if (words) {
      if (in_tests) add_record('U', in_tests, words, size);
      add_record('E', number, words, size);
    }
    JSValue fd = JS_NewInt32(realm, 2);
    JSValueConst printed[2] = {fd, text};
    native_write(realm, JS_UNDEFINED, 2, printed);
  } else {
    add_record_text('E', "an error that could not be told");
  }
  leave(1);
}


typedef struct {
  JSValue promise, reason;
} Rejection;
#define REJECTIONS_MAX 256
static Rejection rejections[REJECTIONS_MAX];
static int rejection_count;

static void on_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, bool is_handled, void *opaque) {
  if (is_handled) {
    for (int i = 0; i < rejection_count; i++) {
      if (!JS_IsStrictEqual(ctx, rejections[i].promise, promise)) continue;
      JS_FreeValue(ctx, rejections[i].promise);
      JS_FreeValue(ctx, rejections[i].reason);
      rejections[i] = rejections[--rejection_count];
      return;
    }
    return;
  }
  if (rejection_count == REJECTIONS_MAX) return;
  rejections[rejection_count++] = (Rejection){JS_DupValue(ctx, promise), JS_DupValue(ctx, reason)};
}

// ---- the event loop ---------------------------------------------------------------------------------------------

// Runs what waits in no queue of timers: ticks first, then promise jobs, until both are empty.
static void run_jobs(void) {
  JSRuntime *rt = JS_GetRuntime(program_realm);
  for (;;) {
    JSValue ticked = JS_Call(program_realm, drain_ticks, JS_UNDEFINED, 0, NULL);
    if (JS_IsException(ticked)) end_with(program_realm, JS_GetException(program_realm));
    int did_tick = JS_VALUE_GET_TAG(ticked) == JS_TAG_BOOL && JS_VALUE_GET_BOOL(ticked);
    int jobs = 0;
    while (JS_IsJobPending(rt)) {
      JSContext *ctx;
      if (JS_ExecutePendingJob(rt, &ctx) < 0) end_with(ctx, JS_GetException(ctx));
      jobs++;
    }
    if (!did_tick && jobs == 0) break;
  }
  if (rejection_count > 0) end_with(program_realm, rejections[0].reason);
}

// Runs one due timer; 0 when none is left.
static int run_timer(void) {
  JSValue more = JS_Call(program_realm, next_timer, JS_UNDEFINED, 0, NULL);
  if (JS_IsException(more)) end_with(program_realm, JS_GetException(program_realm));
  int is_more = JS_VALUE_GET_TAG(more) == JS_TAG_BOOL && JS_VALUE_GET_BOOL(more);
  if (is_more) run_jobs();
  return is_more;
}

// Waits for `promise`; ends the run when it is rejected. 0 when nothing is left that could settle it.
static int settle(JSValueConst promise) {
  JS_PromiseMarkAsHandled(program_realm, promise);
  run_jobs();
  for (;;) {
    switch (JS_PromiseState(program_realm, promise)) {
      case JS_PROMISE_FULFILLED:
        return 1;
      case JS_PROMISE_REJECTED:
        end_with(program_realm, JS_PromiseResult(program_realm, promise));
      default:
        if (!run_timer()) return 0;
    }
  }
}

static void run_until_idle(void) {
  run_jobs();
  while (run_timer()) {
  }
}

// ---- set-up -----------------------------------------------------------------------------------------------------

// Evaluates one of the guest's own scripts: bytecode of a function, which is called.
static JSValue evaluate_own(JSContext *ctx, const uint8_t *code, size_t size, int argc, JSValueConst *argv) {
  JSValue made = JS_ReadObject(ctx, code, size, JS_READ_OBJ_BYTECODE);
  if (!JS_IsException(made)) made = JS_EvalFunction(ctx, made);
  if (!JS_IsException(made)) {
    JSValue result = JS_Call(ctx, made, JS_UNDEFINED, argc, argv);
    JS_FreeValue(ctx, made);
    made = result;
  }
  if (JS_IsException(made)) {
    JSValue error = JS_GetException(ctx);
    JSValue stack = JS_GetPropertyStr(ctx, error, "stack");
    const char *text = JS_ToCString(ctx, error), *frames = JS_ToCString(ctx, stack);
    add_record_text('E', text ? text : "the guest could not be set up");
    if (frames) add_record_text('I', frames);
    leave(70);
  }
  return made;
}

#define EVALUATE(ctx, source, ...)                                                        \
  evaluate_own(ctx, source, sizeof(source),                                           \
               sizeof((JSValueConst[]){__VA_ARGS__}) / sizeof(JSValueConst), (JSValueConst[]){__VA_ARGS__})

static JSValue make_native(JSContext *ctx) {
  JSValue native = JS_NewObjectProto(ctx, JS_NULL);
  JS_SetPropertyFunctionList(ctx, native, NATIVE, sizeof NATIVE / sizeof NATIVE[0]);
  return native;
}

static JSValue runtime_object, runtime_values;

static void set_up_program_realm(void) {
  JSContext *ctx = program_realm;
  JSValue native = make_native(ctx);
  runtime_values = EVALUATE(ctx, SOURCE_VALUES, native);
  if (judge_realm) snapshot_realm(ctx);
  JSValue assertions = EVALUATE(ctx, SOURCE_ASSERTIONS, native, runtime_values, JS_UNDEFINED);
  JSValue web = EVALUATE(ctx, SOURCE_WEB, native, runtime_values);
  JSValue modules = EVALUATE(ctx, SOURCE_MODULES, native, runtime_values, assertions);
  runtime_object = EVALUATE(ctx, SOURCE_RUNTIME, native, runtime_values, web, modules);
  if (judge_realm) snapshot_globals(ctx);
  next_timer = JS_GetPropertyStr(ctx, runtime_object, "nextTimer");
  drain_ticks = JS_GetPropertyStr(ctx, runtime_object, "drainTicks");
  exit_hook = JS_GetPropertyStr(ctx, runtime_object, "onExit");
  if (!judge_realm) describe_error = JS_GetPropertyStr(ctx, runtime_values, "describeUncaught");
}

static JSValue judge_object;

static void set_up_judge_realm(void) {
  JSContext *ctx = judge_realm;
  JSValue native = make_native(ctx);
  JSValue record = JS_NewCFunction(ctx, native_record, "record", 3);
  JSValue global = JS_GetGlobalObject(program_realm);
  JSValue error_class = JS_GetPropertyStr(program_realm, global, "Error");
  JSValue values = EVALUATE(ctx, SOURCE_VALUES, native);
  JSValue assertions = EVALUATE(ctx, SOURCE_ASSERTIONS, native, values, error_class);
  judge_object = EVALUATE(ctx, SOURCE_JUDGE, native, values, assertions, record);
  describe_error = JS_GetPropertyStr(ctx, values, "describeUncaught");
  freeze_realm(ctx);
}

// ---- a run ------------------------------------------------------------------------------------------------------

static void run_program(const char *code, size_t size, uint32_t flags) {
  JSContext *ctx = program_realm;
  int how = JS_EVAL_TYPE_GLOBAL;
  if (flags & FLAG_STRICT) how |= JS_EVAL_FLAG_STRICT;
  JSValue result = JS_EXCEPTION;
  // A script that only mentions `await` is tried as it stands first.
  JSValue compiled = JS_Eval(ctx, code, size, "program.js", how | JS_EVAL_FLAG_COMPILE_ONLY);
  if (JS_IsException(compiled) && (flags & FLAG_ASYNC)) {
    JSValue first = JS_GetException(ctx);
    result = JS_Eval(ctx, code, size, "program.js", how | JS_EVAL_FLAG_ASYNC);
    if (JS_IsException(result)) end_with(ctx, JS_GetException(ctx));
    JS_FreeValue(ctx, first);
  } else if (!JS_IsException(compiled)) {
    result = JS_EvalFunction(ctx, compiled);
  }
  if (JS_IsException(result)) end_with(ctx, JS_GetException(ctx));
  if ((flags & FLAG_ASYNC) && JS_IsPromise(result) && !settle(result)) {
    add_record_text('E', "Error: the program waits for a promise that is never settled");
    leave(13);
  }
}

static void run_tests(const char *tests, size_t size) {
  JSContext *ctx = program_realm;
  char *name = find_replaced(ctx);
  if (name) {
    add_record_text('B', name);
    leave(3);
  }
  lock_realm(ctx);
  add_record_text('S', "");
  JSValue made = JS_Eval(ctx, tests, size, "tests.js", JS_EVAL_TYPE_GLOBAL);
  if (JS_IsException(made)) end_with(ctx, JS_GetException(ctx));
  JSValue prepare = JS_GetPropertyStr(judge_realm, judge_object, "prepare");
  JSValue arguments = JS_Call(judge_realm, prepare, JS_UNDEFINED, 1, (JSValueConst *)&runtime_object);
  if (JS_IsException(arguments)) {
    add_record_text('B', "console.assert");
    leave(3);
  }
  JSValue handed[3];
  for (uint32_t i = 0; i < 3; i++) handed[i] = JS_GetPropertyUint32(judge_realm, arguments, i);
  JSValue promise = JS_Call(ctx, made, JS_UNDEFINED, 3, (JSValueConst *)handed);
  if (JS_IsException(promise)) end_with(ctx, JS_GetException(ctx));
  int is_settled = settle(promise);
  run_until_idle();
  name = find_replaced(ctx);
  if (name) add_record_text('B', name);
  add_record_text(is_settled ? 'C' : 'H', "");
}

static uint8_t *request;
static size_t request_size;

EXPORT("reserve") uint8_t *guest_reserve(size_t size) {
  request = malloc(size + 1);
  request_size = size;
  return request;
}

static const char *take(size_t *at, size_t *size) {
  uint32_t length = 0;
  if (*at + 4 > request_size) leave(71);
  memcpy(&length, request + *at, 4);
  *at += 4;
  if (length > request_size - *at) leave(71);
  const char *text = (const char *)request + *at;
  *at += length;
  *size = length;
  return text;
}

// JS_Eval wants a zero after the text.
static char *with_end(const char *text, size_t size) {
  char *copy = malloc(size + 1);
  if (!copy) leave(72);
  memcpy(copy, text, size);
  copy[size] = 0;
  return copy;
}

EXPORT("run") void guest_run(void) {
  uint32_t head[4];
  size_t at = sizeof head, code_size, tests_size;
  if (!request || request_size < at) leave(71);
  memcpy(head, request, sizeof head);
  const char *code = take(&at, &code_size);
  code = with_end(code, code_size);
  input_text = take(&at, &input_size);
  const char *tests = take(&at, &tests_size);
  tests = with_end(tests, tests_size);
  waiting_ms_max = head[1];
  JSRuntime *rt = JS_NewRuntime();
  if (!rt) leave(72);
  JS_SetMaxStackSize(rt, STACK_BYTES_MAX);
  JS_SetGCThreshold(rt, 4 * 1024 * 1024);
  JS_SetHostPromiseRejectionTracker(rt, on_rejection, NULL);
  program_realm = JS_NewContext(rt);
  if (head[0] == MODE_JUDGE) judge_realm = JS_NewContext(rt);
  if (!program_realm || (head[0] == MODE_JUDGE && !judge_realm)) leave(72);
  set_up_program_realm();
  if (judge_realm) set_up_judge_realm();
  if (head[2] > RESERVE_BYTES) JS_SetMemoryLimit(rt, head[2] - RESERVE_BYTES);
  run_program(code, code_size, head[3]);
  if (judge_realm)
    run_tests(tests, tests_size);
  else
    run_until_idle();
  JSValue left = JS_Call(program_realm, exit_hook, JS_UNDEFINED, 0, NULL);
  if (JS_IsException(left)) end_with(program_realm, JS_GetException(program_realm));
  int32_t code_left = 0;
  JS_ToInt32(program_realm, &code_left, left);
  add_record('X', (uint32_t)code_left, "", 0);
}

EXPORT("records") uint8_t *guest_records(void) { return records; }

EXPORT("records_size") uint32_t *guest_records_size(void) { return &records_size; }
