#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string_view>

// `forbid_syscall CALL ERROR PROGRAM ARGUMENTS...` runs a program whose system call CALL answers
// ERROR instead of doing anything, as in a container that forbids it.
namespace {

struct Name {
    std::string_view name;
    unsigned number;
};
constexpr Name kCalls[] = {{"io_uring_setup", SYS_io_uring_setup},
                           {"io_uring_enter", SYS_io_uring_enter},
                           {"io_uring_register", SYS_io_uring_register},
                           {"epoll_create1", SYS_epoll_create1},
                           {"epoll_pwait2", SYS_epoll_pwait2}};
constexpr Name kErrors[] = {{"EPERM", EPERM},   {"ENOSYS", ENOSYS}, {"EINVAL", EINVAL},
                            {"ENOMEM", ENOMEM}, {"EACCES", EACCES}, {"EOPNOTSUPP", EOPNOTSUPP}};

template <std::size_t N>
const Name* find(const Name (&names)[N], std::string_view wanted) {
    for (const Name& each : names) {
        if (each.name == wanted) return &each;
    }
    return nullptr;
}

bool forbid(unsigned call, unsigned error) {
    const auto number_at = static_cast<unsigned>(offsetof(seccomp_data, nr));
    sock_filter rules[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number_at),
                           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog program{std::size(rules), rules};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace

int main(int count, char** arguments) {
    const Name* call = count > 3 ? find(kCalls, arguments[1]) : nullptr;
    const Name* error = count > 3 ? find(kErrors, arguments[2]) : nullptr;
    if (call == nullptr || error == nullptr) {
        std::fprintf(stderr, "usage: forbid_syscall CALL ERROR PROGRAM ARGUMENTS...\n");
        return 2;
    }
    if (!forbid(call->number, error->number)) {
        std::perror("forbid_syscall: prctl");
        return 125;
    }
    ::execv(arguments[3], arguments + 3);
    std::perror("forbid_syscall: execv");
    return 126;
}
