#define _GNU_SOURCE
#include "CShims.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

void ob_give_back_memory(void) { malloc_trim(0); }

void ob_limit_arenas(int count) { mallopt(M_ARENA_MAX, count); }

int ob_openat_in_root(int root, const char *path, int flags, mode_t mode, int beneath) {
    struct open_how how;
    memset(&how, 0, sizeof how);
    how.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC);
    // openat2 refuses mode bits where nothing can be created.
    how.mode = (flags & O_CREAT) ? (mode & 07777) : 0;
    how.resolve = RESOLVE_NO_MAGICLINKS | (beneath ? RESOLVE_BENEATH : RESOLVE_IN_ROOT);
    long result;
    // RESOLVE_IN_ROOT answers EAGAIN when a rename raced with "..": the kernel asks to try again.
    int tries = 0;
    do {
        result = syscall(SYS_openat2, root, path, &how, sizeof how);
    } while (result < 0 && (errno == EAGAIN || errno == EINTR) && ++tries < 64);
    return (int)result;
}

int ob_openat_no_symlinks(int root, const char *path, int flags, mode_t mode) {
    struct open_how how;
    memset(&how, 0, sizeof how);
    how.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC);
    how.mode = (flags & O_CREAT) ? (mode & 07777) : 0;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    long result;
    int tries = 0;
    do {
        result = syscall(SYS_openat2, root, path, &how, sizeof how);
    } while (result < 0 && (errno == EAGAIN || errno == EINTR) && ++tries < 64);
    return (int)result;
}

int ob_openat(int directory, const char *path, int flags, mode_t mode) {
    int result;
    do {
        result = openat(directory, path, flags | O_CLOEXEC, mode);
    } while (result < 0 && errno == EINTR);
    return result;
}

int ob_open_folder_here(int directory, const char *name) {
    struct open_how how;
    memset(&how, 0, sizeof how);
    how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV | RESOLVE_BENEATH;
    long result;
    int tries = 0;
    do {
        result = syscall(SYS_openat2, directory, name, &how, sizeof how);
    } while (result < 0 && (errno == EAGAIN || errno == EINTR) && ++tries < 64);
    return (int)result;
}

ssize_t ob_read_folder(int fd, void *records, size_t size) { return syscall(SYS_getdents64, fd, records, size); }

int ob_open_path_flag(void) { return O_PATH; }
int ob_open_tmpfile_flag(void) { return O_TMPFILE; }
int ob_open_direct_flag(void) { return O_DIRECT; }

int ob_renameat2(int old_dir, const char *old_path, int new_dir, const char *new_path, unsigned flags) {
    return renameat2(old_dir, old_path, new_dir, new_path, flags);
}
unsigned ob_rename_noreplace_flag(void) { return RENAME_NOREPLACE; }

void ob_start_writing(int file, int64_t offset, int64_t count)
{
    sync_file_range(file, offset, count, SYNC_FILE_RANGE_WRITE);
}

ssize_t ob_copy_file_range(int from, int64_t offset, int to, size_t count) {
    off64_t place = offset;
    return copy_file_range(from, &place, to, NULL, count, 0);
}
int ob_clone_file(int from, int to) { return ioctl(to, FICLONE, from); }

ssize_t ob_fgetxattr(int fd, const char *name, void *value, size_t size) { return fgetxattr(fd, name, value, size); }
ssize_t ob_flistxattr(int fd, char *list, size_t size) { return flistxattr(fd, list, size); }
int ob_fsetxattr(int fd, const char *name, const void *value, size_t size) {
    return fsetxattr(fd, name, value, size, 0);
}
ssize_t ob_lgetxattr(const char *path, const char *name, void *value, size_t size) {
    return lgetxattr(path, name, value, size);
}
ssize_t ob_llistxattr(const char *path, char *list, size_t size) { return llistxattr(path, list, size); }
int ob_lsetxattr(const char *path, const char *name, const void *value, size_t size) {
    return lsetxattr(path, name, value, size, 0);
}
int ob_lremovexattr(const char *path, const char *name) { return lremovexattr(path, name); }

int ob_mknodat(int directory, const char *path, mode_t mode, unsigned major_number, unsigned minor_number) {
    return mknodat(directory, path, mode, makedev(major_number, minor_number));
}
unsigned ob_major(dev_t device) { return major(device); }
unsigned ob_minor(dev_t device) { return minor(device); }
uint64_t ob_makedev(unsigned major_number, unsigned minor_number) { return makedev(major_number, minor_number); }

int ob_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
    return mount(source, target, type, flags, data);
}
unsigned long ob_ms_bind(void) { return MS_BIND; }
unsigned long ob_ms_rec(void) { return MS_REC; }
unsigned long ob_ms_private(void) { return MS_PRIVATE; }
unsigned long ob_ms_rdonly(void) { return MS_RDONLY; }
unsigned long ob_ms_remount(void) { return MS_REMOUNT; }

int ob_terminal_columns(int fd) {
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
int ob_terminal_rows(int fd) {
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

int ob_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int ob_use_utf8_locale(void) { return setlocale(LC_CTYPE, "C.UTF-8") != NULL; }

long ob_file_system_type(int file) {
    struct statfs facts;
    return fstatfs(file, &facts) == 0 ? (long)facts.f_type : -1;
}
