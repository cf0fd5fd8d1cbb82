#include "fivetuple/base/assert.h"
#include "fivetuple/os/bpf_run.h"

#include "fuzz/input.h"
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

using namespace fivetuple;

namespace {

constexpr std::size_t kSize = sizeof(bpf::Instruction);

std::vector<bpf::Instruction> some_code(std::size_t asked, Bytes from) {
    std::vector<bpf::Instruction> code(std::min(asked, from.size() / kSize));
    if (!code.empty()) std::memcpy(code.data(), from.data(), code.size() * kSize);
    return code;
}

}  // namespace

// Whatever the instructions are, they are refused, or run to an answer over whatever packet, which
// they leave alone and never look behind.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, size);
    const std::size_t asked = input.choose(256);
    const std::vector<bpf::Instruction> code = some_code(asked, input.rest());
    for (std::size_t at = 0; at < code.size(); ++at) {
        FT_ASSERT(!bpf::to_string(code[at], at).empty(), "every instruction has words");
    }
    const auto program = bpf::Program::checked(code);
    if (!program) {
        FT_ASSERT(!program.error().message().empty(), "a refusal has a reason");
        return 0;
    }
    FT_ASSERT(std::ranges::equal(program->code(), code), "what is accepted is not changed");
    // Memory that ends where the packet does, so that a look behind it is seen.
    const Bytes rest = input.rest().subspan(code.size() * kSize);
    const auto copy = std::make_unique<std::byte[]>(rest.size());
    std::ranges::copy(rest, copy.get());
    const Bytes packet(copy.get(), rest.size());
    const bpf::Packet whole{packet, packet, packet, {{bpf::Beside::cpu, 3}}};
    const std::uint32_t answer = bpf::run(*program, whole);
    FT_ASSERT(bpf::run(*program, whole) == answer, "the same packet gets the same answer");
    return 0;
}
