/*
 * A barrier for the workers that run one chunk: each arrives, the last one to arrive does what only one may do (a serial
 * section), then all continue.
 *
 * A waiting worker first spins for a while, which covers a short wait, then sleeps until it is woken. No wait is endless:
 * after `EXEC_BARRIER_TIMEOUT` milliseconds, or as soon as anyone says so, all workers abandon the chunk.
 */
#include "kernels.h"

#if defined(__linux__) && !defined(__wasm__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#elif defined(_WIN32)
/* Two functions of the system's, declared here: its own header gives other meanings to short names. */
__declspec(dllimport) int WaitOnAddress(volatile void *address, void *seen, size_t bytes, uint32_t milliseconds);
__declspec(dllimport) void WakeByAddressAll(void *address);
#elif !defined(__wasm__)
#include <sched.h>
#include <time.h>
#endif

#define NAP_MS 50 /* of sleep at a time */

INLINE void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Sleeps until the word is woken, if it is still `seen`; the milliseconds that passed if nobody woke it. */
static uint32_t sleep_on(uint32_t *word, uint32_t seen) {
#if defined(__wasm__)
    enum { TIMED_OUT = 2 };
    return __builtin_wasm_memory_atomic_wait32((int *)word, (int)seen, NAP_MS * 1000000LL) == TIMED_OUT ? NAP_MS : 0;
#elif defined(__linux__)
    const struct timespec nap = {.tv_nsec = NAP_MS * 1000000L};
    const long woken = syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, &nap, 0, 0);
    return woken == 0 || __atomic_load_n(word, __ATOMIC_ACQUIRE) != seen ? 0 : NAP_MS;
#elif defined(_WIN32)
    return WaitOnAddress(word, &seen, sizeof seen, NAP_MS) ? 0 : NAP_MS;
#else
    enum { TURNS = 20 };
    const struct timespec nap = {.tv_nsec = 1000000L / TURNS};
    for (int i = 0; i < TURNS; i++) {
        if (__atomic_load_n(word, __ATOMIC_ACQUIRE) != seen) return 0;
        nanosleep(&nap, 0);
    }
    return 1;
#endif
}

static void wake_all(uint32_t *word) {
#if defined(__wasm__)
    __builtin_wasm_memory_atomic_notify((int *)word, UINT32_MAX);
#elif defined(__linux__)
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, 0, 0, 0);
#elif defined(_WIN32)
    WakeByAddressAll(word);
#else
    (void)word;
#endif
}

static bool is_abandoned(uint32_t *exec) { return __atomic_load_n(exec + EXEC_ABANDONED, __ATOMIC_ACQUIRE) != 0; }

/* Waits until the generation is no longer `seen`; how that ended. */
static uint32_t wait_for_others(uint32_t *exec, uint32_t seen) {
    uint32_t *generation = exec + EXEC_GENERATION;
    for (uint32_t spins = exec[EXEC_SPINS]; spins > 0; spins--) {
        if (__atomic_load_n(generation, __ATOMIC_ACQUIRE) != seen) return exec[EXEC_SECTION_STATUS];
        pause_briefly();
    }
    for (uint32_t waited = 0; __atomic_load_n(generation, __ATOMIC_ACQUIRE) == seen;) {
        if (is_abandoned(exec)) return EXEC_ABANDONED_CHUNK;
        waited += sleep_on(generation, seen);
        if (waited <= exec[EXEC_BARRIER_TIMEOUT]) continue;
        __atomic_store_n(exec + EXEC_ABANDONED, 1, __ATOMIC_RELEASE);
        wake_all(generation);
        return EXEC_ABANDONED_CHUNK;
    }
    return exec[EXEC_SECTION_STATUS];
}

/* True for the last to arrive, which has to call `release`. The others return false when it has, and `status` is what it
 * passed on. */
bool arrive(uint32_t *exec, uint32_t *status) {
    if (exec[EXEC_WORKERS] <= 1) return true;
    const uint32_t seen = __atomic_load_n(exec + EXEC_GENERATION, __ATOMIC_ACQUIRE);
    if (is_abandoned(exec)) {
        *status = EXEC_ABANDONED_CHUNK;
        return false;
    }
    if (__atomic_add_fetch(exec + EXEC_ARRIVED, 1, __ATOMIC_ACQ_REL) == exec[EXEC_WORKERS]) return true;
    *status = wait_for_others(exec, seen);
    return false;
}

void release(uint32_t *exec, uint32_t status) {
    if (exec[EXEC_WORKERS] <= 1) return;
    exec[EXEC_SECTION_STATUS] = status;
    __atomic_store_n(exec + EXEC_ARRIVED, 0, __ATOMIC_RELAXED);
    __atomic_add_fetch(exec + EXEC_GENERATION, 1, __ATOMIC_RELEASE);
    wake_all(exec + EXEC_GENERATION);
}
