#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"
#include "fivetuple/os/ip_network.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple {

enum class Access : std::uint8_t { deny, allow };

/// What an AccessList says of one network.
struct AccessRule {
    Access access = Access::deny;
    IpNetwork network;
    bool operator==(const AccessRule&) const = default;
};

/// Who may and who may not, by network. The narrowest network that an address lies in decides,
/// wherever its rule stands; of two rules for one network deny does. What lies in none is as
/// `otherwise` says. Looking up is one binary search, however many rules there are.
class AccessList {
public:
    /// Without rules: everybody, or nobody.
    explicit AccessList(Access otherwise = Access::allow) : otherwise_(otherwise) {}
    AccessList(Access otherwise, std::span<const AccessRule> rules);
    /// Only these may.
    static AccessList only(std::span<const IpNetwork> networks);

    /// Reads `allow 10.0.0.0/8, deny 10.9.0.0/16, deny all`: rules between commas or line breaks,
    /// with the rest of a line behind `#` left out. `all` is what lies in no network; without it
    /// everybody may where nothing is allowed expressly, and nobody may else.
    /// Errors: malformed, saying which rule is wrong.
    static Result<AccessList> parse(std::string_view text);
    /// What parse() reads back as the same list, in order of address.
    std::string to_string() const;

    bool allows(const IpAddress& address) const;
    /// The same of its IP address. What has none, as a peer in the Unix domain, lies in no network.
    bool allows(const SocketAddress& peer) const;

    std::span<const AccessRule> rules() const { return rules_; }
    Access otherwise() const { return otherwise_; }

private:
    /// From here to the beginning of the next stretch.
    struct Stretch {
        IpAddress from;
        Access access;
    };

    void cut_into_stretches();
    void begin_stretch(const IpAddress& from, Access access);

    Access otherwise_;
    std::vector<AccessRule> rules_;   // By network; no two of one.
    std::vector<Stretch> stretches_;  // By address, IPv4 before IPv6.
};

}  // namespace fivetuple
