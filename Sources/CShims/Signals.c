#define _GNU_SOURCE
#include "CShims.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile int signal_pipe = -1;

// Only what POSIX calls async-signal-safe: the number goes through a pipe, a thread does the rest.
static void pass_on(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    if (signal_pipe >= 0 && write(signal_pipe, &byte, 1) < 0) { /* a full pipe has enough signals in it */ }
    errno = saved;
}

// A handler, unlike SIG_IGN, is not inherited by the programs that are started.
static void do_nothing(int number) { (void)number; }

static int handle(int number, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    return sigaction(number, &action, NULL);
}

static const int caught_signals[] = {SIGINT, SIGTERM, SIGHUP};

// Changes what a signal does, unless the caller's wish is that it does nothing: nohup, a shell's job in the background.
static int handle_unless_ignored(int number, void (*handler)(int)) {
    struct sigaction old;
    if (sigaction(number, NULL, &old) != 0) return -1;
    if (number != SIGTERM && old.sa_handler == SIG_IGN) return 0;
    return handle(number, handler);
}

int ob_catch_signals(int pipe) {
    signal_pipe = pipe;
    for (unsigned i = 0; i < sizeof caught_signals / sizeof *caught_signals; i++)
        if (handle_unless_ignored(caught_signals[i], pass_on) != 0) return -1;
    return 0;
}

int ob_release_signals(void) {
    int result = 0;
    for (unsigned i = 0; i < sizeof caught_signals / sizeof *caught_signals; i++)
        if (handle_unless_ignored(caught_signals[i], SIG_DFL) != 0) result = -1;
    signal_pipe = -1;
    return result;
}

int ob_survive_broken_pipes(void) { return handle(SIGPIPE, do_nothing); }
