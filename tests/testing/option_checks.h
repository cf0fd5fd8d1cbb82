#pragma once

#include "fivetuple/os/option.h"
#include "fivetuple/os/option_catalogue.h"

#include "tests/testing/socket_kinds.h"
#include "tests/testing/testing.h"
#include <cerrno>
#include <initializer_list>
#include <string>

namespace fivetuple::testing_help {

/// Sets each value on a new socket of every kind that the catalogue names for it, and reads it back
/// the same. Kinds that cannot be opened here are left out; one must be there.
template <class O>
void expect_kept(std::initializer_list<O> values, SocketKinds among = kEveryKind) {
    const OptionEntry* entry = find_option(O::level, O::number);
    ASSERT_NE(entry, nullptr);
    if (running_kernel() < entry->since) return;
    int tried = 0;
    for (const SocketKind kind : every_socket_kind()) {
        if (!(entry->kinds & among).has(kind)) continue;
        for (const O& value : values) {
            auto socket = open_kind(kind);
            if (!socket) continue;
            ++tried;
            const auto done = set(*socket, value);
            EXPECT_TRUE(done.has_value()) << to_string(kind) << ": " << done.error().message();
            const auto kept = get<O>(*socket);
            ASSERT_TRUE(kept.has_value()) << to_string(kind) << ": " << kept.error().message();
            EXPECT_EQ(kept->to_string(), value.to_string()) << O::name << " of " << to_string(kind);
        }
    }
    EXPECT_GT(tried, 0) << O::name;
}

/// What is said where a value is out of range; the kernel is not asked.
template <class O>
void expect_out_of_range(const O& value, const std::string& message) {
    Socket none;
    const auto done = set(none, value);
    ASSERT_FALSE(done.has_value()) << O::name;
    EXPECT_TRUE(done.error().is(EINVAL));
    EXPECT_EQ(done.error().message(), message);
}

/// What is said where a kind of socket has no such option.
template <class O>
void expect_no_such_option(const O& value, SocketKind kind, const std::string& message) {
    auto socket = open_kind(kind);
    ASSERT_TRUE(socket.has_value());
    const auto done = set(*socket, value);
    ASSERT_FALSE(done.has_value()) << to_string(kind);
    EXPECT_TRUE(done.error().is(ENOPROTOOPT) || done.error().is(EOPNOTSUPP)) << done.error().code();
    EXPECT_EQ(done.error().message(), message);
}

}  // namespace fivetuple::testing_help
