// Runs where the image is built: turns one of the guest's own scripts into QuickJS's bytecode, so that no run has to
// parse it again. `compile SCRIPT OUT`.
#include <stdio.h>
#include <stdlib.h>

#include "quickjs.h"

#define SCRIPT_BYTES_MAX (1024 * 1024)

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  char *source = calloc(1, SCRIPT_BYTES_MAX + 1);
  FILE *in = fopen(argv[1], "rb");
  if (!source || !in) return 1;
  size_t size = fread(source, 1, SCRIPT_BYTES_MAX, in);
  JSRuntime *rt = JS_NewRuntime();
  JSContext *ctx = JS_NewContext(rt);
  int how = JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_STRICT | JS_EVAL_FLAG_COMPILE_ONLY;
  JSValue code = JS_Eval(ctx, source, size, "node:internal", how);
  if (JS_IsException(code)) {
    JSValue error = JS_GetException(ctx);
    fprintf(stderr, "%s: %s\n", argv[1], JS_ToCString(ctx, error));
    return 1;
  }
  size_t written;
  uint8_t *bytes = JS_WriteObject(ctx, &written, code, JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE);
  FILE *out = fopen(argv[2], "wb");
  if (!bytes || !out || fwrite(bytes, 1, written, out) != written) return 1;
  return fclose(out) == 0 ? 0 : 1;
}
