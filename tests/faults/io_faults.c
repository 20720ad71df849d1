/*
 * Preloaded below the program: makes system calls on the data file fail or slow, and sets the clock. The folder in
 * FAULTS says which:
 *   read-only   while this file is there, the data file and those beside it cannot be opened for writing
 *   fsync       the next fsync fails, once, and this file goes
 *   control     numbers that are read at each call: see `struct control`
 * Random faults happen on the file in FAULTS_DATA and its -wal only. Built by tests/faults/io_faults.rs.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct control {
    _Atomic int64_t clock_offset_ms; /* added to the wall clock */
    _Atomic uint32_t fails_one_in;   /* one of so many writes and syncs fails; 0: none */
    _Atomic uint32_t failures;       /* how many have failed */
    _Atomic uint32_t sync_ms;        /* how much longer a sync takes */
    uint32_t unused;
};

static struct control *control;
static char data[4096], wal[4096];
static _Atomic uint32_t seed;

static int (*real_clock_gettime)(clockid_t, struct timespec *);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);

/* Other libraries may call before their own constructors have run, so each function asks for this. */
static void start(void) {
    static _Atomic int started;
    if (atomic_exchange(&started, 1)) return;
    real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    int (*real_open)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
    seed = (uint32_t)getpid() * 2654435761u;
    const char *file = getenv("FAULTS_DATA");
    const char *folder = getenv("FAULTS");
    if (!file || !folder) return;
    snprintf(data, sizeof data, "%s", file);
    snprintf(wal, sizeof wal, "%s-wal", file);
    char path[4096];
    snprintf(path, sizeof path, "%s/control", folder);
    int fd = real_open(path, O_RDWR | O_CLOEXEC);
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) abort();
    close(fd);
    control = mapped;
}

__attribute__((constructor)) static void at_start(void) { start(); }

static const char *flag(const char *name, char *path, size_t size) {
    const char *folder = getenv("FAULTS");
    if (!folder) return NULL;
    snprintf(path, size, "%s/%s", folder, name);
    return access(path, F_OK) == 0 ? path : NULL;
}

static int refused(const char *path, int flags) {
    char buffer[4096];
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
    return writes && strstr(path, ".db") && flag("read-only", buffer, sizeof buffer);
}

#define OPEN(NAME)                                                              \
    int NAME(const char *path, int flags, ...) {                                \
        static int (*real)(const char *, int, ...);                             \
        if (!real) real = dlsym(RTLD_NEXT, #NAME);                              \
        va_list rest;                                                           \
        va_start(rest, flags);                                                  \
        int mode = va_arg(rest, int);                                           \
        va_end(rest);                                                           \
        if (refused(path, flags)) {                                             \
            errno = EROFS;                                                      \
            return -1;                                                          \
        }                                                                       \
        return real(path, flags, mode);                                         \
    }

OPEN(open)
OPEN(open64)

static uint32_t below(uint32_t most) {
    uint32_t x = atomic_fetch_add(&seed, 0x9e3779b9u);
    x = (x ^ (x >> 16)) * 0x85ebca6bu;
    x = (x ^ (x >> 13)) * 0xc2b2ae35u;
    return (x ^ (x >> 16)) % most;
}

static int is_file(int fd, const char *path) {
    struct stat open_file, named;
    return fstat(fd, &open_file) == 0 && stat(path, &named) == 0 &&
           open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

/* Whether a step on this file fails now; errno says why. */
static int fails(int fd) {
    uint32_t one_in = control ? atomic_load(&control->fails_one_in) : 0;
    if (one_in == 0 || below(one_in) != 0 || !(is_file(fd, data) || is_file(fd, wal))) return 0;
    atomic_fetch_add(&control->failures, 1);
    errno = below(2) ? EIO : ENOSPC;
    return 1;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    start();
    if (!fails(fd)) return real_write(fd, bytes, count);
    int why = errno;
    /* Half of these are torn: a part is written before the rest fails. */
    if (count > 0 && below(2)) (void)!real_write(fd, bytes, below((uint32_t)count));
    errno = why;
    return -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    start();
    if (!fails(fd)) return real_pwrite(fd, bytes, count, offset);
    int why = errno;
    if (count > 0 && below(2)) (void)!real_pwrite(fd, bytes, below((uint32_t)count), offset);
    errno = why;
    return -1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset) {
    return pwrite(fd, bytes, count, offset);
}

/* Whether the one fsync that a test asks for fails now. */
static int fails_once(void) {
    char path[4096];
    if (!flag("fsync", path, sizeof path) || unlink(path) != 0) return 0;
    errno = EIO;
    return 1;
}

/* A slow disk, such as an SD card. */
static void take_time(int fd) {
    uint32_t ms = control ? atomic_load(&control->sync_ms) : 0;
    if (ms == 0 || !(is_file(fd, data) || is_file(fd, wal))) return;
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

int fsync(int fd) {
    start();
    take_time(fd);
    return fails_once() || fails(fd) ? -1 : real_fsync(fd);
}

int fdatasync(int fd) {
    start();
    take_time(fd);
    return fails_once() || fails(fd) ? -1 : real_fdatasync(fd);
}

int ftruncate(int fd, off_t length) {
    start();
    return fails(fd) ? -1 : real_ftruncate(fd, length);
}

int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

int clock_gettime(clockid_t clock, struct timespec *time) {
    start();
    int result = real_clock_gettime(clock, time);
    if (result == 0 && control && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t offset = atomic_load(&control->clock_offset_ms);
        int64_t ns = time->tv_nsec + offset % 1000 * 1000000;
        time->tv_sec += offset / 1000 + (ns < 0 ? -1 : ns / 1000000000);
        time->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
    }
    return result;
}
