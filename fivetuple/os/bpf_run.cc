#include "fivetuple/os/bpf_run.h"

#include <linux/filter.h>

#include <array>
#include <optional>

namespace fivetuple::bpf {
namespace {

std::size_t width_of(std::uint16_t code) {
    if (BPF_SIZE(code) == BPF_B) return 1;
    return BPF_SIZE(code) == BPF_H ? 2 : 4;
}

std::optional<std::uint32_t> number_at(Bytes bytes, std::uint32_t offset, std::size_t width) {
    if (offset > bytes.size() || bytes.size() - offset < width) return std::nullopt;
    std::uint32_t number = 0;
    for (const std::byte each : bytes.subspan(offset, width)) {
        number = number << 8 | std::to_integer<std::uint32_t>(each);
    }
    return number;
}

std::optional<std::uint32_t> load_from(const Packet& packet, std::uint32_t offset,
                                       std::size_t width) {
    if (offset < 0x80000000U) return number_at(packet.bytes, offset, width);
    if (offset >= network(0)) return number_at(packet.network, offset - network(0), width);
    if (offset >= link(0)) return number_at(packet.link, offset - link(0), width);
    return std::nullopt;
}

std::uint32_t calculated(int op, std::uint32_t a, std::uint32_t b) {
    switch (op) {
        case BPF_ADD:
            return a + b;
        case BPF_SUB:
            return a - b;
        case BPF_MUL:
            return a * b;
        case BPF_DIV:
            return a / b;
        case BPF_MOD:
            return a % b;
        case BPF_OR:
            return a | b;
        case BPF_AND:
            return a & b;
        case BPF_XOR:
            return a ^ b;
        case BPF_LSH:
            return a << (b & 31);
        case BPF_RSH:
            return a >> (b & 31);
        default:
            return 0 - a;
    }
}

bool passes(int test, std::uint32_t a, std::uint32_t b) {
    switch (test) {
        case BPF_JEQ:
            return a == b;
        case BPF_JGT:
            return a > b;
        case BPF_JGE:
            return a >= b;
        default:
            return (a & b) != 0;
    }
}

class Machine {
public:
    explicit Machine(const Packet& packet) : packet_(packet) {}

    std::uint32_t run(std::span<const Instruction> code) {
        std::size_t at = 0;
        while (!answer_) {
            const Instruction& line = code[at];
            at += 1 + step(line);
        }
        return *answer_;
    }

private:
    // How many of the next instructions are left out.
    std::size_t step(const Instruction& line) {
        switch (BPF_CLASS(line.code)) {
            case BPF_LD:
                load(line);
                return 0;
            case BPF_LDX:
                load_x(line);
                return 0;
            case BPF_ST:
                slots_[line.k] = a_;
                return 0;
            case BPF_STX:
                slots_[line.k] = x_;
                return 0;
            case BPF_ALU:
                calculate(line);
                return 0;
            case BPF_JMP:
                if (BPF_OP(line.code) == BPF_JA) return line.k;
                return passes(BPF_OP(line.code), a_, operand(line)) ? line.if_true : line.if_false;
            case BPF_RET:
                answer_ = BPF_RVAL(line.code) == BPF_A ? a_ : line.k;
                return 0;
            default:
                (BPF_MISCOP(line.code) == BPF_TXA ? a_ : x_) =
                    BPF_MISCOP(line.code) == BPF_TXA ? x_ : a_;
                return 0;
        }
    }

    std::uint32_t operand(const Instruction& line) const {
        return BPF_SRC(line.code) == BPF_X ? x_ : line.k;
    }

    void calculate(const Instruction& line) {
        const int op = BPF_OP(line.code);
        const std::uint32_t b = operand(line);
        if ((op == BPF_DIV || op == BPF_MOD) && b == 0) {
            answer_ = 0;
        } else {
            a_ = calculated(op, a_, b);
        }
    }

    void load_beside(std::uint32_t what) {
        if (what == SKF_AD_ALU_XOR_X) {
            a_ ^= x_;
            return;
        }
        const auto found = packet_.beside.find(static_cast<Beside>(what));
        a_ = found == packet_.beside.end() ? 0 : found->second;
    }

    void load(const Instruction& line) {
        const auto beside = static_cast<std::uint32_t>(SKF_AD_OFF);
        switch (BPF_MODE(line.code)) {
            case BPF_IMM:
                a_ = line.k;
                return;
            case BPF_MEM:
                a_ = slots_[line.k];
                return;
            case BPF_LEN:
                a_ = static_cast<std::uint32_t>(packet_.bytes.size());
                return;
            case BPF_ABS:
                if (line.k >= beside) {
                    load_beside(line.k - beside);
                    return;
                }
                load_into(a_, load_from(packet_, line.k, width_of(line.code)));
                return;
            default:
                load_into(a_, load_from(packet_, x_ + line.k, width_of(line.code)));
        }
    }

    void load_x(const Instruction& line) {
        switch (BPF_MODE(line.code)) {
            case BPF_IMM:
                x_ = line.k;
                return;
            case BPF_MEM:
                x_ = slots_[line.k];
                return;
            case BPF_LEN:
                x_ = static_cast<std::uint32_t>(packet_.bytes.size());
                return;
            default:
                load_into(x_, load_from(packet_, line.k, 1));
                x_ = (x_ & 0xf) * 4;
        }
    }

    // A load from behind the packet's end is the end of the program.
    void load_into(std::uint32_t& to, std::optional<std::uint32_t> number) {
        if (number) {
            to = *number;
        } else {
            answer_ = 0;
        }
    }

    const Packet& packet_;
    std::uint32_t a_ = 0;
    std::uint32_t x_ = 0;
    std::array<std::uint32_t, kSlots> slots_{};
    std::optional<std::uint32_t> answer_;
};

}  // namespace

std::uint32_t run(const Program& program, const Packet& packet) {
    return Machine(packet).run(program.code());
}

}  // namespace fivetuple::bpf
