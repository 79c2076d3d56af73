// The SQL guest: SQLite in memory, without a file system. The host writes a request, calls `run`, and reads records.
//
// A request is: u32 bytes of memory for SQLite, then set-up and program, each as u32 length and bytes. Result sets go
// to standard output as tables and to the records as rows. A record is: one letter, u32 line, u32 length, bytes of
// text: N a new result set, R a row with tabs between its cells, T rows were left out, D what was denied, E an error
// at a line of the program, S an error of the set-up. Numbers are little-endian.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wasi/api.h>

#include "sqlite3.h"

#define EXPORT(name) __attribute__((export_name(name)))
#define RECORDS_BYTES_MAX (1024 * 1024)
#define ROWS_SHOWN_MAX 1000
#define COLUMNS_MAX 200
#define CELL_BYTES_MAX 200
#define RESERVE_BYTES (2 * 1024 * 1024)

static uint8_t records[RECORDS_BYTES_MAX];
static uint32_t records_size;
static int is_full;
static char denied[160];

static void add_record(char kind, uint32_t line, const char *text, size_t size) {
  if (is_full || records_size + 18 + size > RECORDS_BYTES_MAX) {
    if (kind == 'R' || kind == 'N') {
      // There is always room for this one.
      if (!is_full) {
        is_full = 1;
        records[records_size] = 'T';
        memset(records + records_size + 1, 0, 8);
        records_size += 9;
      }
      return;
    }
    is_full = 0;
    if (records_size + 9 + size > RECORDS_BYTES_MAX) return;
  }
  uint32_t length = (uint32_t)size;
  records[records_size] = (uint8_t)kind;
  memcpy(records + records_size + 1, &line, 4);
  memcpy(records + records_size + 5, &length, 4);
  memcpy(records + records_size + 9, text, size);
  records_size += 9 + length;
}

_Noreturn static void leave(int code) {
  __wasi_proc_exit((uint32_t)code);
  __builtin_trap();
}

static void print(const char *text, size_t size) {
  while (size > 0) {
    __wasi_ciovec_t part = {(const uint8_t *)text, size};
    __wasi_size_t written = 0;
    if (__wasi_fd_write(1, &part, 1, &written) != 0 || written == 0) return;
    text += written;
    size -= written;
  }
}

// ---- a file system without files --------------------------------------------------------------------------------

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out) {
  file->pMethods = NULL;
  return SQLITE_CANTOPEN;
}
static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync) { return SQLITE_IOERR_DELETE; }
static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out) {
  *out = 0;
  return SQLITE_OK;
}
static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}
static int vfs_randomness(sqlite3_vfs *vfs, int size, char *out) {
  return __wasi_random_get((uint8_t *)out, (size_t)size) == 0 ? size : 0;
}
static int vfs_sleep(sqlite3_vfs *vfs, int us) { return 0; }
static int vfs_time(sqlite3_vfs *vfs, sqlite3_int64 *out) {
  __wasi_timestamp_t now = 0;
  if (__wasi_clock_time_get(__WASI_CLOCKID_REALTIME, 1, &now) != 0) return SQLITE_ERROR;
  *out = 210866760000000LL + (sqlite3_int64)(now / 1000000);  // milliseconds since noon of the first Julian day
  return SQLITE_OK;
}
static int vfs_error(sqlite3_vfs *vfs, int size, char *out) { return 0; }

static sqlite3_vfs no_files = {
    .iVersion = 2,
    .szOsFile = sizeof(sqlite3_file),
    .mxPathname = 64,
    .zName = "none",
    .xOpen = vfs_open,
    .xDelete = vfs_delete,
    .xAccess = vfs_access,
    .xFullPathname = vfs_full_path,
    .xRandomness = vfs_randomness,
    .xSleep = vfs_sleep,
    .xGetLastError = vfs_error,
    .xCurrentTimeInt64 = vfs_time,
};

int sqlite3_os_init(void) { return sqlite3_vfs_register(&no_files, 1); }
int sqlite3_os_end(void) { return SQLITE_OK; }

// ---- what is allowed --------------------------------------------------------------------------------------------

static int is_one_of(const char *name, const char *const *names) {
  for (; *names; names++)
    if (sqlite3_stricmp(name, *names) == 0) return 1;
  return 0;
}

static int deny(const char *what, const char *name) {
  sqlite3_snprintf(sizeof denied, denied, "%s%s%s is not allowed in the sandbox", what, name ? " " : "", name ? name : "");
  return SQLITE_DENY;
}

static int authorise(void *none, int action, const char *a, const char *b, const char *c, const char *d) {
  static const char *const PRAGMAS[] = {"table_info", "table_xinfo", "table_list", "index_list", "index_info",
                                        "index_xinfo", "foreign_key_list", "foreign_keys", "foreign_key_check",
                                        "user_version", "integrity_check", "quick_check", "recursive_triggers",
                                        "case_sensitive_like", "function_list", "collation_list", "encoding",
                                        "defer_foreign_keys", "data_version", "page_count", "page_size", NULL};
  static const char *const FUNCTIONS[] = {"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", NULL};
  switch (action) {
    case SQLITE_ATTACH:
      return deny("ATTACH (or VACUUM)", NULL);
    case SQLITE_DETACH:
      return deny("DETACH", NULL);
    case SQLITE_PRAGMA:
      return a && is_one_of(a, PRAGMAS) ? SQLITE_OK : deny("PRAGMA", a);
    case SQLITE_FUNCTION:
      return b && is_one_of(b, FUNCTIONS) ? deny("the function", b) : SQLITE_OK;
    default:
      return SQLITE_OK;
  }
}

static void set_limits(sqlite3 *db) {
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024);
  sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 256 * 1024);
  sqlite3_limit(db, SQLITE_LIMIT_COLUMN, COLUMNS_MAX);
  sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, 200);
  sqlite3_limit(db, SQLITE_LIMIT_COMPOUND_SELECT, 100);
  sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, 100000);
  sqlite3_limit(db, SQLITE_LIMIT_FUNCTION_ARG, 100);
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
  sqlite3_limit(db, SQLITE_LIMIT_VARIABLE_NUMBER, 1000);
  sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 50);
  sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

// ---- result sets ------------------------------------------------------------------------------------------------

// The shortest digits that give the same number back, always with a point or an exponent.
static void float_text(double value, char *out, size_t size) {
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(out, size, "%.*g", digits, value);
    if (strtod(out, NULL) == value) break;
  }
  if (strspn(out, "-0123456789") == strlen(out)) strncat(out, ".0", size - strlen(out) - 1);
}

static const char *cell_text(sqlite3_stmt *statement, int column, char *number, size_t size) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      return "";
    case SQLITE_FLOAT:
      float_text(sqlite3_column_double(statement, column), number, size);
      return number;
    default: {
      const char *text = (const char *)sqlite3_column_text(statement, column);
      return text ? text : "";
    }
  }
}

static uint32_t width_of(const char *text) {
  uint32_t width = 0;
  for (; *text; text++) width += ((unsigned char)*text & 0xc0) != 0x80;
  return width;
}

// A cell as it is shown: on one line and not too long, NULL by its name.
static char *shown_cell(const char *text, int is_null) {
  if (is_null) return sqlite3_mprintf("NULL");
  size_t size = strlen(text), kept = size;
  if (kept > CELL_BYTES_MAX) {
    kept = CELL_BYTES_MAX;
    while (kept > 0 && ((unsigned char)text[kept] & 0xc0) == 0x80) kept--;
  }
  char *copy = sqlite3_mprintf("%.*s%s", (int)kept, text, kept < size ? "…" : "");
  for (char *at = copy; at && *at; at++)
    if (*at == '\n' || *at == '\r' || *at == '\t') *at = ' ';
  return copy;
}

typedef struct {
  int columns;
  char **cells;  // the names first, then ROWS_SHOWN_MAX rows at most
  uint8_t *is_number;
  uint32_t rows, total;
  uint32_t widths[COLUMNS_MAX];
} Table;

static void print_line(const Table *table, uint32_t row) {
  sqlite3_str *line = sqlite3_str_new(NULL);
  for (int i = 0; i < table->columns; i++) {
    const char *text = table->cells[row * table->columns + i];
    if (!text) text = "";
    uint32_t pad = table->widths[i] - width_of(text);
    int is_right = row > 0 && table->is_number[row * table->columns + i];
    if (i > 0) sqlite3_str_appendall(line, " | ");
    if (is_right) sqlite3_str_appendchar(line, (int)pad, ' ');
    sqlite3_str_appendall(line, text);
    if (!is_right && i + 1 < table->columns) sqlite3_str_appendchar(line, (int)pad, ' ');
  }
  sqlite3_str_appendchar(line, 1, '\n');
  char *text = sqlite3_str_finish(line);
  if (text) print(text, strlen(text));
  sqlite3_free(text);
}

// Shows the rows kept so far. As soon as no more are kept, so that they are seen even if the statement never ends.
static void print_table(Table *table) {
  for (uint32_t row = 0; row <= table->rows; row++)
    for (int i = 0; i < table->columns; i++) {
      const char *text = table->cells[row * table->columns + i];
      uint32_t width = text ? width_of(text) : 0;
      if (width > table->widths[i]) table->widths[i] = width;
    }
  print_line(table, 0);
  for (int i = 0; i < table->columns; i++) {
    if (i > 0) print("-+-", 3);
    for (uint32_t j = 0; j < table->widths[i]; j++) print("-", 1);
  }
  print("\n", 1);
  for (uint32_t row = 1; row <= table->rows; row++) print_line(table, row);
}

static void print_rest(const Table *table) {
  if (table->total > table->rows) {
    char *rest = sqlite3_mprintf("(%u more rows)\n", table->total - table->rows);
    if (rest) print(rest, strlen(rest));
    sqlite3_free(rest);
  }
}

static void record_row(sqlite3_stmt *statement, int columns) {
  sqlite3_str *row = sqlite3_str_new(NULL);
  char number[64];
  for (int i = 0; i < columns; i++) {
    if (i > 0) sqlite3_str_appendchar(row, 1, '\t');
    sqlite3_str_appendall(row, cell_text(statement, i, number, sizeof number));
  }
  int size = sqlite3_str_length(row);
  char *text = sqlite3_str_finish(row);
  add_record('R', 0, text ? text : "", text ? (size_t)size : 0);
  sqlite3_free(text);
}

static void keep_row(Table *table, sqlite3_stmt *statement) {
  table->total++;
  if (table->rows == ROWS_SHOWN_MAX) return;
  table->rows++;
  char number[64];
  for (int i = 0; i < table->columns; i++) {
    int type = sqlite3_column_type(statement, i);
    uint32_t at = table->rows * table->columns + i;
    table->is_number[at] = type == SQLITE_INTEGER || type == SQLITE_FLOAT;
    table->cells[at] = shown_cell(cell_text(statement, i, number, sizeof number), type == SQLITE_NULL);
  }
  if (table->rows == ROWS_SHOWN_MAX) print_table(table);
}

// Runs one statement; its rows are shown and recorded.
static int run_statement(sqlite3_stmt *statement) {
  Table table = {.columns = sqlite3_column_count(statement)};
  if (table.columns == 0) {
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    }
    return code;
  }
  size_t cells = (size_t)table.columns * (ROWS_SHOWN_MAX + 1);
  table.cells = calloc(cells, sizeof *table.cells);
  table.is_number = calloc(cells, 1);
  if (!table.cells || !table.is_number || table.columns > COLUMNS_MAX) return SQLITE_NOMEM;
  add_record('N', 0, "", 0);
  for (int i = 0; i < table.columns; i++) table.cells[i] = shown_cell(sqlite3_column_name(statement, i), 0);
  int code;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    record_row(statement, table.columns);
    keep_row(&table, statement);
  }
  if (code == SQLITE_DONE) {
    if (table.rows < ROWS_SHOWN_MAX) print_table(&table);
    print_rest(&table);
  }
  for (size_t i = 0; i < cells; i++) sqlite3_free(table.cells[i]);
  free(table.cells);
  free(table.is_number);
  return code;
}

// ---- scripts ----------------------------------------------------------------------------------------------------

static uint32_t line_at(const char *script, const char *place) {
  uint32_t line = 1;
  for (const char *at = script; at < place; at++) line += *at == '\n';
  return line;
}

// Past white space and comments.
static const char *skip_blank(const char *at) {
  for (;;) {
    at += strspn(at, " \t\r\n;");
    if (at[0] == '-' && at[1] == '-')
      at += strcspn(at, "\n");
    else if (at[0] == '/' && at[1] == '*') {
      const char *end = strstr(at + 2, "*/");
      if (!end) return at + strlen(at);
      at = end + 2;
    } else
      return at;
  }
}

static void run_script(sqlite3 *db, const char *script, char error_kind) {
  const char *at = script;
  while (*(at = skip_blank(at))) {
    const char *rest = NULL;
    sqlite3_stmt *statement = NULL;
    denied[0] = 0;
    int code = sqlite3_prepare_v2(db, at, -1, &statement, &rest);
    int offset = code == SQLITE_OK ? -1 : sqlite3_error_offset(db);
    if (code == SQLITE_OK && statement) code = run_statement(statement);
    if (code != SQLITE_OK && code != SQLITE_DONE) {
      const char *why = code == SQLITE_NOMEM ? "out of memory" : sqlite3_errmsg(db);
      if (denied[0]) {
        add_record('D', 0, denied, strlen(denied));
        why = denied;
      }
      if (code == SQLITE_NOMEM) add_record('M', 0, "", 0);
      size_t size = strlen(why);
      add_record(error_kind, line_at(script, offset > 0 ? at + offset : at), why, size > 500 ? 500 : size);
      leave(1);
    }
    sqlite3_finalize(statement);
    at = rest;
  }
}

static uint8_t *request;
static size_t request_size;

EXPORT("reserve") uint8_t *guest_reserve(size_t size) {
  request = malloc(size + 1);
  request_size = size;
  return request;
}

static char *take(size_t *at) {
  uint32_t length = 0;
  if (*at + 4 > request_size) leave(71);
  memcpy(&length, request + *at, 4);
  *at += 4;
  if (length > request_size - *at) leave(71);
  char *text = malloc(length + 1);
  if (!text) leave(72);
  memcpy(text, request + *at, length);
  text[length] = 0;
  *at += length;
  return text;
}

EXPORT("run") void guest_run(void) {
  uint32_t memory = 0;
  size_t at = 4;
  if (!request || request_size < 4) leave(71);
  memcpy(&memory, request, 4);
  char *set_up = take(&at);
  char *program = take(&at);
  sqlite3 *db;
  if (sqlite3_initialize() != SQLITE_OK || sqlite3_open(":memory:", &db) != SQLITE_OK) leave(72);
  if (memory > RESERVE_BYTES) sqlite3_hard_heap_limit64(memory - RESERVE_BYTES);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  set_limits(db);
  sqlite3_set_authorizer(db, authorise, NULL);
  if (*set_up) run_script(db, set_up, 'S');
  add_record('G', 0, "", 0);
  run_script(db, program, 'E');
  add_record('C', 0, "", 0);
}

EXPORT("records") uint8_t *guest_records(void) { return records; }

EXPORT("records_size") uint32_t *guest_records_size(void) { return &records_size; }
