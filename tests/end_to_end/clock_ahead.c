// Sets the time of day of a process 64 years ahead (LD_PRELOAD), as where a board's clock is wrong.
//
// gRPC waits until a time of day, which the kernel does not move, so its own reading stays; what its TLS takes for the
// time of a certificate is time() and gettimeofday(), which are ahead for everybody.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <semaphore.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const time_t AHEAD_S = 64L * 365 * 86400 + 16 * 86400;
static const time_t YEAR_2080_S = 3471292800L;

static int is_grpc(void *caller) {
    Dl_info found;
    return dladdr(caller, &found) && found.dli_fname && strstr(found.dli_fname, "cygrpc");
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    int is_time_of_day = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    if (!failed && is_time_of_day && !is_grpc(__builtin_return_address(0)))
        now->tv_sec += AHEAD_S;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec + AHEAD_S;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timeval exact;
    gettimeofday(&exact, NULL);
    if (now)
        *now = exact.tv_sec;
    return exact.tv_sec;
}

// Python 3.10 waits for locks until a time of day.
int sem_timedwait(sem_t *restrict lock, const struct timespec *restrict until) {
    int (*wait)(sem_t *, const struct timespec *) = dlsym(RTLD_NEXT, "sem_timedwait");
    struct timespec real = *until;
    if (real.tv_sec > YEAR_2080_S)
        real.tv_sec -= AHEAD_S;
    return wait(lock, &real);
}
