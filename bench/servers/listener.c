#include "listener.h"

#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kBacklog = 8192 };

void give_up(const char* what, int error_number) {
    fprintf(stderr, "error: cannot serve\n  %s: %s\n", what, strerror(error_number));
    exit(1);
}

static void leave(int signal_number) {
    (void)signal_number;
    _exit(0);
}

static void must(int result, const char* what) {
    if (result < 0) give_up(what, errno);
}

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    must(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    must(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

int descriptors_max(void) {
    struct rlimit limit;
    must(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    return (int)limit.rlim_cur;
}

__attribute__((noreturn)) static void refuse_arguments(const char* program, const char* why) {
    fprintf(stderr, "error: %s\n  usage: %s [--host ADDRESS] [--port NUMBER]\n", why, program);
    exit(2);
}

static struct addrinfo* read_address(int argc, char** argv) {
    static const struct option kOptions[] = {{"host", required_argument, NULL, 'h'},
                                             {"port", required_argument, NULL, 'p'},
                                             {NULL, 0, NULL, 0}};
    const char* host = "127.0.0.1";
    const char* port = "0";
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "", kOptions, NULL)) != -1;) {
        if (option == '?')
            refuse_arguments(argv[0], "an option that is unknown or lacks its value");
        *(option == 'h' ? &host : &port) = optarg;
    }
    if (optind != argc) refuse_arguments(argv[0], "there is an argument too many");
    char* end = NULL;
    const long number = strtol(port, &end, 10);
    if (end == port || *end != '\0' || number < 0 || number > 65535) {
        refuse_arguments(argv[0], "the port must be a number from 0 to 65535");
    }
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo* found = NULL;
    if (getaddrinfo(host, port, &hints, &found) != 0) {
        refuse_arguments(argv[0], "the host must be an IPv4 or IPv6 address");
    }
    return found;
}

static void announce(int listener) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    must(getsockname(listener, (struct sockaddr*)&address, &size), "getsockname");
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    const int failure = getnameinfo((struct sockaddr*)&address, size, host, sizeof host, port,
                                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    if (failure != 0) give_up("getnameinfo", EINVAL);
    printf(strchr(host, ':') == NULL ? "listening %s:%s\n" : "listening [%s]:%s\n", host, port);
    fflush(stdout);
}

int open_listener(int argc, char** argv) {
    struct addrinfo* address = read_address(argc, argv);
    raise_descriptor_limit();
    struct sigaction action = {.sa_handler = leave};
    must(sigaction(SIGTERM, &action, NULL), "sigaction");
    action.sa_handler = SIG_IGN;
    must(sigaction(SIGPIPE, &action, NULL), "sigaction");

    const int listener = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    must(listener, "socket");
    const int on = 1;
    must(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "SO_REUSEADDR");
    must(setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
    must(bind(listener, address->ai_addr, address->ai_addrlen), "bind");
    freeaddrinfo(address);
    must(listen(listener, kBacklog), "listen");
    announce(listener);
    return listener;
}
