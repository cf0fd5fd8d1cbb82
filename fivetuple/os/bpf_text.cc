#include "fivetuple/os/bpf.h"

#include <linux/filter.h>

#include <cstdio>

// Programs in the words of `tcpdump -d`.
namespace fivetuple::bpf {
namespace {

std::string printed(const char* format, std::uint32_t k) {
    char room[48];
    std::snprintf(room, sizeof room, format, k);
    return room;
}

// Offsets that lie beside the packet, or count from another header than its first.
std::string place_text(std::uint32_t k, bool is_at_x) {
    const char* before = is_at_x ? "x + " : "";
    constexpr const char* kWords[] = {
        "proto",  "type", "ifidx", "nla",      "nlan",       "mark", "queue", "hatype",
        "rxhash", "cpu",  "xor x", "vlan_tci", "vlan_avail", "poff", "rand",  "vlan_tpid"};
    const std::uint32_t beside = k - static_cast<std::uint32_t>(SKF_AD_OFF);
    if (!is_at_x && beside % 4 == 0 && beside / 4 < std::size(kWords)) return kWords[beside / 4];
    std::string inside = before;
    if (k >= network(0)) {
        inside += "net + " + std::to_string(k - network(0));
    } else if (k >= link(0)) {
        inside += "link + " + std::to_string(k - link(0));
    } else {
        inside += std::to_string(k);
    }
    return "[" + inside + "]";
}

std::string math_word(int op) {
    switch (op) {
        case BPF_ADD:
            return "add";
        case BPF_SUB:
            return "sub";
        case BPF_MUL:
            return "mul";
        case BPF_DIV:
            return "div";
        case BPF_OR:
            return "or";
        case BPF_AND:
            return "and";
        case BPF_LSH:
            return "lsh";
        case BPF_RSH:
            return "rsh";
        case BPF_NEG:
            return "neg";
        case BPF_MOD:
            return "mod";
        case BPF_XOR:
            return "xor";
        default:
            return "alu?";
    }
}

std::string load_word(std::uint16_t code) {
    std::string word = BPF_CLASS(code) == BPF_LDX ? "ldx" : "ld";
    if (BPF_SIZE(code) == BPF_H) word += "h";
    if (BPF_SIZE(code) == BPF_B) word += "b";
    return word;
}

std::string load_text(const Instruction& line) {
    switch (BPF_MODE(line.code)) {
        case BPF_IMM:
            return printed("#%#x", line.k);
        case BPF_ABS:
            return place_text(line.k, false);
        case BPF_IND:
            return place_text(line.k, true);
        case BPF_MEM:
            return printed("M[%u]", line.k);
        case BPF_LEN:
            return "#pktlen";
        default:
            return "4*(" + place_text(line.k, false) + "&0xf)";
    }
}

struct Words {
    std::string word;
    std::string about;
    bool is_branch = false;
};

Words jump_words(const Instruction& line, std::size_t at) {
    if (BPF_OP(line.code) == BPF_JA) return {"ja", std::to_string(at + 1 + line.k)};
    const char* word = "j?";
    switch (BPF_OP(line.code)) {
        case BPF_JEQ:
            word = "jeq";
            break;
        case BPF_JGT:
            word = "jgt";
            break;
        case BPF_JGE:
            word = "jge";
            break;
        case BPF_JSET:
            word = "jset";
            break;
        default:
            break;
    }
    return {word, BPF_SRC(line.code) == BPF_X ? "x" : printed("#%#x", line.k), true};
}

Words words_for(const Instruction& line, std::size_t at) {
    switch (BPF_CLASS(line.code)) {
        case BPF_LD:
        case BPF_LDX:
            return {load_word(line.code), load_text(line)};
        case BPF_ST:
            return {"st", printed("M[%u]", line.k)};
        case BPF_STX:
            return {"stx", printed("M[%u]", line.k)};
        case BPF_ALU:
            if (BPF_OP(line.code) == BPF_NEG) return {"neg", ""};
            return {math_word(BPF_OP(line.code)),
                    BPF_SRC(line.code) == BPF_X ? "x" : printed("#%#x", line.k)};
        case BPF_JMP:
            return jump_words(line, at);
        case BPF_RET:
            return {"ret", BPF_RVAL(line.code) == BPF_A ? "a" : printed("#%u", line.k)};
        default:
            return {BPF_MISCOP(line.code) == BPF_TXA ? "txa" : "tax", ""};
    }
}

}  // namespace

std::string to_string(const Instruction& instruction, std::size_t at) {
    const Words words = words_for(instruction, at);
    char room[160];
    std::snprintf(room, sizeof room, "(%03zu) %-8s %-16s", at, words.word.c_str(),
                  words.about.c_str());
    std::string line = room;
    if (words.is_branch) {
        line += " jt " + std::to_string(at + 1 + instruction.if_true) + "  jf " +
                std::to_string(at + 1 + instruction.if_false);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

}  // namespace fivetuple::bpf
