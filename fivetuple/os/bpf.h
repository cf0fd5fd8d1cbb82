#pragma once

#include "fivetuple/base/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// The classic Berkeley packet filter: small programs that the kernel runs on each packet. There
/// are two registers, A and X, 16 slots of memory, and jumps forward only: every program ends.
/// Kernel documentation: networking/filter
namespace fivetuple::bpf {

/// One instruction, as the kernel takes it (struct sock_filter).
struct Instruction {
    std::uint16_t code = 0;
    std::uint8_t if_true = 0;
    std::uint8_t if_false = 0;
    std::uint32_t k = 0;

    bool operator==(const Instruction&) const = default;
};

inline constexpr std::size_t kMostInstructions = 4096;
inline constexpr std::uint32_t kSlots = 16;

/// Instructions that the kernel will accept.
class Program {
public:
    /// Errors: malformed or limit, naming the instruction and what is wrong with it: what the
    /// kernel would only answer by EINVAL.
    static Result<Program> checked(std::vector<Instruction> code);

    std::span<const Instruction> code() const { return code_; }
    /// A line for each instruction, as `tcpdump -d` prints them.
    std::string to_string() const;

private:
    explicit Program(std::vector<Instruction> code) : code_(std::move(code)) {}
    std::vector<Instruction> code_;
};

/// One instruction in the words of `tcpdump -d`; `at` is its place, from which jumps count.
std::string to_string(const Instruction& instruction, std::size_t at);

/// How many bytes of the packet a load takes; they are big-endian.
enum class Width : std::uint16_t { word = 0x00, half = 0x08, byte = 0x10 };

/// What can be loaded that is not in the packet.
enum class Beside : std::uint8_t {
    protocol = 0,         ///< The EtherType.
    packet_type = 4,      ///< Whether it is for this host: PACKET_HOST ... packet(7)
    interface = 8,        ///< The index of the device.
    mark = 20,            ///< SO_MARK's number.
    queue = 24,           ///< The device's receive queue.
    hardware_type = 28,   ///< ARPHRD_ETHER ...
    hash = 32,            ///< The device's, or the kernel's, hash of the connection.
    cpu = 36,             ///< The processor that handles the packet.
    vlan_tag = 44,        ///< And 0, where there is none.
    vlan_present = 48,    ///< 1, where there is one.
    payload_offset = 52,  ///< Where the transport's payload begins.
    random = 56,
    vlan_protocol = 60,
};

enum class Math : std::uint16_t {
    add = 0x00,
    subtract = 0x10,
    multiply = 0x20,
    divide = 0x30,  ///< By X: an X of 0 ends the program with 0.
    bit_or = 0x40,
    bit_and = 0x50,
    shift_left = 0x60,
    shift_right = 0x70,
    modulo = 0x90,  ///< As divide.
    bit_xor = 0xa0,
};

/// What a jump asks of A; numbers are unsigned.
enum class Is : std::uint16_t {
    equal = 0x10,
    greater = 0x20,
    at_least = 0x30,
    any_bit = 0x40,
};

/// An offset from the network header, or the link's, wherever the packet itself begins.
constexpr std::uint32_t network(std::uint32_t offset) { return 0xfff00000U + offset; }
constexpr std::uint32_t link(std::uint32_t offset) { return 0xffe00000U + offset; }

/// A place in a program that jumps can name before it is there.
struct Label {
    std::size_t number;
};

/// Writes a program, line by line.
class Assembler {
public:
    Label label();
    /// `label` is what comes next.
    void place(Label label);

    /// A becomes what is at `offset`. A packet that is too short ends the program with 0.
    void load(Width width, std::uint32_t offset);
    /// The same at X + `offset`.
    void load_at_x(Width width, std::uint32_t offset);
    void load(Beside what);
    void load_number(std::uint32_t number);
    void load_length();
    void load_slot(std::uint32_t slot);
    void load_x_number(std::uint32_t number);
    void load_x_length();
    void load_x_slot(std::uint32_t slot);
    /// X becomes four times the low half of the byte at `offset`: the length of an IPv4 header.
    void load_x_header_length(std::uint32_t offset);

    void store(std::uint32_t slot);
    void store_x(std::uint32_t slot);

    /// A becomes what `math` makes of A and `number`, or A and X.
    void calculate(Math math, std::uint32_t number);
    void calculate_with_x(Math math);
    void negate();
    void copy_to_x();
    void copy_from_x();

    void jump(Label to);
    /// Jumps where A passes the test; else goes on with the next line.
    void jump_if(Is test, std::uint32_t number, Label to);
    void jump_if_x(Is test, Label to);
    /// The opposite.
    void jump_unless(Is test, std::uint32_t number, Label to);
    void jump_unless_x(Is test, Label to);

    /// Ends the program: how many bytes of a packet are kept, which socket gets it ...
    void answer(std::uint32_t number);
    void answer_a();

    /// Errors: malformed, for a label that was not placed, or that is behind a jump to it; limit,
    /// for conditional jumps over more than 255 lines; else as Program::checked().
    Result<Program> finish() const;

private:
    struct Jump {
        std::size_t from;
        std::size_t label;
        enum class Field : std::uint8_t { always, if_true, if_false } field;
    };

    void add(std::uint32_t code, std::uint32_t k);
    void add_jump(std::uint32_t code, std::uint32_t k, Label to, Jump::Field field);

    std::vector<Instruction> code_;
    std::vector<Jump> jumps_;
    std::vector<std::size_t> places_;  // Of each label; SIZE_MAX before it has one.
};

}  // namespace fivetuple::bpf
