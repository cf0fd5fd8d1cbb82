#include "server_state.h"

#include "failure.h"
#include "fd.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>

namespace bench {
namespace {

const char* const kGoal = "cannot ask the server how it is";

}  // namespace

std::size_t descriptors_of(pid_t process) {
    const std::filesystem::directory_iterator all(fmt::format("/proc/{}/fd", process));
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

double ServerState::metric(const std::string& name) const {
    const auto found = metrics.find(name);
    if (found == metrics.end()) throw Failure(kGoal, "it says nothing of " + name);
    return found->second;
}

ServerState look_at(const Server& server, const std::string& control) {
    ServerState state;
    std::istringstream status(obey(control, "status"));
    for (std::string line; std::getline(status, line);) {
        const std::size_t space = line.rfind(' ');
        if (line.starts_with('#') || space == std::string::npos) continue;
        state.metrics[line.substr(0, space)] = std::stod(line.substr(space + 1));
    }
    const std::string tree = obey(control, "tasks");
    state.tasks = static_cast<std::size_t>(std::ranges::count(tree, '\n'));
    state.descriptors = descriptors_of(server.pid());
    state.anonymous_bytes = server.anonymous_bytes();
    return state;
}

std::string obey(const std::string& control, const std::string& command) {
    const Fd made(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un at = {};
    at.sun_family = AF_UNIX;
    strncpy(at.sun_path, control.c_str(), sizeof at.sun_path - 1);
    if (connect(made.number(), reinterpret_cast<const sockaddr*>(&at), sizeof at) < 0) {
        throw Failure(kGoal, errno_text("connect"));
    }
    const std::string line = command + "\n";
    if (send(made.number(), line.data(), line.size(), MSG_NOSIGNAL) < 0) {
        throw Failure(kGoal, errno_text("send"));
    }
    std::string answer;
    std::array<char, 4096> some;
    while (true) {
        const ssize_t count = recv(made.number(), some.data(), some.size(), 0);
        if (count < 0) throw Failure(kGoal, errno_text("recv"));
        if (count == 0) return answer;
        answer.append(some.data(), static_cast<std::size_t>(count));
    }
}

TemporaryFolder::TemporaryFolder() {
    path_ = (std::filesystem::temp_directory_path() / "ft-bench-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) {
        throw Failure("cannot make a folder", errno_text("mkdtemp"));
    }
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace bench
