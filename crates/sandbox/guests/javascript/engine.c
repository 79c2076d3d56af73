// QuickJS itself, with two changes to how it sees WASI: its limit on the depth of the stack counts here, which it
// switches off for WASI, and it reads the clocks of guest.c, which can be moved forward.
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int guest_gettimeofday(struct timeval *tv, void *zone);
int guest_clock_gettime(clockid_t id, struct timespec *ts);

#define gettimeofday guest_gettimeofday
#define clock_gettime guest_clock_gettime
#define __GLIBC__ 2  // has malloc_usable_size, which the limit on memory needs
#undef __wasi__

#include "quickjs.c"
