/* A clock that is stepped from outside, for LD_PRELOAD: the wall clock of a process, moved by what a file says.
 *
 * CLOCK_STEP_FILE names a file of two 64-bit integers in nanoseconds: by how much the wall clock is off, and, unless it
 * is 0, the instant since 1970 at which it stands still. The file is mapped, so a step reaches every process at once.
 * Clocks that measure durations are left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

struct step {
    int64_t offset;
    int64_t standing;
};

static const volatile struct step *step;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    int file = open(getenv("CLOCK_STEP_FILE"), O_RDONLY | O_CLOEXEC);

    step = mmap(NULL, sizeof *step, PROT_READ, MAP_SHARED, file, 0);
    if (step == MAP_FAILED)
        abort();
    close(file);
    real_clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
}

static int64_t wall(void)
{
    struct timespec now;

    real_clock_gettime(CLOCK_REALTIME, &now);
    return step->standing ? step->standing : now.tv_sec * SECOND + now.tv_nsec + step->offset;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int64_t at;

    if (!step || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return real_clock_gettime(clock, now);
    at = wall();
    now->tv_sec = at / SECOND;
    now->tv_nsec = at % SECOND;
    return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    int64_t at = wall();

    (void)zone;
    now->tv_sec = at / SECOND;
    now->tv_usec = at % SECOND / 1000;
    return 0;
}

time_t time(time_t *now)
{
    time_t at = wall() / SECOND;

    if (now)
        *now = at;
    return at;
}
