#pragma once

#include "server.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace bench {

/// What a server's process holds.
struct ServerState {
    std::size_t descriptors = 0;
    std::int64_t anonymous_bytes = 0;
    std::size_t tasks = 0;                  ///< Lines of the tree of its tasks.
    std::map<std::string, double> metrics;  ///< Of its counters, by name and labels.

    double metric(const std::string& name) const;
};

/// How many descriptors a process has open.
std::size_t descriptors_of(pid_t process);

/// As of now; `control` is where it obeys.
ServerState look_at(const Server& server, const std::string& control);

/// What it answers to a command there.
std::string obey(const std::string& control, const std::string& command);

/// A folder that goes with this object.
class TemporaryFolder {
public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();
    std::string path(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

}  // namespace bench
