// Loaded before libc into a bake: lets the disk be full at one chosen write, so that each can be tried in turn.
//
// Counted are the calls of ovenbird and its workers that can need room below the named folders. PLAN is a file of text,
// 'AT STICKY PROGRAM FOLDER FOLDER': call number AT fails with ENOSPC, and where STICKY is 1 all later ones do too. COUNT
// is a file of 8 bytes, shared by all processes, that holds how many there were. What programs in a sandbox write is not
// counted: they are static or other programs, for which there are small file systems.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static long at;
static int sticky, active;
static char folders[2][PATH_MAX];
static _Atomic long *count;

__attribute__((constructor)) static void begin(void) {
    char program[PATH_MAX], own[PATH_MAX];
    FILE *plan = fopen(PLAN, "re");
    if (!plan) return;
    int fields = fscanf(plan, "%ld %d %4095s %4095s %4095s", &at, &sticky, program, folders[0], folders[1]);
    fclose(plan);
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (fields != 5 || length < 0) return;
    own[length] = 0;
    if (strcmp(own, program) != 0) return;
    int file = open(COUNT, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    active = count != MAP_FAILED;
}

static int is_below(const char *path) {
    for (int index = 0; index < 2; index++) {
        size_t length = strlen(folders[index]);
        if (strncmp(path, folders[index], length) == 0 && (path[length] == '/' || path[length] == 0)) return 1;
    }
    return 0;
}

static int is_below_fd(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

// Whether this call is to fail.
static int fails(int fd, const char *path) {
    if (!active) return 0;
    int saved = errno;
    int ours = path && path[0] == '/' ? is_below(path) : fd == AT_FDCWD ? 0 : is_below_fd(fd);
    if (path && path[0] != '/' && fd == AT_FDCWD) {
        char here[PATH_MAX];
        ours = getcwd(here, sizeof here) && is_below(here);
    }
    errno = saved;
    if (!ours) return 0;
    long number = atomic_fetch_add(count, 1) + 1;
    if (at == 0 || number < at || (number > at && !sticky)) return 0;
    errno = ENOSPC;
    return 1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define MAKES(flags) (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE)
#define MODE                                                                                                          \
    mode_t mode = 0;                                                                                                  \
    if (MAKES(flags)) {                                                                                               \
        va_list list;                                                                                                 \
        va_start(list, flags);                                                                                        \
        mode = va_arg(list, mode_t);                                                                                  \
        va_end(list);                                                                                                 \
    }
// Opening what is there needs no room.
static int makes(int fd, const char *path, int flags) {
    if (!active || !MAKES(flags)) return 0;
    if ((flags & O_TMPFILE) == O_TMPFILE) return 1;
    int saved = errno, missing = syscall(SYS_faccessat, fd, path, F_OK) != 0;
    errno = saved;
    return missing;
}

int open(const char *path, int flags, ...) {
    MODE return makes(AT_FDCWD, path, flags) && fails(AT_FDCWD, path) ? -1 : NEXT(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE return makes(AT_FDCWD, path, flags) && fails(AT_FDCWD, path) ? -1 : NEXT(open64)(path, flags, mode);
}
int openat(int fd, const char *path, int flags, ...) {
    MODE return makes(fd, path, flags) && fails(fd, path) ? -1 : NEXT(openat)(fd, path, flags, mode);
}
int openat64(int fd, const char *path, int flags, ...) {
    MODE return makes(fd, path, flags) && fails(fd, path) ? -1 : NEXT(openat64)(fd, path, flags, mode);
}

#define CALL(result, name, parameters, fd, path, arguments)                                                           \
    result name parameters { return fails(fd, path) ? -1 : NEXT(name) arguments; }

CALL(ssize_t, write, (int fd, const void *data, size_t size), fd, NULL, (fd, data, size))
CALL(ssize_t, writev, (int fd, const struct iovec *parts, int number), fd, NULL, (fd, parts, number))
CALL(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t place), fd, NULL, (fd, data, size, place))
CALL(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t place), fd, NULL, (fd, data, size, place))
CALL(int, ftruncate, (int fd, off_t size), fd, NULL, (fd, size))
CALL(int, ftruncate64, (int fd, off64_t size), fd, NULL, (fd, size))
CALL(int, fsync, (int fd), fd, NULL, (fd))
CALL(int, fdatasync, (int fd), fd, NULL, (fd))
CALL(int, syncfs, (int fd), fd, NULL, (fd))
CALL(int, mkdir, (const char *path, mode_t mode), AT_FDCWD, path, (path, mode))
CALL(int, mkdirat, (int fd, const char *path, mode_t mode), fd, path, (fd, path, mode))
CALL(int, symlink, (const char *target, const char *path), AT_FDCWD, path, (target, path))
CALL(int, symlinkat, (const char *target, int fd, const char *path), fd, path, (target, fd, path))
CALL(int, link, (const char *from, const char *to), AT_FDCWD, to, (from, to))
CALL(int, linkat, (int from, const char *path, int fd, const char *to, int flags), fd, to, (from, path, fd, to, flags))
CALL(int, rename, (const char *from, const char *to), AT_FDCWD, to, (from, to))
CALL(int, renameat, (int from, const char *path, int fd, const char *to), fd, to, (from, path, fd, to))
CALL(int, renameat2, (int from, const char *path, int fd, const char *to, unsigned flags), fd, to,
     (from, path, fd, to, flags))
CALL(ssize_t, copy_file_range, (int in, off64_t *from, int fd, off64_t *to, size_t size, unsigned flags), fd, NULL,
     (in, from, fd, to, size, flags))
