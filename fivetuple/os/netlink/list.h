#pragma once

#include "fivetuple/os/netlink/exchange.h"

#include <optional>
#include <utility>
#include <vector>

namespace fivetuple::netlink {

/// What the kernel lists, and how a message tells one of them: Link, InterfaceAddress, Route ...
template <class T>
concept Listed = requires(const Message& message) {
    { T::list() } -> std::same_as<Request>;
    { T::read(message) } -> std::same_as<Result<std::optional<T>>>;
};

/// Gathers all there are.
template <Listed T>
class Gathered : public Sink {
public:
    Result<void> take(const Message& message) override {
        FT_TRY(std::optional<T> one, T::read(message));
        if (one) all.push_back(*std::move(one));
        return {};
    }
    void restart() override { all.clear(); }

    std::vector<T> all;
};

}  // namespace fivetuple::netlink
