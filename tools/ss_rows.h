#pragma once

#include "fivetuple/diag/owners.h"
#include "fivetuple/diag/sock_diag.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ft_tool {

/// What `ft ss` tells of each socket, beside its addresses.
struct SsDetails {
    bool processes = false;
    bool info = false;
    bool memory = false;
    bool timers = false;
};

/// Sockets as a table. The texts of all rows stand one behind the other, so that a row costs no
/// allocation of its own.
class SsRows : public fivetuple::diag::Visitor {
public:
    /// `owners` is null where no processes are to be told.
    SsRows(const SsDetails& details, const fivetuple::diag::Owners* owners);

    fivetuple::Result<void> see(const fivetuple::diag::SeenSocket& socket) override;
    void keep() override;
    void forget() override;
    /// The heads, and a line for each socket, or two.
    std::string to_string() const;

private:
    static constexpr std::size_t kColumns = 7;
    // Where the cells of a row end in the text, and what stands in a line below.
    struct Row {
        std::size_t begin = 0;
        std::array<std::uint32_t, kColumns> sizes{};
        std::uint32_t below = 0;
    };

    void end_cell(Row& row, std::size_t column);

    SsDetails details_;
    const fivetuple::diag::Owners* owners_;
    std::string text_;
    std::vector<Row> rows_;
    std::array<std::size_t, kColumns> widths_{};
    std::size_t kept_rows_ = 0;
    std::size_t kept_text_ = 0;
};

/// The same as JSON: an array of objects.
class SsJson : public fivetuple::diag::Visitor {
public:
    SsJson(const SsDetails& details, const fivetuple::diag::Owners* owners)
        : details_(details), owners_(owners) {}

    fivetuple::Result<void> see(const fivetuple::diag::SeenSocket& socket) override;
    void keep() override { kept_ = text_.size(); }
    void forget() override { text_.resize(kept_); }
    std::string to_string() const { return text_.empty() ? "[]\n" : text_ + "\n]\n"; }

private:
    SsDetails details_;
    const fivetuple::diag::Owners* owners_;
    std::string text_;
    std::size_t kept_ = 0;
};

/// How many sockets there are of each state, peer, destination or process.
class SsGroups : public fivetuple::diag::Visitor {
public:
    enum class By : std::uint8_t { state, peer, destination, process };

    SsGroups(By by, const fivetuple::diag::Owners* owners) : by_(by), owners_(owners) {}

    fivetuple::Result<void> see(const fivetuple::diag::SeenSocket& socket) override;
    void keep() override { kept_ = groups_; }
    void forget() override { groups_ = kept_; }
    std::string to_string(bool as_json) const;

private:
    struct Sum {
        std::uint64_t sockets = 0;
        std::uint64_t receive_queue = 0;
        std::uint64_t send_queue = 0;
    };
    using Groups = std::map<std::string, Sum, std::less<>>;

    By by_;
    const fivetuple::diag::Owners* owners_;
    Groups groups_;
    Groups kept_;
};

/// `state`, `peer` ...
std::string_view name_of(SsGroups::By by);

/// Writes what `ss -i` tells of a connection, in words.
void write_tcp_info(std::string& text, const fivetuple::diag::SeenSocket& socket,
                    const fivetuple::TcpInfo& info);

/// Writes figures into a text, without allocations of their own.
void write_number(std::string& text, std::uint64_t number);
/// Milliseconds, with three digits behind the point where they are not 0.
void write_milliseconds(std::string& text, std::chrono::microseconds length);

}  // namespace ft_tool
