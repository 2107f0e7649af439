#ifndef OVENBIRD_CSHIMS_NAMESPACES_H
#define OVENBIRD_CSHIMS_NAMESPACES_H

// What a sandbox and its worker need of the system.

/// Mount flags: macros of <sys/mount.h>.
unsigned long ob_ms_nodev(void);
unsigned long ob_ms_nosuid(void);
unsigned long ob_ms_noexec(void);

/// umount2(target, MNT_DETACH).
int ob_unmount(const char *target);
/// syncfs(fd): all of the file system that `fd` is on.
int ob_syncfs(int fd);
/// Switches the loopback interface of this process' network namespace on; -1 and errno where it cannot be.
int ob_raise_loopback(void);

#endif
