#include "fivetuple/os/options/filter.h"

#include <linux/filter.h>

#include <cstring>
#include <vector>

namespace fivetuple {
namespace {

static_assert(sizeof(bpf::Instruction) == sizeof(sock_filter));
static_assert(offsetof(bpf::Instruction, code) == offsetof(sock_filter, code));
static_assert(offsetof(bpf::Instruction, if_true) == offsetof(sock_filter, jt));
static_assert(offsetof(bpf::Instruction, if_false) == offsetof(sock_filter, jf));
static_assert(offsetof(bpf::Instruction, k) == offsetof(sock_filter, k));
static_assert(LockFilter::number == SO_LOCK_FILTER);
static_assert(DetachReusePortSteering::key.number == SO_DETACH_REUSEPORT_BPF);

Result<void> attach(OptionAccess socket, const OptionKey& key, const bpf::Program& program) {
    std::vector<sock_filter> code(program.code().size());
    std::memcpy(code.data(), program.code().data(), code.size() * sizeof code[0]);
    const sock_fprog whole{static_cast<unsigned short>(code.size()), code.data()};
    return write_option(socket, key, std::as_bytes(std::span(&whole, 1)));
}

Result<void> write_int(OptionAccess socket, const OptionKey& key, int value) {
    return write_option(socket, key, std::as_bytes(std::span(&value, 1)));
}

std::string length_text(const bpf::Program& program) {
    return "a program of " + std::to_string(program.code().size()) + " instructions";
}

}  // namespace

Result<void> SocketFilter::write_to(OptionAccess socket) const {
    return attach(socket, key, program);
}
std::string SocketFilter::to_string() const { return length_text(program); }

Result<void> DetachFilter::write_to(OptionAccess socket) const { return write_int(socket, key, 0); }

Result<void> ReusePortSteering::write_to(OptionAccess socket) const {
    return attach(socket, key, program);
}
std::string ReusePortSteering::to_string() const { return length_text(program); }

Result<void> ReusePortSteeringEbpf::write_to(OptionAccess socket) const {
    return write_int(socket, key, program);
}
std::string ReusePortSteeringEbpf::to_string() const {
    return "the program of descriptor " + std::to_string(program);
}

Result<void> DetachReusePortSteering::write_to(OptionAccess socket) const {
    return write_int(socket, key, 0);
}

}  // namespace fivetuple
