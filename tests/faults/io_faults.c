/* Preloaded below the program: makes system calls on the data file fail. The folder in FAULTS says which:
 *   read-only   while this file is there, the data file and those beside it cannot be opened for writing
 *   fsync       the next fsync fails, once, and this file goes
 * Built by tests/faults/io_faults.rs. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *control(const char *name, char *path, size_t size) {
    const char *folder = getenv("FAULTS");
    if (!folder) return NULL;
    snprintf(path, size, "%s/%s", folder, name);
    return access(path, F_OK) == 0 ? path : NULL;
}

static int refused(const char *path, int flags) {
    char buffer[4096];
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
    return writes && strstr(path, ".db") && control("read-only", buffer, sizeof buffer);
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

#define SYNC(NAME)                                                              \
    int NAME(int file) {                                                        \
        static int (*real)(int);                                                \
        char buffer[4096];                                                      \
        if (!real) real = dlsym(RTLD_NEXT, #NAME);                              \
        if (control("fsync", buffer, sizeof buffer) && unlink(buffer) == 0) {   \
            errno = EIO;                                                        \
            return -1;                                                          \
        }                                                                       \
        return real(file);                                                      \
    }

SYNC(fsync)
SYNC(fdatasync)
