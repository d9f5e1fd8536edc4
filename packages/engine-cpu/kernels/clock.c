/*
 * The clock of profiles.
 */
#include "kernels.h"

#ifdef __wasm__
/* WebAssembly has no clock of its own: the host gives it. */
__attribute__((import_module("env"), import_name("now"))) double host_now(void);

double now_ms(void) { return host_now(); }
#else
#include <time.h>

double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e3 * (double)now.tv_sec + 1e-6 * (double)now.tv_nsec;
}
#endif
