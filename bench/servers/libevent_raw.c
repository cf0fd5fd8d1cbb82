// libevent as its experts use it where speed matters: plain events over the sockets, no
// bufferevents (which copy every byte twice), one event embedded in each connection, one receive
// buffer for all.

#include "listener.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kBufferBytes = 64 * 1024 };

struct Connection {
    struct event event;
    char* unsent;  ///< What the peer has not taken yet; null in the usual case.
    size_t unsent_begin;
    size_t unsent_end;
};

static struct event_base* base;
static struct event accept_event;
static struct event accept_retry;
static char buffer[kBufferBytes];

static void on_readable(int descriptor, short what, void* argument);
static void on_writable(int descriptor, short what, void* argument);

static void close_connection(int descriptor, struct Connection* connection) {
    event_del(&connection->event);
    free(connection->unsent);
    free(connection);
    close(descriptor);
}

static bool watch(int descriptor, struct Connection* connection, short what,
                  event_callback_fn callback) {
    return event_assign(&connection->event, base, descriptor, (short)(what | EV_PERSIST), callback,
                        connection) == 0 &&
           event_add(&connection->event, NULL) == 0;
}

/// Keeps what a partial send has left over, and reads no more until that is gone.
static bool keep_unsent(int descriptor, struct Connection* connection, size_t begin, size_t end) {
    connection->unsent = malloc(end - begin);
    if (connection->unsent == NULL) return false;
    memcpy(connection->unsent, buffer + begin, end - begin);
    connection->unsent_begin = 0;
    connection->unsent_end = end - begin;
    event_del(&connection->event);
    return watch(descriptor, connection, EV_WRITE, on_writable);
}

static void on_writable(int descriptor, short what, void* argument) {
    (void)what;
    struct Connection* connection = argument;
    const ssize_t sent = send(descriptor, connection->unsent + connection->unsent_begin,
                              connection->unsent_end - connection->unsent_begin, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) close_connection(descriptor, connection);
        return;
    }
    connection->unsent_begin += (size_t)sent;
    if (connection->unsent_begin < connection->unsent_end) return;
    free(connection->unsent);
    connection->unsent = NULL;
    event_del(&connection->event);
    if (!watch(descriptor, connection, EV_READ, on_readable)) {
        close_connection(descriptor, connection);
    }
}

static void on_readable(int descriptor, short what, void* argument) {
    (void)what;
    struct Connection* connection = argument;
    const ssize_t received = recv(descriptor, buffer, kBufferBytes, 0);
    if (received > 0) {
        const ssize_t sent = send(descriptor, buffer, (size_t)received, MSG_NOSIGNAL);
        if (sent == received) return;
        if (sent >= 0 || errno == EAGAIN || errno == EINTR) {
            const size_t taken = sent > 0 ? (size_t)sent : 0;
            if (keep_unsent(descriptor, connection, taken, (size_t)received)) return;
        }
    } else if (received < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    close_connection(descriptor, connection);
}

/// Out of descriptors or memory: the listener rests for a while, or the loop would spin.
static void pause_accepting(void) {
    static const struct timeval kPause = {0, 100000};
    event_del(&accept_event);
    event_add(&accept_retry, &kPause);
}

static void on_retry(int descriptor, short what, void* argument) {
    (void)descriptor;
    (void)what;
    (void)argument;
    event_add(&accept_event, NULL);
}

/// One a turn: when there are more, the listener is readable in the next turn again.
static void on_connection(int listener, short what, void* argument) {
    (void)what;
    (void)argument;
    const int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (descriptor < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_accepting();
        }
        return;
    }
    struct Connection* connection = calloc(1, sizeof *connection);
    if (connection == NULL || !watch(descriptor, connection, EV_READ, on_readable)) {
        free(connection);
        close(descriptor);
    }
}

int main(int argc, char** argv) {
    const int listener = open_listener(argc, argv);
    struct event_config* config = event_config_new();
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    base = event_base_new_with_config(config);
    event_config_free(config);
    if (base == NULL) give_up("event_base_new", ENOMEM);
    evtimer_assign(&accept_retry, base, on_retry, NULL);
    event_assign(&accept_event, base, listener, EV_READ | EV_PERSIST, on_connection, NULL);
    event_add(&accept_event, NULL);
    event_base_dispatch(base);
    return 1;
}
