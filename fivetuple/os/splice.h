#pragma once

#include <cstddef>
#include <cstdint>

// Moving bytes inside the kernel, as fivetuple/os/calls.h says: never interrupted, killed or
// blocked, whether the socket blocks or not. They answer a count, 0 at the end, or -errno.
namespace fivetuple::calls {

/// From a socket into a pipe, which must be empty: -EAGAIN then means that nothing has come.
/// splice(2)
int splice_in(int socket, int pipe, std::size_t count);
/// From a pipe, which must not be empty, to a socket. splice(2)
int splice_out(int pipe, int socket, std::size_t count);
/// From a place in a file to a socket. Waits for the disk where the file is not in memory.
/// sendfile(2)
int send_file(int socket, int file, std::uint64_t offset, std::size_t count);

/// Whether what stands there in a file is in memory, as far as its first and last byte tell.
bool is_in_memory(int file, std::uint64_t offset, std::size_t count);
/// Waits until it is. readahead(2)
void bring_into_memory(int file, std::uint64_t offset, std::size_t count);

}  // namespace fivetuple::calls
