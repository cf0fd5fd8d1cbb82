#include "fivetuple/sim/tcp/ports.h"

#include <algorithm>
#include <cerrno>

namespace fivetuple::sim::tcp {

namespace {

// Whether a packet could be for both.
bool overlap(const IpAddress& a, bool a_v6_only, const IpAddress& b, bool b_v6_only) {
    const IpAddress first = a.unmapped(), second = b.unmapped();
    if (first.is_v4() == second.is_v4()) {
        return first == second || first.is_unspecified() || second.is_unspecified();
    }
    // One is of IPv6: it stands for IPv4 as well where it is all addresses.
    if (first.is_v6()) return first.is_unspecified() && !a_v6_only;
    return second.is_unspecified() && !b_v6_only;
}

}  // namespace

Binding::Binding(Ports& ports, const SocketAddress& local, const Settings& settings,
                 bool was_asked_for)
    : ports_(&ports),
      local_(local),
      reuses_address_(settings.reuse_address),
      reuses_port_(settings.reuse_port),
      is_v6_only_(settings.v6_only),
      was_asked_for_(was_asked_for) {
    ports_->taken_[local_.port()].push_back(this);
}

Binding::~Binding() {
    const auto place = ports_->taken_.find(local_.port());
    std::erase(place->second, this);
    if (place->second.empty()) ports_->taken_.erase(place);
}

bool Ports::conflicts(const SocketAddress& local, const Settings& settings,
                      const Binding* self) const {
    const auto place = taken_.find(local.port());
    if (place == taken_.end()) return false;
    return std::ranges::any_of(place->second, [&](const Binding* other) {
        if (other == self) return false;
        if (!overlap(local.ip(), settings.v6_only, other->local().ip(), other->is_v6_only())) {
            return false;
        }
        if (settings.reuse_port && other->reuses_port()) return false;
        if (!settings.reuse_address || !other->reuses_address()) return true;
        return other->is_listening();
    });
}

Result<std::unique_ptr<Binding>> Ports::bind(const SocketAddress& local, const Settings& settings) {
    if (local.port() != 0) {
        if (conflicts(local, settings, nullptr)) {
            return std::unexpected(Error::system(EADDRINUSE, "bind"));
        }
        return std::make_unique<Binding>(*this, local, settings, true);
    }
    // A port for whoever asks by bind() has to be free for all that it may connect to later.
    Settings alone;
    alone.v6_only = settings.v6_only;
    const std::size_t first = random_->below(count());
    for (std::size_t step = 0; step < count(); ++step) {
        const auto port =
            static_cast<std::uint16_t>(limits_->first_port + (first + step) % count());
        const SocketAddress wanted = local.with_port(port);
        if (conflicts(wanted, alone, nullptr)) continue;
        return std::make_unique<Binding>(*this, wanted, settings, true);
    }
    return std::unexpected(Error::system(EADDRINUSE, "bind"));
}

Result<> Ports::listen(Binding& binding) {
    Settings settings;
    settings.reuse_address = binding.reuses_address();
    settings.reuse_port = binding.reuses_port();
    settings.v6_only = binding.is_v6_only();
    if (conflicts(binding.local(), settings, &binding)) {
        return std::unexpected(Error::system(EADDRINUSE, "listen"));
    }
    binding.set_listening();
    return {};
}

Result<std::uint16_t> Ports::choose(const std::function<bool(std::uint16_t)>& is_free) {
    const std::size_t first = random_->below(count());
    for (std::size_t step = 0; step < count(); ++step) {
        const auto port =
            static_cast<std::uint16_t>(limits_->first_port + (first + step) % count());
        const auto place = taken_.find(port);
        const bool was_bound =
            place != taken_.end() && std::ranges::any_of(place->second, &Binding::was_asked_for);
        if (!was_bound && is_free(port)) return port;
    }
    return std::unexpected(Error::system(EADDRNOTAVAIL, "connect"));
}

}  // namespace fivetuple::sim::tcp
