#define _GNU_SOURCE
#include "CShimsNamespaces.h"

#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

unsigned long ob_ms_nodev(void) { return MS_NODEV; }
unsigned long ob_ms_nosuid(void) { return MS_NOSUID; }
unsigned long ob_ms_noexec(void) { return MS_NOEXEC; }

int ob_unmount(const char *target) { return umount2(target, MNT_DETACH); }
int ob_syncfs(int fd) { return syncfs(fd); }

int ob_raise_loopback(void) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
    request.ifr_flags = IFF_UP;
    int result = ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
    return result;
}
