#include "fivetuple/base/random.h"
#include "fivetuple/os/bpf_run.h"
#include "fivetuple/os/options/filter.h"

#include <linux/filter.h>

#include "tests/testing/option_checks.h"

// Our judgement of programs, and what they answer, against the kernel's.
namespace fivetuple::bpf {
namespace {

using testing_help::connected_kind;
using testing_help::open_kind;

// Parts whose number is 0 are written out like the others.
// NOLINTBEGIN(misc-redundant-expression)
constexpr std::uint16_t kCodes[] = {BPF_LD | BPF_W | BPF_ABS,
                                    BPF_LD | BPF_H | BPF_ABS,
                                    BPF_LD | BPF_B | BPF_ABS,
                                    BPF_LD | BPF_W | BPF_IND,
                                    BPF_LD | BPF_H | BPF_IND,
                                    BPF_LD | BPF_B | BPF_IND,
                                    BPF_LD | BPF_W | BPF_LEN,
                                    BPF_LD | BPF_IMM,
                                    BPF_LD | BPF_MEM,
                                    BPF_LDX | BPF_W | BPF_LEN,
                                    BPF_LDX | BPF_B | BPF_MSH,
                                    BPF_LDX | BPF_IMM,
                                    BPF_LDX | BPF_MEM,
                                    BPF_ST,
                                    BPF_STX,
                                    BPF_MISC | BPF_TAX,
                                    BPF_MISC | BPF_TXA,
                                    BPF_RET | BPF_K,
                                    BPF_RET | BPF_A,
                                    BPF_JMP | BPF_JA,
                                    BPF_JMP | BPF_JEQ | BPF_K,
                                    BPF_JMP | BPF_JEQ | BPF_X,
                                    BPF_JMP | BPF_JGT | BPF_K,
                                    BPF_JMP | BPF_JGT | BPF_X,
                                    BPF_JMP | BPF_JGE | BPF_K,
                                    BPF_JMP | BPF_JGE | BPF_X,
                                    BPF_JMP | BPF_JSET | BPF_K,
                                    BPF_JMP | BPF_JSET | BPF_X,
                                    BPF_ALU | BPF_ADD | BPF_K,
                                    BPF_ALU | BPF_ADD | BPF_X,
                                    BPF_ALU | BPF_SUB | BPF_K,
                                    BPF_ALU | BPF_SUB | BPF_X,
                                    BPF_ALU | BPF_MUL | BPF_K,
                                    BPF_ALU | BPF_MUL | BPF_X,
                                    BPF_ALU | BPF_DIV | BPF_K,
                                    BPF_ALU | BPF_DIV | BPF_X,
                                    BPF_ALU | BPF_MOD | BPF_K,
                                    BPF_ALU | BPF_MOD | BPF_X,
                                    BPF_ALU | BPF_AND | BPF_K,
                                    BPF_ALU | BPF_AND | BPF_X,
                                    BPF_ALU | BPF_OR | BPF_K,
                                    BPF_ALU | BPF_OR | BPF_X,
                                    BPF_ALU | BPF_XOR | BPF_K,
                                    BPF_ALU | BPF_XOR | BPF_X,
                                    BPF_ALU | BPF_LSH | BPF_K,
                                    BPF_ALU | BPF_LSH | BPF_X,
                                    BPF_ALU | BPF_RSH | BPF_K,
                                    BPF_ALU | BPF_RSH | BPF_X,
                                    BPF_ALU | BPF_NEG};
// NOLINTEND(misc-redundant-expression)

// A program that is well formed more often than not.
std::vector<Instruction> some_program(Random& random, bool is_tame) {
    std::vector<Instruction> code(1 + random.next() % 12);
    const std::size_t size = code.size();
    for (std::size_t at = 0; at < size; ++at) {
        Instruction& line = code[at];
        line.code = kCodes[random.next() % std::size(kCodes)];
        if (!is_tame && random.next() % 16 == 0) {
            line.code = static_cast<std::uint16_t>(random.next() % 256);
        }
        const bool is_small = is_tame || random.next() % 4 != 0;
        line.k = static_cast<std::uint32_t>(is_small ? random.next() % 20 : random.next());
        const std::size_t reach = is_tame ? size - at : size + 1;
        line.if_true = static_cast<std::uint8_t>(random.next() % reach);
        line.if_false = static_cast<std::uint8_t>(random.next() % reach);
        if (line.code == (BPF_JMP | BPF_JA) && is_tame) line.k %= static_cast<unsigned>(reach);
    }
    if (is_tame || random.next() % 4 != 0) {
        code.back().code = random.next() % 2 == 0 ? BPF_RET | BPF_A : BPF_RET | BPF_K;
    }
    return code;
}

// Handed to the kernel without being looked at by us.
bool kernel_takes(Socket& socket, std::vector<Instruction>& code) {
    const sock_fprog whole{static_cast<unsigned short>(code.size()),
                           reinterpret_cast<sock_filter*>(code.data())};
    return socket.set_option(SOL_SOCKET, SO_ATTACH_FILTER, std::as_bytes(std::span(&whole, 1)))
        .has_value();
}

TEST(BpfAndTheKernel, AgreeOnWhatIsAProgram) {
    auto socket = open_kind(SocketKind::unix_datagram);
    Random random(7);
    int taken = 0;
    for (int round = 0; round < 20000; ++round) {
        std::vector<Instruction> code = some_program(random, false);
        const bool is_taken = kernel_takes(*socket, code);
        const auto ours = Program::checked(code);
        taken += is_taken ? 1 : 0;
        std::string text;
        for (std::size_t at = 0; at < code.size(); ++at) text += to_string(code[at], at) + "\n";
        ASSERT_EQ(ours.has_value(), is_taken)
            << (ours ? "we take it" : ours.error().message()) << "\n"
            << text;
    }
    EXPECT_GT(taken, 500);
    EXPECT_LT(taken, 19500);
}

TEST(BpfAndTheKernel, AgreeOnWhatAProgramAnswers) {
    auto pair = connected_kind(SocketKind::unix_datagram);
    Random random(11);
    int answered = 0;
    for (int round = 0; round < 5000; ++round) {
        const auto program = Program::checked(some_program(random, true));
        if (!program) continue;
        ASSERT_TRUE(set(pair->second, SocketFilter{*program}));
        const auto packet = testing_help::some_bytes(1 + random.next() % 64, random.next());
        const std::uint32_t answer = run(*program, {packet, {}, {}, {}});
        ASSERT_TRUE(pair->first.write_some(packet));
        // The kernel's answer is how much of the packet arrives; 0 is nothing at all.
        std::array<std::byte, 128> room{};
        const auto got = pair->second.read_some(room, Time{});
        const std::size_t expected = std::min<std::size_t>(answer, packet.size());
        ASSERT_EQ(got ? *got : 0, expected) << program->to_string();
        answered += got ? 1 : 0;
    }
    EXPECT_GT(answered, 500);
}

TEST(SocketFilters, KeepWhatTheyAreAskedToKeep) {
    auto pair = connected_kind(SocketKind::udp_v4);
    Assembler code;
    const Label refuse = code.label();
    // The packet begins with the UDP header here; its payload follows.
    code.load(Width::byte, 8);
    code.jump_unless(Is::equal, 'y', refuse);
    code.answer(UINT32_MAX);
    code.place(refuse);
    code.answer(0);
    ASSERT_TRUE(set(pair->second, SocketFilter{code.finish().value()}));
    ASSERT_TRUE(pair->first.write_some(bytes_of("no")));
    ASSERT_TRUE(pair->first.write_some(bytes_of("yes")));
    std::array<std::byte, 16> room{};
    EXPECT_EQ(pair->second.read_some(room).value(), 3U);

    ASSERT_TRUE(set(pair->second, DetachFilter{}));
    const auto again = set(pair->second, DetachFilter{});
    ASSERT_FALSE(again);
    EXPECT_TRUE(again.error().is(ENOENT)) << again.error().message();
    ASSERT_TRUE(pair->first.write_some(bytes_of("no")));
    EXPECT_EQ(pair->second.read_some(room).value(), 2U);
}

TEST(SocketFilters, ALockedOneStays) {
    auto socket = open_kind(SocketKind::udp_v4);
    Assembler code;
    code.answer(UINT32_MAX);
    ASSERT_TRUE(set(*socket, SocketFilter{code.finish().value()}));
    ASSERT_TRUE(set(*socket, LockFilter{}));
    EXPECT_TRUE(get<LockFilter>(*socket)->on);
    EXPECT_TRUE(set(*socket, DetachFilter{}).error().is(EPERM));
    EXPECT_TRUE(set(*socket, SocketFilter{code.finish().value()}).error().is(EPERM));
    EXPECT_TRUE(set(*socket, LockFilter{false}).error().is(EPERM));
}

}  // namespace
}  // namespace fivetuple::bpf
