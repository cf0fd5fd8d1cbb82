// libuv at its fastest: one static buffer for every receive, uv_try_write first, and a queued
// uv_write only for what the peer did not take at once.

#include "listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { kBufferBytes = 64 * 1024, kBacklog = 8192 };

/// A write that has to wait, with its own copy of the bytes.
struct Unsent {
    uv_write_t request;
    char bytes[];
};

static char buffer[kBufferBytes];

static void on_closed(uv_handle_t* handle) { free(handle); }

static void close_connection(uv_stream_t* connection) {
    if (!uv_is_closing((uv_handle_t*)connection)) uv_close((uv_handle_t*)connection, on_closed);
}

static void lend_buffer(uv_handle_t* handle, size_t suggested, uv_buf_t* lent) {
    (void)handle;
    (void)suggested;
    *lent = uv_buf_init(buffer, kBufferBytes);
}

static void on_received(uv_stream_t* connection, ssize_t count, const uv_buf_t* lent);

static void on_sent(uv_write_t* request, int status) {
    uv_stream_t* connection = request->handle;
    free(request);
    if (status < 0 || uv_read_start(connection, lend_buffer, on_received) < 0) {
        close_connection(connection);
    }
}

/// Reads no more until the rest is gone, so one peer can hold one buffer and no more.
static void send_later(uv_stream_t* connection, const char* bytes, size_t size) {
    struct Unsent* unsent = malloc(sizeof *unsent + size);
    if (unsent == NULL) {
        close_connection(connection);
        return;
    }
    memcpy(unsent->bytes, bytes, size);
    const uv_buf_t rest = uv_buf_init(unsent->bytes, (unsigned)size);
    uv_read_stop(connection);
    if (uv_write(&unsent->request, connection, &rest, 1, on_sent) < 0) {
        free(unsent);
        close_connection(connection);
    }
}

static void on_received(uv_stream_t* connection, ssize_t count, const uv_buf_t* lent) {
    if (count == 0) return;  // libuv's word for EAGAIN.
    if (count < 0) {
        close_connection(connection);
        return;
    }
    const uv_buf_t all = uv_buf_init(lent->base, (unsigned)count);
    const int sent = uv_try_write(connection, &all, 1);
    if (sent == count) return;
    if (sent < 0 && sent != UV_EAGAIN) {
        close_connection(connection);
        return;
    }
    const size_t taken = sent > 0 ? (size_t)sent : 0;
    send_later(connection, lent->base + taken, (size_t)count - taken);
}

static void on_connection(uv_stream_t* listener, int status) {
    if (status < 0) return;  // Out of descriptors, libuv itself closes what it cannot take.
    uv_tcp_t* connection = malloc(sizeof *connection);
    if (connection == NULL) return;
    uv_tcp_init(listener->loop, connection);
    uv_stream_t* stream = (uv_stream_t*)connection;
    if (uv_accept(listener, stream) < 0 || uv_read_start(stream, lend_buffer, on_received) < 0) {
        close_connection(stream);
    }
}

int main(int argc, char** argv) {
    const int descriptor = open_listener(argc, argv);
    uv_tcp_t listener;
    uv_tcp_init(uv_default_loop(), &listener);
    int failure = uv_tcp_open(&listener, descriptor);
    if (failure == 0) failure = uv_listen((uv_stream_t*)&listener, kBacklog, on_connection);
    if (failure < 0) give_up("uv_listen", -failure);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return 1;
}
