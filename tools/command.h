#pragma once

#include "fivetuple/base/error.h"
#include "fivetuple/io/choice.h"
#include "fivetuple/os/address.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>

namespace ft_tool {

/// Each command adds itself to the program, and what to do when it is chosen: the exit code.
using Run = std::function<int()>;
void add_echo(CLI::App& program, Run& chosen);
void add_load(CLI::App& program, Run& chosen);
void add_cat(CLI::App& program, Run& chosen);
void add_ctl(CLI::App& program, Run& chosen);
void add_relay(CLI::App& program, Run& chosen);
void add_backends(CLI::App& program, Run& chosen);
void add_demo(CLI::App& program, Run& chosen);
void add_options(CLI::App& program, Run& chosen);
void add_explain(CLI::App& program, Run& chosen);
void add_ping(CLI::App& program, Run& chosen);
void add_sim(CLI::App& program, Run& chosen);
void add_ss(CLI::App& program, Run& chosen);
void add_doctor(CLI::App& program, Run& chosen);
void add_tun(CLI::App& program, Run& chosen);
void add_wire(CLI::App& program, Run& chosen);

/// The address that commands talk on when none is given.
inline constexpr const char* kDefaultAddress = "127.0.0.1:7777";

/// Options of the loop that several commands have.
struct LoopArguments {
    std::string backend;
    std::string spin;

    void add_to(CLI::App& command);
    fivetuple::LoopOptions options() const;
};

/// For CLI11: what is wrong with a text, or nothing. An address is one to listen on, a peer's one
/// to connect to.
std::string check_address(const std::string& text);
std::string check_peer(const std::string& text);
std::string check_unix(const std::string& text);
std::string check_duration(const std::string& text);
std::string check_bytes(const std::string& text);

/// An address that check_address() has passed.
fivetuple::SocketAddress address_of(const std::string& text);
fivetuple::Duration duration_of(const std::string& text);
std::uint64_t bytes_of_text(const std::string& text);

/// Says on standard error what could not be done and why; the exit code for that, 1.
int failed(const std::string& goal, const fivetuple::Error& cause);

/// To be called last: 1, having said why, where what was printed could not all be written, else
/// `code`.
int finish_output(int code);

/// Where io_uring would have been better and could not be had: says so once, on standard error.
void mention_choice(const fivetuple::BackendChoice& choice);

}  // namespace ft_tool
