// Snapshots, locks and freezes of a realm's built-ins; see realm.h. In C, because nothing a program does to its
// realm can change what happens here.
#include "realm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTS_MAX 4096
#define PROPERTIES_MAX 16384
#define NAME_BYTES_MAX 96

typedef struct {
  JSValue object;
  char name[NAME_BYTES_MAX];
  uint32_t first, last;  // its properties, from `first` until before `last`
} Object;

typedef struct {
  uint32_t object;
  JSAtom key;
  JSValue value, getter, setter;
} Property;

typedef struct {
  Object objects[OBJECTS_MAX];
  uint32_t object_count;
  Property properties[PROPERTIES_MAX];
  uint32_t property_count;
} Walk;

static Walk *kept;
static uint32_t walked_count;  // the objects of the snapshot proper; later ones have single properties only

// Objects that no global name leads to: the prototypes behind iterators, generators, and kinds of functions.
static const char HIDDEN[] =
    "[[].values(), new Map().values(), new Set().values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g), function*(){},"
    "async function(){}, async function*(){}, (function*(){})(), (async function*(){})(), new Uint8Array(),"
    "[].values().map(x => x), Iterator.from({next(){}})].map(Object.getPrototypeOf)";

static int find_object(Walk *walk, JSValueConst value) {
  void *wanted = JS_VALUE_GET_PTR(value);
  for (uint32_t i = 0; i < walk->object_count; i++)
    if (JS_VALUE_GET_PTR(walk->objects[i].object) == wanted) return (int)i;
  return -1;
}

// Leaf functions, with a length and a name and no more, are kept by identity only: most of a realm's objects are those.
// `Function.prototype` is a function as well, and no leaf.
static int has_parts(JSContext *ctx, JSValueConst value) {
  if (!JS_IsFunction(ctx, value)) return 1;
  JSPropertyEnum *keys;
  uint32_t count;
  if (JS_GetOwnPropertyNames(ctx, &keys, &count, value, JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK) < 0) return 1;
  JS_FreePropertyEnum(ctx, keys, count);
  return count > 2;
}

static void add_object(JSContext *ctx, Walk *walk, JSValueConst value, const char *owner, const char *key) {
  if (!JS_IsObject(value) || walk->object_count == OBJECTS_MAX || !has_parts(ctx, value)) return;
  if (find_object(walk, value) >= 0) return;
  Object *object = &walk->objects[walk->object_count++];
  object->object = JS_DupValue(ctx, value);
  const char *format = owner[0] ? "%s.%s" : "%s%s";
  snprintf(object->name, sizeof object->name, format, owner, key);
}

static void walk_object(JSContext *ctx, Walk *walk, uint32_t index) {
  JSValue object = walk->objects[index].object;
  char owner[NAME_BYTES_MAX];
  memcpy(owner, walk->objects[index].name, sizeof owner);
  JSPropertyEnum *keys;
  uint32_t count;
  if (JS_GetOwnPropertyNames(ctx, &keys, &count, object, JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK) < 0) return;
  walk->objects[index].first = walk->property_count;
  for (uint32_t i = 0; i < count && walk->property_count < PROPERTIES_MAX; i++) {
    JSPropertyDescriptor found;
    if (JS_GetOwnProperty(ctx, &found, object, keys[i].atom) <= 0) continue;
    int is_accessor = (found.flags & JS_PROP_GETSET) != 0;
    walk->properties[walk->property_count++] =
        (Property){index, JS_DupAtom(ctx, keys[i].atom), is_accessor ? JS_UNDEFINED : found.value,
                   is_accessor ? found.getter : JS_UNDEFINED, is_accessor ? found.setter : JS_UNDEFINED};
    const char *key = JS_AtomToCString(ctx, keys[i].atom);
    if (key && !is_accessor) add_object(ctx, walk, found.value, owner, key);
    JS_FreeCString(ctx, key);
  }
  walk->objects[index].last = walk->property_count;
  JS_FreePropertyEnum(ctx, keys, count);
  JSValue prototype = JS_GetPrototype(ctx, object);
  add_object(ctx, walk, prototype, owner, "__proto__");
  JS_FreeValue(ctx, prototype);
}

static void add_prototype(JSContext *ctx, Walk *walk, JSValueConst global, const char *name) {
  JSValue constructor = JS_GetPropertyStr(ctx, global, name);
  JSValue prototype = JS_GetPropertyStr(ctx, constructor, "prototype");
  add_object(ctx, walk, prototype, name, "prototype");
  JS_FreeValue(ctx, prototype);
  JS_FreeValue(ctx, constructor);
}

static Walk *walk_realm(JSContext *ctx) {
  Walk *walk = calloc(1, sizeof *walk);
  if (!walk) return NULL;
  JSValue global = JS_GetGlobalObject(ctx);
  add_object(ctx, walk, global, "", "");
  // Under their own names, before they are met as the prototype of something.
  add_prototype(ctx, walk, global, "Object");
  add_prototype(ctx, walk, global, "Function");
  JSValue hidden = JS_Eval(ctx, HIDDEN, sizeof HIDDEN - 1, "node:internal", JS_EVAL_TYPE_GLOBAL);
  int64_t count = 0;
  if (!JS_IsException(hidden)) JS_GetLength(ctx, hidden, &count);
  for (int64_t i = 0; i < count; i++) {
    JSValue value = JS_GetPropertyInt64(ctx, hidden, i);
    add_object(ctx, walk, value, "", "a hidden prototype");
    JS_FreeValue(ctx, value);
  }
  JS_FreeValue(ctx, hidden);
  for (uint32_t i = 0; i < walk->object_count; i++) walk_object(ctx, walk, i);
  JS_FreeValue(ctx, global);
  return walk;
}

void snapshot_realm(JSContext *ctx) {
  kept = walk_realm(ctx);
  if (!kept) abort();
  walked_count = kept->object_count;
}

void snapshot_globals(JSContext *ctx) {
  static const char *const NAMES[] = {"structuredClone", "URL", "URLSearchParams", "TextEncoder", "TextDecoder", "Intl"};
  JSValue global = kept->objects[0].object;
  // Some built-ins have been put in place of the engine's own by now.
  for (uint32_t i = 0; i < kept->property_count; i++) {
    Property *property = &kept->properties[i];
    JSPropertyDescriptor found;
    if (JS_GetOwnProperty(ctx, &found, kept->objects[property->object].object, property->key) <= 0) {
      property->key = JS_ATOM_NULL;  // taken away by our own scripts
      continue;
    }
    int is_accessor = (found.flags & JS_PROP_GETSET) != 0;
    property->value = is_accessor ? JS_UNDEFINED : found.value;
    property->getter = is_accessor ? found.getter : JS_UNDEFINED;
    property->setter = is_accessor ? found.setter : JS_UNDEFINED;
  }
  for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
    if (kept->property_count == PROPERTIES_MAX) return;
    kept->properties[kept->property_count++] =
        (Property){0, JS_NewAtom(ctx, NAMES[i]), JS_GetPropertyStr(ctx, global, NAMES[i]), JS_UNDEFINED, JS_UNDEFINED};
  }
}

// Tests replace clocks and chance, and nothing about equality follows from them.
static int is_free(const char *owner, const char *key) {
  if (owner[0] == 0) return strcmp(key, "Date") == 0 || strcmp(key, "performance") == 0 || strcmp(key, "globalThis") == 0;
  if (strcmp(owner, "performance") == 0) return 1;
  if (strcmp(owner, "Date") == 0) return strcmp(key, "now") == 0;
  if (strcmp(owner, "Math") == 0) return strcmp(key, "random") == 0;
  return strcmp(owner, "Error") == 0 && (strcmp(key, "stackTraceLimit") == 0 || strcmp(key, "prepareStackTrace") == 0);
}

static int is_same(JSContext *ctx, JSValueConst a, JSValueConst b) { return JS_IsSameValue(ctx, a, b); }

static int is_unchanged(JSContext *ctx, const Property *property, JSValueConst object) {
  JSPropertyDescriptor found;
  if (JS_GetOwnProperty(ctx, &found, object, property->key) <= 0) return 0;
  int is_accessor = (found.flags & JS_PROP_GETSET) != 0;
  int same = is_accessor ? is_same(ctx, found.getter, property->getter) && is_same(ctx, found.setter, property->setter)
                         : is_same(ctx, found.value, property->value);
  JS_FreeValue(ctx, found.value);
  JS_FreeValue(ctx, found.getter);
  JS_FreeValue(ctx, found.setter);
  return same;
}

static char told[2 * NAME_BYTES_MAX + 32];

static char *tell(JSContext *ctx, const char *owner, JSAtom key) {
  const char *text = JS_AtomToCString(ctx, key);
  snprintf(told, sizeof told, owner[0] ? "%s.%.90s" : "%s%.90s", owner, text ? text : "?");
  JS_FreeCString(ctx, text);
  return told;
}

// Additions are fine, unless the language itself looks for them: symbols, `toJSON`, `then`.
static char *find_added(JSContext *ctx, uint32_t index) {
  const Object *object = &kept->objects[index];
  JSPropertyEnum *keys;
  uint32_t count;
  if (JS_GetOwnPropertyNames(ctx, &keys, &count, object->object, JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK) < 0)
    return tell(ctx, object->name, JS_ATOM_NULL);
  char *added = NULL;
  for (uint32_t i = 0; i < count && !added; i++) {
    JSValue key = JS_AtomToValue(ctx, keys[i].atom);
    const char *text = JS_IsString(key) ? JS_ToCString(ctx, key) : NULL;
    int matters = JS_IsSymbol(key) || (text && (strcmp(text, "toJSON") == 0 || strcmp(text, "then") == 0));
    JS_FreeCString(ctx, text);
    JS_FreeValue(ctx, key);
    if (!matters) continue;
    int was_there = 0;
    for (uint32_t p = object->first; p < object->last && !was_there; p++)
      was_there = kept->properties[p].key == keys[i].atom;
    if (!was_there) added = tell(ctx, object->name, keys[i].atom);
  }
  JS_FreePropertyEnum(ctx, keys, count);
  return added;
}

// A `let JSON = …` of the program hides the global property of that name from the tests.
static char *find_hidden(JSContext *ctx, const Property *property) {
  const char *name = JS_AtomToCString(ctx, property->key);
  if (!name) return NULL;
  char *hidden = NULL;
  int is_name = name[0] != 0;
  for (const char *at = name; *at; at++)
    is_name &= (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '_';
  if (is_name && !is_free("", name)) {
    JSValue seen = JS_Eval(ctx, name, strlen(name), "node:internal", JS_EVAL_TYPE_GLOBAL);
    if (JS_IsException(seen)) JS_FreeValue(ctx, JS_GetException(ctx));
    if (JS_IsException(seen) || !is_same(ctx, seen, property->value)) hidden = tell(ctx, "", property->key);
    JS_FreeValue(ctx, seen);
  }
  JS_FreeCString(ctx, name);
  return hidden;
}

char *find_replaced(JSContext *ctx) {
  for (uint32_t i = 0; i < kept->property_count; i++) {
    const Property *property = &kept->properties[i];
    const Object *object = &kept->objects[property->object];
    if (property->key == JS_ATOM_NULL) continue;
    if (is_unchanged(ctx, property, object->object)) {
      if (property->object > 0 || !JS_IsUndefined(property->getter)) continue;
      char *hidden = find_hidden(ctx, property);
      if (hidden) return hidden;
      continue;
    }
    const char *key = JS_AtomToCString(ctx, property->key);
    int is_allowed = key && is_free(object->name, key);
    JS_FreeCString(ctx, key);
    if (!is_allowed) return tell(ctx, object->name, property->key);
  }
  for (uint32_t i = 1; i < walked_count; i++) {
    char *added = find_added(ctx, i);
    if (added) return added;
  }
  return NULL;
}

// Were these read-only, `error.name = …` and `this.toString = …` on a program's own objects would fail.
static int must_stay_writable(const char *owner) {
  size_t size = strlen(owner);
  return strcmp(owner, "Object.prototype") == 0 || strcmp(owner, "Function.prototype") == 0 ||
         (size >= 15 && strcmp(owner + size - 15, "Error.prototype") == 0);
}

void lock_realm(JSContext *ctx) {
  for (uint32_t i = 0; i < kept->property_count; i++) {
    const Property *property = &kept->properties[i];
    const Object *object = &kept->objects[property->object];
    if (property->key == JS_ATOM_NULL) continue;
    const char *key = JS_AtomToCString(ctx, property->key);
    int is_skipped = !key || is_free(object->name, key) || must_stay_writable(object->name) ||
                     strcmp(key, "constructor") == 0 || strcmp(key, "length") == 0;
    JS_FreeCString(ctx, key);
    if (is_skipped) continue;
    int flags = JS_PROP_HAS_CONFIGURABLE;
    if (JS_IsUndefined(property->getter) && JS_IsUndefined(property->setter)) flags |= JS_PROP_HAS_WRITABLE;
    if (JS_DefineProperty(ctx, object->object, property->key, JS_UNDEFINED, JS_UNDEFINED, JS_UNDEFINED, flags) < 0)
      JS_FreeValue(ctx, JS_GetException(ctx));
  }
}

void freeze_realm(JSContext *ctx) {
  Walk *walk = walk_realm(ctx);
  if (!walk) abort();
  for (uint32_t i = 0; i < walk->property_count; i++) {
    const Property *property = &walk->properties[i];
    const JSValue values[3] = {property->value, property->getter, property->setter};
    for (int j = 0; j < 3; j++)
      if (JS_IsObject(values[j])) JS_FreezeObject(ctx, values[j]);
  }
  for (uint32_t i = 0; i < walk->object_count; i++) JS_FreezeObject(ctx, walk->objects[i].object);
}
