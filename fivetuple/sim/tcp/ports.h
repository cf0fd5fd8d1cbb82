#pragma once

#include "fivetuple/base/random.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"
#include "fivetuple/sim/tcp/limits.h"
#include "fivetuple/sim/tcp/settings.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace fivetuple::sim::tcp {

class Ports;

/// A socket's claim on a local address and port, given back when it ends. Every connection has one:
/// an accepted one its listener's rights.
class Binding {
public:
    Binding(Ports& ports, const SocketAddress& local, const Settings& settings, bool was_asked_for);
    Binding(const Binding&) = delete;
    Binding& operator=(const Binding&) = delete;
    ~Binding();

    const SocketAddress& local() const { return local_; }
    bool reuses_address() const { return reuses_address_; }
    bool reuses_port() const { return reuses_port_; }
    bool is_v6_only() const { return is_v6_only_; }
    bool is_listening() const { return is_listening_; }
    /// Made by bind(), and not by a connect() that took any port.
    bool was_asked_for() const { return was_asked_for_; }
    void set_listening() { is_listening_ = true; }

private:
    Ports* ports_;
    SocketAddress local_;
    bool reuses_address_;
    bool reuses_port_;
    bool is_v6_only_;
    bool is_listening_ = false;
    bool was_asked_for_;
};

/// Which local addresses and ports are taken, by Linux's rules. SO_REUSEADDR in socket(7)
class Ports {
public:
    Ports(const Limits& limits, Random& random) : limits_(&limits), random_(&random) {}
    Ports(const Ports&) = delete;
    Ports& operator=(const Ports&) = delete;

    /// Port 0 takes one that nobody has. Errors: EADDRINUSE. bind(2)
    Result<std::unique_ptr<Binding>> bind(const SocketAddress& local, const Settings& settings);
    /// Whether two may listen, or one may listen beside what is there. Errors: EADDRINUSE.
    Result<> listen(Binding& binding);
    /// A port for a connection that asked for none: any that nobody bound, and with which the
    /// connection `is_free`. Errors: EADDRNOTAVAIL. ip(7), ip_local_port_range
    Result<std::uint16_t> choose(const std::function<bool(std::uint16_t)>& is_free);

private:
    friend class Binding;
    bool conflicts(const SocketAddress& local, const Settings& settings, const Binding* self) const;
    std::size_t count() const { return std::size_t{limits_->last_port} - limits_->first_port + 1; }

    const Limits* limits_;
    Random* random_;
    std::map<std::uint16_t, std::vector<Binding*>> taken_;
};

}  // namespace fivetuple::sim::tcp
