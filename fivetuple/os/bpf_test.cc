#include "fivetuple/os/bpf.h"

#include "fivetuple/os/bpf_run.h"

#include <linux/filter.h>

#include "tests/testing/testing.h"

namespace fivetuple::bpf {
namespace {

using ::testing::HasSubstr;

std::string why_not(std::vector<Instruction> code) {
    auto program = Program::checked(std::move(code));
    return program ? "" : program.error().message();
}

constexpr Instruction kEnd{BPF_RET | BPF_K, 0, 0, 0};

Instruction line(int code, std::uint32_t k = 0, int if_true = 0, int if_false = 0) {
    return {static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(if_true),
            static_cast<std::uint8_t>(if_false), k};
}

// What everybody's first filter does: IPv4 and TCP, to port 80 or from it.
Result<Program> web_filter() {
    Assembler code;
    const Label accept = code.label();
    const Label refuse = code.label();
    code.load(Width::half, 12);
    code.jump_unless(Is::equal, 0x800, refuse);
    code.load(Width::byte, 23);
    code.jump_unless(Is::equal, 6, refuse);
    code.load(Width::half, 20);
    code.jump_if(Is::any_bit, 0x1fff, refuse);
    code.load_x_header_length(14);
    code.load_at_x(Width::half, 14);
    code.jump_if(Is::equal, 80, accept);
    code.load_at_x(Width::half, 16);
    code.jump_if(Is::equal, 80, accept);
    code.jump(refuse);
    code.place(accept);
    code.answer(0xffff);
    code.place(refuse);
    code.answer(0);
    return code.finish();
}

TEST(Bpf, AProgramReadsAsTcpdumpPrintsIt) {
    const auto program = web_filter();
    ASSERT_TRUE(program) << program.error().message();
    EXPECT_EQ(program->to_string(),
              "(000) ldh      [12]\n"
              "(001) jeq      #0x800           jt 2  jf 13\n"
              "(002) ldb      [23]\n"
              "(003) jeq      #0x6             jt 4  jf 13\n"
              "(004) ldh      [20]\n"
              "(005) jset     #0x1fff          jt 13  jf 6\n"
              "(006) ldxb     4*([14]&0xf)\n"
              "(007) ldh      [x + 14]\n"
              "(008) jeq      #0x50            jt 12  jf 9\n"
              "(009) ldh      [x + 16]\n"
              "(010) jeq      #0x50            jt 12  jf 11\n"
              "(011) ja       13\n"
              "(012) ret      #65535\n"
              "(013) ret      #0\n");
}

TEST(Bpf, EveryInstructionHasWords) {
    Assembler code;
    const Label end = code.label();
    code.load_number(5);
    code.load_length();
    code.load_x_number(3);
    code.load_x_length();
    code.store(1);
    code.store_x(2);
    code.load_slot(1);
    code.load_x_slot(2);
    code.load(Beside::cpu);
    code.load(Width::word, network(12));
    code.load_at_x(Width::byte, link(2));
    for (const Math math :
         {Math::add, Math::subtract, Math::multiply, Math::divide, Math::bit_or, Math::bit_and,
          Math::shift_left, Math::shift_right, Math::modulo, Math::bit_xor}) {
        code.calculate(math, 7);
    }
    code.calculate_with_x(Math::add);
    code.negate();
    code.copy_to_x();
    code.copy_from_x();
    code.jump_if_x(Is::greater, end);
    code.jump_unless_x(Is::at_least, end);
    code.place(end);
    code.answer_a();
    const auto program = code.finish();
    ASSERT_TRUE(program) << program.error().message();
    EXPECT_EQ(program->to_string(),
              "(000) ld       #0x5\n"
              "(001) ld       #pktlen\n"
              "(002) ldx      #0x3\n"
              "(003) ldx      #pktlen\n"
              "(004) st       M[1]\n"
              "(005) stx      M[2]\n"
              "(006) ld       M[1]\n"
              "(007) ldx      M[2]\n"
              "(008) ld       cpu\n"
              "(009) ld       [net + 12]\n"
              "(010) ldb      [x + link + 2]\n"
              "(011) add      #0x7\n"
              "(012) sub      #0x7\n"
              "(013) mul      #0x7\n"
              "(014) div      #0x7\n"
              "(015) or       #0x7\n"
              "(016) and      #0x7\n"
              "(017) lsh      #0x7\n"
              "(018) rsh      #0x7\n"
              "(019) mod      #0x7\n"
              "(020) xor      #0x7\n"
              "(021) add      x\n"
              "(022) neg\n"
              "(023) tax\n"
              "(024) txa\n"
              "(025) jgt      x                jt 27  jf 26\n"
              "(026) jge      x                jt 27  jf 27\n"
              "(027) ret      a\n");
}

TEST(Bpf, WhatTheKernelRefusesIsRefusedWithAReason) {
    EXPECT_EQ(why_not({}), "filter: it is empty");
    EXPECT_EQ(why_not(std::vector<Instruction>(4097, kEnd)),
              "filter: it has over 4,096 instructions");
    EXPECT_EQ(why_not(std::vector<Instruction>(4096, kEnd)), "");
    EXPECT_EQ(why_not({line(BPF_LD | BPF_IMM)}),
              "filter: the last instruction must be an answer: (000) ld       #0");
    EXPECT_THAT(why_not({line(0x00ff), kEnd}), HasSubstr("there is no such instruction"));
    EXPECT_THAT(why_not({line(BPF_ALU | BPF_DIV | BPF_K), kEnd}), HasSubstr("it divides by 0"));
    EXPECT_THAT(why_not({line(BPF_ALU | BPF_MOD | BPF_K), kEnd}), HasSubstr("it divides by 0"));
    EXPECT_THAT(why_not({line(BPF_ALU | BPF_LSH | BPF_K, 32), kEnd}), HasSubstr("it shifts by 32"));
    EXPECT_THAT(why_not({line(BPF_ST, 16), kEnd}), HasSubstr("there are 16 slots"));
    EXPECT_THAT(why_not({line(BPF_JMP | BPF_JA, 1), kEnd}), HasSubstr("jumps behind the end"));
    EXPECT_THAT(why_not({line(BPF_JMP | BPF_JA, UINT32_MAX), kEnd}),
                HasSubstr("jumps behind the end"));
    EXPECT_THAT(why_not({line(BPF_JMP | BPF_JEQ, 0, 0, 1), kEnd}),
                HasSubstr("jumps behind the end"));
    EXPECT_THAT(
        why_not({line(BPF_LD | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF) + 64), kEnd}),
        HasSubstr("nothing is to be loaded from there"));
}

TEST(Bpf, ASlotMustBeStoredToOnEveryWayToItsLoad) {
    EXPECT_THAT(why_not({line(BPF_LD | BPF_MEM, 3), kEnd}),
                HasSubstr("nothing was stored in this slot: (000) ld       M[3]"));
    EXPECT_EQ(why_not({line(BPF_ST, 3), line(BPF_LD | BPF_MEM, 3), kEnd}), "");
    // One way leads past the store.
    EXPECT_THAT(why_not({line(BPF_JMP | BPF_JEQ, 1, 1, 0), line(BPF_ST, 3),
                         line(BPF_LD | BPF_MEM, 3), kEnd}),
                HasSubstr("(002) ld       M[3]"));
    // Both ways store.
    EXPECT_EQ(why_not({line(BPF_JMP | BPF_JEQ, 1, 2, 0), line(BPF_ST, 3), line(BPF_JMP | BPF_JA, 1),
                       line(BPF_STX, 3), line(BPF_LD | BPF_MEM, 3), kEnd}),
              "");
}

TEST(Bpf, MistakesWithLabelsAreNamed) {
    Assembler unplaced;
    const Label nowhere = unplaced.label();
    unplaced.jump(nowhere);
    unplaced.answer(0);
    EXPECT_EQ(unplaced.finish().error().message(),
              "filter: its label was not placed: (000) ja       1");

    Assembler backwards;
    const Label before = backwards.label();
    backwards.place(before);
    backwards.load_number(1);
    backwards.jump_if(Is::equal, 1, before);
    backwards.answer(0);
    EXPECT_THAT(backwards.finish().error().message(), HasSubstr("jumps lead forward only"));

    Assembler far;
    const Label end = far.label();
    far.jump_if(Is::equal, 1, end);
    for (int count = 0; count < 256; ++count) far.load_number(1);
    far.place(end);
    far.answer(0);
    EXPECT_EQ(far.finish().error().cause(), Cause::limit);

    Assembler far_enough;  // A jump without a condition has room for it.
    const Label there = far_enough.label();
    far_enough.jump(there);
    for (int count = 0; count < 1000; ++count) far_enough.load_number(1);
    far_enough.place(there);
    far_enough.answer(0);
    EXPECT_TRUE(far_enough.finish());
}

// An Ethernet frame with IPv4 and TCP, as short as it can be.
std::vector<std::byte> frame(std::uint16_t type, std::uint8_t protocol, std::uint16_t from,
                             std::uint16_t to) {
    std::vector<std::byte> bytes(54);
    put_integer(MutableBytes(bytes).subspan(12), type);
    bytes[14] = std::byte{0x45};
    bytes[23] = std::byte{protocol};
    put_integer(MutableBytes(bytes).subspan(34), from);
    put_integer(MutableBytes(bytes).subspan(36), to);
    return bytes;
}

TEST(Bpf, AFilterCanBeProvedWithoutAKernel) {
    const Program program = web_filter().value();
    const auto answer = [&](std::vector<std::byte> bytes) {
        return run(program, {.bytes = bytes, .network = {}, .link = {}, .beside = {}});
    };
    EXPECT_EQ(answer(frame(0x800, 6, 51234, 80)), 0xffffU);
    EXPECT_EQ(answer(frame(0x800, 6, 80, 51234)), 0xffffU);
    EXPECT_EQ(answer(frame(0x800, 6, 443, 51234)), 0U);
    EXPECT_EQ(answer(frame(0x86dd, 6, 51234, 80)), 0U);
    EXPECT_EQ(answer(frame(0x800, 17, 51234, 80)), 0U);
    auto fragment = frame(0x800, 6, 51234, 80);
    fragment[21] = std::byte{1};
    EXPECT_EQ(answer(fragment), 0U);
    auto cut = frame(0x800, 6, 51234, 80);
    for (std::size_t size = 0; size < 36; ++size) {
        cut.resize(size);
        EXPECT_EQ(answer(cut), 0U) << size << " bytes";
    }
}

std::uint32_t calculate(Math math, std::uint32_t a, std::uint32_t x) {
    Assembler code;
    code.load_number(a);
    code.load_x_number(x);
    code.calculate_with_x(math);
    code.answer_a();
    return run(code.finish().value(), {});
}

TEST(Bpf, ArithmeticIsUnsignedAndWraps) {
    EXPECT_EQ(calculate(Math::add, UINT32_MAX, 2), 1U);
    EXPECT_EQ(calculate(Math::subtract, 1, 2), UINT32_MAX);
    EXPECT_EQ(calculate(Math::multiply, 1U << 31, 2), 0U);
    EXPECT_EQ(calculate(Math::divide, UINT32_MAX, 2), INT32_MAX);
    EXPECT_EQ(calculate(Math::divide, 7, 0), 0U);
    EXPECT_EQ(calculate(Math::modulo, 7, 4), 3U);
    EXPECT_EQ(calculate(Math::modulo, 7, 0), 0U);
    EXPECT_EQ(calculate(Math::shift_left, 1, 33), 2U);
    EXPECT_EQ(calculate(Math::shift_right, 4, 34), 1U);
    EXPECT_EQ(calculate(Math::bit_xor, 6, 3), 5U);
}

TEST(Bpf, LoadsAreFromWhatLiesBesideThePacketToo) {
    Assembler code;
    code.load(Beside::mark);
    code.answer_a();
    const Program program = code.finish().value();
    EXPECT_EQ(run(program, {}), 0U);
    Packet packet;
    packet.beside[Beside::mark] = 42;
    EXPECT_EQ(run(program, packet), 42U);

    Assembler header;
    header.load(Width::half, network(2));
    header.answer_a();
    const std::vector<std::byte> bytes{std::byte{0x45}, std::byte{0}, std::byte{1}, std::byte{2}};
    packet.network = bytes;
    EXPECT_EQ(run(header.finish().value(), packet), 0x102U);
}

}  // namespace
}  // namespace fivetuple::bpf
