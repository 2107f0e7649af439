#ifndef OVENBIRD_CSHIMS_H
#define OVENBIRD_CSHIMS_H

// What Swift's Glibc module cannot import: variadic calls, cast macros, and calls that glibc 2.36 hides behind
// _GNU_SOURCE. Every function returns what the system call returns and leaves errno set.

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "CShimsNamespaces.h"
#include "CShimsSignals.h"

/// openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS (or RESOLVE_BENEATH if `beneath`).
int ob_openat_in_root(int root, const char *path, int flags, mode_t mode, int beneath);
/// openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS: a symlink anywhere on the way is ELOOP.
int ob_openat_no_symlinks(int root, const char *path, int flags, mode_t mode);
int ob_openat(int directory, const char *path, int flags, mode_t mode);
/// Opens a folder by its name in `directory`; not a symlink (ELOOP), not a mount point (EXDEV).
int ob_open_folder_here(int directory, const char *name);
/// getdents64(2): records of a folder from where it stands, as <dirent.h> has them; 0 at its end.
ssize_t ob_read_folder(int fd, void *records, size_t size);
/// The kind of file system that an open file is on, as statfs(2) numbers them; -1 where that is not known.
long ob_file_system_type(int file);
int ob_open_path_flag(void);
int ob_open_tmpfile_flag(void);
int ob_open_direct_flag(void);

/// malloc_trim(0): what is freed goes back to the system.
void ob_give_back_memory(void);
/// mallopt(M_ARENA_MAX, count).
void ob_limit_arenas(int count);

int ob_renameat2(int old_dir, const char *old_path, int new_dir, const char *new_path, unsigned flags);
unsigned ob_rename_noreplace_flag(void);
/// sync_file_range(2) that begins to write and waits for nothing.
void ob_start_writing(int file, int64_t offset, int64_t count);

/// copy_file_range(2) from `offset` on to where `to` stands.
ssize_t ob_copy_file_range(int from, int64_t offset, int to, size_t count);
/// FICLONE: shares the blocks of `from` with `to`, where the file system can.
int ob_clone_file(int from, int to);

/// Extended attributes of a path in a directory, not following a final symlink: through /proc/self/fd.
ssize_t ob_fgetxattr(int fd, const char *name, void *value, size_t size);
ssize_t ob_flistxattr(int fd, char *list, size_t size);
int ob_fsetxattr(int fd, const char *name, const void *value, size_t size);
ssize_t ob_lgetxattr(const char *path, const char *name, void *value, size_t size);
ssize_t ob_llistxattr(const char *path, char *list, size_t size);
int ob_lsetxattr(const char *path, const char *name, const void *value, size_t size);
int ob_lremovexattr(const char *path, const char *name);

int ob_mknodat(int directory, const char *path, mode_t mode, unsigned major_number, unsigned minor_number);
unsigned ob_major(dev_t device);
unsigned ob_minor(dev_t device);
uint64_t ob_makedev(unsigned major_number, unsigned minor_number);

int ob_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data);
unsigned long ob_ms_bind(void);
unsigned long ob_ms_rec(void);
unsigned long ob_ms_private(void);
unsigned long ob_ms_rdonly(void);
unsigned long ob_ms_remount(void);

/// ioctl(TIOCGWINSZ): columns of the terminal at `fd`, or 0.
int ob_terminal_columns(int fd);
int ob_terminal_rows(int fd);

/// A pipe whose ends are closed in other programs: pipe2(O_CLOEXEC).
int ob_pipe(int ends[2]);

/// setlocale(LC_CTYPE, "C.UTF-8"): libarchive 3.6.2 rewrites or crashes on names that are not ASCII without it.
int ob_use_utf8_locale(void);

#endif
