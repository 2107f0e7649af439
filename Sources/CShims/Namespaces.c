#define _GNU_SOURCE
#include "CShimsNamespaces.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

unsigned long ob_ms_nodev(void) { return MS_NODEV; }
unsigned long ob_ms_nosuid(void) { return MS_NOSUID; }
unsigned long ob_ms_noexec(void) { return MS_NOEXEC; }

int ob_unmount(const char *target) { return umount2(target, MNT_DETACH); }
int ob_syncfs(int fd) { return syncfs(fd); }
