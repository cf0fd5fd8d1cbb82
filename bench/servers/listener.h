#ifndef FT_BENCH_LISTENER_H
#define FT_BENCH_LISTENER_H

// What every echo server here begins with, so that they differ only in how they serve.

#ifdef __cplusplus
extern "C" {
#endif

/// Reads `[--host ADDRESS] [--port NUMBER]`, raises the limit of descriptors, lets SIGTERM end the
/// program with 0, listens, and prints `listening HOST:PORT`. Ends the program when it cannot: with
/// 2 for wrong arguments, otherwise with 1. Accepted sockets inherit TCP_NODELAY from this one, so
/// no server pays a system call per connection for it. Non-blocking.
int open_listener(int argc, char** argv);

/// How many descriptors this process may have: one more than the highest number there will be.
int descriptors_max(void);

/// Says on stderr what could not be done and why, and ends the program with 1.
__attribute__((noreturn)) void give_up(const char* what, int error_number);

#ifdef __cplusplus
}
#endif

#endif
