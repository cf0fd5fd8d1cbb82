#include "fivetuple/os/bpf.h"

#include <linux/filter.h>

#include <algorithm>
#include <optional>

namespace fivetuple::bpf {
namespace {

static_assert(static_cast<int>(Width::half) == BPF_H && static_cast<int>(Width::byte) == BPF_B);
static_assert(static_cast<int>(Math::modulo) == BPF_MOD && static_cast<int>(Math::bit_xor) == 0xa0);
static_assert(static_cast<int>(Is::any_bit) == BPF_JSET);
static_assert(static_cast<int>(Beside::vlan_protocol) == SKF_AD_VLAN_TPID);
static_assert(network(0) == static_cast<std::uint32_t>(SKF_NET_OFF));
static_assert(link(0) == static_cast<std::uint32_t>(SKF_LL_OFF));
static_assert(kMostInstructions == BPF_MAXINSNS && kSlots == BPF_MEMWORDS);

constexpr auto kBeside = static_cast<std::uint32_t>(SKF_AD_OFF);

bool is_math(std::uint16_t code) {
    const int op = BPF_OP(code);
    return code == (BPF_ALU | BPF_NEG) ||
           ((code & ~0xf8) == BPF_ALU && op != BPF_NEG && op <= BPF_XOR);
}

bool is_conditional(std::uint16_t code) {
    const int op = BPF_OP(code);
    return (code & ~0xf8) == BPF_JMP && op >= BPF_JEQ && op <= BPF_JSET;
}

bool is_known(std::uint16_t code) {
    switch (code) {
        case BPF_LD | BPF_W | BPF_ABS:
        case BPF_LD | BPF_H | BPF_ABS:
        case BPF_LD | BPF_B | BPF_ABS:
        case BPF_LD | BPF_W | BPF_IND:
        case BPF_LD | BPF_H | BPF_IND:
        case BPF_LD | BPF_B | BPF_IND:
        case BPF_LD | BPF_W | BPF_LEN:
        case BPF_LD | BPF_IMM:
        case BPF_LD | BPF_MEM:
        case BPF_LDX | BPF_W | BPF_LEN:
        case BPF_LDX | BPF_B | BPF_MSH:
        case BPF_LDX | BPF_IMM:
        case BPF_LDX | BPF_MEM:
        case BPF_ST:
        case BPF_STX:
        case BPF_MISC | BPF_TAX:
        case BPF_MISC | BPF_TXA:
        case BPF_RET | BPF_K:
        case BPF_RET | BPF_A:
        case BPF_JMP | BPF_JA:
            return true;
        default:
            return is_math(code) || is_conditional(code);
    }
}

bool is_absolute_load(std::uint16_t code) {
    return BPF_CLASS(code) == BPF_LD && BPF_MODE(code) == BPF_ABS;
}

bool uses_slot(std::uint16_t code) {
    return code == BPF_ST || code == BPF_STX || code == (BPF_LD | BPF_MEM) ||
           code == (BPF_LDX | BPF_MEM);
}

// The kernel knows each multiple of 4 from protocol to vlan_protocol.
bool is_beside(std::uint32_t k) {
    return k >= kBeside && k - kBeside <= SKF_AD_VLAN_TPID && (k - kBeside) % 4 == 0;
}

// What is wrong with an instruction by itself, or nothing.
const char* fault_of(const Instruction& line, std::size_t at, std::size_t size) {
    const std::size_t left = size - at - 1;
    if (!is_known(line.code)) return "there is no such instruction";
    if (is_absolute_load(line.code) && line.k >= kBeside && !is_beside(line.k)) {
        return "nothing is to be loaded from there";
    }
    if (uses_slot(line.code) && line.k >= kSlots) return "there are 16 slots";
    if (line.code == (BPF_JMP | BPF_JA) && line.k >= left) return "it jumps behind the end";
    if (is_conditional(line.code) && (line.if_true >= left || line.if_false >= left)) {
        return "it jumps behind the end";
    }
    if (!is_math(line.code) || BPF_SRC(line.code) != BPF_K) return nullptr;
    const int op = BPF_OP(line.code);
    if ((op == BPF_DIV || op == BPF_MOD) && line.k == 0) return "it divides by 0";
    if ((op == BPF_LSH || op == BPF_RSH) && line.k >= 32) return "it shifts by 32 bits or more";
    return nullptr;
}

// A slot must have been stored to on every way that leads to a load of it. Walked as the kernel
// does: jumps lead forward only, so one pass knows all.
std::optional<std::size_t> first_unstored_load(std::span<const Instruction> code) {
    std::vector<std::uint16_t> stored_at(code.size(), 0xffff);
    std::uint16_t stored = 0;
    for (std::size_t at = 0; at < code.size(); ++at) {
        const Instruction& line = code[at];
        stored &= stored_at[at];
        if (line.code == BPF_ST || line.code == BPF_STX) {
            stored |= static_cast<std::uint16_t>(1U << line.k);
        } else if (uses_slot(line.code)) {
            if ((stored >> line.k & 1) == 0) return at;
        } else if (line.code == (BPF_JMP | BPF_JA)) {
            stored_at[at + 1 + line.k] &= stored;
            stored = 0xffff;
        } else if (is_conditional(line.code)) {
            stored_at[at + 1 + line.if_true] &= stored;
            stored_at[at + 1 + line.if_false] &= stored;
            stored = 0xffff;
        }
    }
    return std::nullopt;
}

Error fault(std::size_t at, const Instruction& line, const char* why) {
    return Error::malformed("filter", std::string(why) + ": " + to_string(line, at));
}

}  // namespace

Result<Program> Program::checked(std::vector<Instruction> code) {
    if (code.empty()) return std::unexpected(Error::malformed("filter", "it is empty"));
    if (code.size() > kMostInstructions) {
        return std::unexpected(Error::limit("filter", "it has over 4,096 instructions"));
    }
    for (std::size_t at = 0; at < code.size(); ++at) {
        if (const char* why = fault_of(code[at], at, code.size()); why != nullptr) {
            return std::unexpected(fault(at, code[at], why));
        }
    }
    if (BPF_CLASS(code.back().code) != BPF_RET) {
        return std::unexpected(
            fault(code.size() - 1, code.back(), "the last instruction must be an answer"));
    }
    if (const auto at = first_unstored_load(code)) {
        return std::unexpected(fault(*at, code[*at], "nothing was stored in this slot"));
    }
    return Program(std::move(code));
}

std::string Program::to_string() const {
    std::string text;
    for (std::size_t at = 0; at < code_.size(); ++at) text += bpf::to_string(code_[at], at) + '\n';
    return text;
}

Label Assembler::label() {
    places_.push_back(SIZE_MAX);
    return {places_.size() - 1};
}

void Assembler::place(Label label) { places_[label.number] = code_.size(); }

void Assembler::add(std::uint32_t code, std::uint32_t k) {
    code_.push_back({static_cast<std::uint16_t>(code), 0, 0, k});
}

void Assembler::add_jump(std::uint32_t code, std::uint32_t k, Label to, Jump::Field field) {
    jumps_.push_back({code_.size(), to.number, field});
    add(code, k);
}

void Assembler::load(Width width, std::uint32_t offset) {
    add(BPF_LD | BPF_ABS | static_cast<std::uint32_t>(width), offset);
}
void Assembler::load_at_x(Width width, std::uint32_t offset) {
    add(BPF_LD | BPF_IND | static_cast<std::uint32_t>(width), offset);
}
void Assembler::load(Beside what) { load(Width::word, kBeside + static_cast<std::uint32_t>(what)); }
void Assembler::load_number(std::uint32_t number) { add(BPF_LD | BPF_IMM, number); }
void Assembler::load_length() { add(BPF_LD | BPF_W | BPF_LEN, 0); }
void Assembler::load_slot(std::uint32_t slot) { add(BPF_LD | BPF_MEM, slot); }
void Assembler::load_x_number(std::uint32_t number) { add(BPF_LDX | BPF_IMM, number); }
void Assembler::load_x_length() { add(BPF_LDX | BPF_W | BPF_LEN, 0); }
void Assembler::load_x_slot(std::uint32_t slot) { add(BPF_LDX | BPF_MEM, slot); }
void Assembler::load_x_header_length(std::uint32_t offset) {
    add(BPF_LDX | BPF_B | BPF_MSH, offset);
}
void Assembler::store(std::uint32_t slot) { add(BPF_ST, slot); }
void Assembler::store_x(std::uint32_t slot) { add(BPF_STX, slot); }

void Assembler::calculate(Math math, std::uint32_t number) {
    add(BPF_ALU | BPF_K | static_cast<std::uint32_t>(math), number);
}
void Assembler::calculate_with_x(Math math) {
    add(BPF_ALU | BPF_X | static_cast<std::uint32_t>(math), 0);
}
void Assembler::negate() { add(BPF_ALU | BPF_NEG, 0); }
void Assembler::copy_to_x() { add(BPF_MISC | BPF_TAX, 0); }
void Assembler::copy_from_x() { add(BPF_MISC | BPF_TXA, 0); }

void Assembler::jump(Label to) { add_jump(BPF_JMP | BPF_JA, 0, to, Jump::Field::always); }
void Assembler::jump_if(Is test, std::uint32_t number, Label to) {
    add_jump(BPF_JMP | BPF_K | static_cast<std::uint32_t>(test), number, to, Jump::Field::if_true);
}
void Assembler::jump_if_x(Is test, Label to) {
    add_jump(BPF_JMP | BPF_X | static_cast<std::uint32_t>(test), 0, to, Jump::Field::if_true);
}
void Assembler::jump_unless(Is test, std::uint32_t number, Label to) {
    add_jump(BPF_JMP | BPF_K | static_cast<std::uint32_t>(test), number, to, Jump::Field::if_false);
}
void Assembler::jump_unless_x(Is test, Label to) {
    add_jump(BPF_JMP | BPF_X | static_cast<std::uint32_t>(test), 0, to, Jump::Field::if_false);
}

void Assembler::answer(std::uint32_t number) { add(BPF_RET | BPF_K, number); }
void Assembler::answer_a() { add(BPF_RET | BPF_A, 0); }

Result<Program> Assembler::finish() const {
    std::vector<Instruction> code = code_;
    for (const Jump& each : jumps_) {
        const std::size_t place = places_[each.label];
        Instruction& line = code[each.from];
        if (place == SIZE_MAX) {
            return std::unexpected(fault(each.from, line, "its label was not placed"));
        }
        if (place <= each.from) {
            return std::unexpected(fault(each.from, line, "jumps lead forward only"));
        }
        const std::size_t over = place - each.from - 1;
        if (each.field == Jump::Field::always) {
            line.k = static_cast<std::uint32_t>(over);
        } else if (over > 255) {
            return std::unexpected(
                Error::limit("filter", "a conditional jump leads over more than 255 instructions"));
        } else if (each.field == Jump::Field::if_true) {
            line.if_true = static_cast<std::uint8_t>(over);
        } else {
            line.if_false = static_cast<std::uint8_t>(over);
        }
    }
    return Program::checked(std::move(code));
}

}  // namespace fivetuple::bpf
