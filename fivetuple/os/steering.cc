#include "fivetuple/os/steering.h"

#include "fivetuple/base/assert.h"

namespace fivetuple {
namespace {

using bpf::Assembler;
using bpf::Beside;
using bpf::Is;
using bpf::Label;
using bpf::Math;
using bpf::network;
using bpf::Width;

bpf::Program finished(const Assembler& code) {
    auto program = code.finish();
    FT_ASSERT(program.has_value(), "a steering program is well formed");
    return *std::move(program);
}

bpf::Program steer_by(Beside what, unsigned sockets) {
    FT_ASSERT(sockets > 0, "there is a socket to steer to");
    Assembler code;
    code.load(what);
    code.calculate(Math::modulo, sockets);
    code.answer_a();
    return finished(code);
}

// A ^= A >> bits, by way of X.
void fold(Assembler& code, std::uint32_t bits) {
    code.copy_to_x();
    code.calculate(Math::shift_right, bits);
    code.calculate_with_x(Math::bit_xor);
}

}  // namespace

bpf::Program steer_by_cpu(unsigned sockets) { return steer_by(Beside::cpu, sockets); }
bpf::Program steer_by_hash(unsigned sockets) { return steer_by(Beside::hash, sockets); }

bpf::Program steer_by_peer(unsigned sockets) {
    FT_ASSERT(sockets > 0, "there is a socket to steer to");
    constexpr std::uint32_t kAddress = 0;  // The slot of the address, folded to 32 bits.
    Assembler code;
    const Label is_v6 = code.label();
    const Label mix = code.label();
    code.load(Width::byte, network(0));
    code.calculate(Math::shift_right, 4);
    code.jump_if(Is::equal, 6, is_v6);

    code.load(Width::word, network(12));
    code.store(kAddress);
    code.load_x_header_length(network(0));
    code.load_at_x(Width::half, network(0));
    code.jump(mix);

    code.place(is_v6);
    code.load(Width::word, network(8));
    for (const std::uint32_t offset : {12U, 16U, 20U}) {
        code.calculate(Math::multiply, 0x9e3779b1);
        code.copy_to_x();
        code.load(Width::word, network(offset));
        code.calculate_with_x(Math::bit_xor);
    }
    code.store(kAddress);
    code.load(Width::half, network(40));

    code.place(mix);
    code.calculate(Math::multiply, 0x9e3779b1);
    code.copy_to_x();
    code.load_slot(kAddress);
    code.calculate_with_x(Math::bit_xor);
    fold(code, 16);
    code.calculate(Math::multiply, 0x85ebca6b);
    fold(code, 13);
    code.calculate(Math::modulo, sockets);
    code.answer_a();
    return finished(code);
}

bpf::Program steer_to(unsigned socket) {
    Assembler code;
    code.answer(socket);
    return finished(code);
}

}  // namespace fivetuple
