#ifndef OVENBIRD_CSHIMS_SIGNALS_H
#define OVENBIRD_CSHIMS_SIGNALS_H

// Signal dispositions: handlers in C, because Swift code is not async-signal-safe.

/// From now on SIGINT, SIGTERM and SIGHUP write their number, one byte, to `pipe`.
int ob_catch_signals(int pipe);
/// SIGINT, SIGTERM and SIGHUP end the process again.
int ob_release_signals(void);
/// Writing to a closed pipe answers EPIPE and ends nothing.
int ob_survive_broken_pipes(void);

#endif
