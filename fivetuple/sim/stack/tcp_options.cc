#include "fivetuple/sim/stack/stack.h"
#include "fivetuple/sim/stack/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

// What tcp(7) and socket(7) let a program choose of a TCP socket.
namespace fivetuple::sim {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

bool is_within(int asked, int least, int most) { return asked >= least && asked <= most; }

int in_seconds(Duration time) { return static_cast<int>(duration_cast<seconds>(time).count()); }

std::string_view name_of(tcp::Limits::Algorithm algorithm) {
    return algorithm == tcp::Limits::Algorithm::reno ? "reno" : "cubic";
}

}  // namespace

void StackTcp::apply(Time now) {
    if (connection_ == nullptr) return;
    connection_->apply(now);
    note_call(now);
}

int StackTcp::set_option(int level, int number, Bytes value, Time now) {
    int error = -ENOPROTOOPT;
    int asked = 0;
    const bool is_number = take_int(value, asked);
    if (level == SOL_SOCKET) error = set_socket_option(number, value);
    if (level == IPPROTO_TCP) error = set_tcp_option(number, value, now);
    const bool sets_hops = (level == IPPROTO_IP && number == IP_TTL) ||
                           (level == IPPROTO_IPV6 && number == IPV6_UNICAST_HOPS);
    const bool sets_class = (level == IPPROTO_IP && number == IP_TOS) ||
                            (level == IPPROTO_IPV6 && number == IPV6_TCLASS);
    if ((sets_hops || sets_class) && !is_number) return -EINVAL;
    if (level == IPPROTO_IPV6 && family_ != Family::ipv6) return -ENOPROTOOPT;
    if (sets_hops) {
        if (asked == -1) asked = 64;
        if (!is_within(asked, 1, 255)) return -EINVAL;
        settings().hops = static_cast<std::uint8_t>(asked);
        error = 0;
    } else if (sets_class) {
        settings().traffic_class = static_cast<std::uint8_t>(asked);
        error = 0;
    } else if (level == IPPROTO_IPV6 && number == IPV6_V6ONLY) {
        if (!is_number || binding_ != nullptr || connection_ != nullptr) return -EINVAL;
        settings().v6_only = asked != 0;
        error = 0;
    } else if (level == IPPROTO_IP && number == IP_BIND_ADDRESS_NO_PORT) {
        error = 0;  // Ports are chosen late here as it is.
    }
    if (error == 0) apply(now);
    return error;
}

int StackTcp::set_socket_option(int number, Bytes value) {
    tcp::Settings& settings = this->settings();
    if (number == SO_LINGER) {
        linger asked{};
        if (value.size() < sizeof asked) return -EINVAL;
        std::memcpy(&asked, value.data(), sizeof asked);
        settings.linger.reset();
        if (asked.l_onoff != 0) settings.linger = seconds(asked.l_linger);
        return 0;
    }
    int asked = 0;
    if (!take_int(value, asked)) return -EINVAL;
    switch (number) {
        case SO_REUSEADDR:
            settings.reuse_address = asked != 0;
            return 0;
        case SO_REUSEPORT:
            settings.reuse_port = asked != 0;
            return 0;
        case SO_KEEPALIVE:
            settings.keepalive = asked != 0;
            return 0;
        case SO_OOBINLINE:
            settings.urgent_inline = asked != 0;
            return 0;
        case SO_RCVBUF:
            settings.receive_buffer = receive_buffer_kept(asked);
            return 0;
        case SO_SNDBUF:
            settings.send_buffer = send_buffer_kept(asked);
            return 0;
        case SO_RCVLOWAT:
            settings.receive_low_water = asked > 0 ? static_cast<std::size_t>(asked) : 1;
            return 0;
        default:
            return -ENOPROTOOPT;
    }
}

int StackTcp::set_tcp_option(int number, Bytes value, Time now) {
    tcp::Settings& settings = this->settings();
    if (number == TCP_CONGESTION) {
        const std::string_view whole = text_of(value);
        const std::string_view name = whole.substr(0, whole.find('\0'));
        if (name != "reno" && name != "cubic") return -ENOENT;
        settings.congestion =
            name == "reno" ? tcp::Limits::Algorithm::reno : tcp::Limits::Algorithm::cubic;
        return 0;
    }
    int asked = 0;
    if (!take_int(value, asked)) return -EINVAL;
    switch (number) {
        case TCP_NODELAY:
            settings.no_delay = asked != 0;
            return 0;
        case TCP_CORK:
            settings.cork = asked != 0;
            return 0;
        case TCP_QUICKACK:
            if (connection_ != nullptr) connection_->set_quick_ack(asked != 0, now);
            return 0;
        case TCP_KEEPIDLE:
            if (!is_within(asked, 1, 32767)) return -EINVAL;
            settings.keepalive_idle = seconds(asked);
            return 0;
        case TCP_KEEPINTVL:
            if (!is_within(asked, 1, 32767)) return -EINVAL;
            settings.keepalive_interval = seconds(asked);
            return 0;
        case TCP_KEEPCNT:
            if (!is_within(asked, 1, 127)) return -EINVAL;
            settings.keepalive_probes = static_cast<unsigned>(asked);
            return 0;
        case TCP_USER_TIMEOUT:
            if (asked < 0) return -EINVAL;
            settings.user_timeout = milliseconds(asked);
            return 0;
        case TCP_SYNCNT:
            if (!is_within(asked, 1, 127)) return -EINVAL;
            settings.syn_retries = static_cast<unsigned>(asked);
            return 0;
        case TCP_LINGER2:
            settings.fin_wait = seconds(std::clamp(asked, 0, 120));
            return 0;
        case TCP_MAXSEG:
            if (asked != 0 && !is_within(asked, 88, 32767)) return -EINVAL;
            settings.max_segment = static_cast<std::uint16_t>(asked);
            return 0;
        case TCP_WINDOW_CLAMP:
            settings.window_clamp = static_cast<std::size_t>(std::max(asked, 0));
            return 0;
        case TCP_NOTSENT_LOWAT:
            settings.not_sent_low_water = static_cast<std::uint32_t>(asked);
            return 0;
        case TCP_DEFER_ACCEPT:
            settings.defer_accept = asked > 0 ? static_cast<unsigned>(std::min(asked, 255)) : 0;
            return 0;
        case TCP_FASTOPEN:
            if (asked < 0) return -EINVAL;
            settings.fast_open_queue = static_cast<unsigned>(asked);
            return 0;
        case TCP_FASTOPEN_CONNECT:
            settings.fast_open_connect = asked != 0;
            return 0;
        default:
            return -ENOPROTOOPT;
    }
}

std::int64_t StackTcp::get_option(int level, int number, MutableBytes room, Time now) {
    if (level == SOL_SOCKET) return get_socket_option(number, room);
    if (level == IPPROTO_TCP) return get_tcp_option(number, room, now);
    if (level == IPPROTO_IP && number == IP_TTL) return give_int(settings().hops, room);
    if (level == IPPROTO_IP && number == IP_TOS) return give_int(settings().traffic_class, room);
    if (level == IPPROTO_IP && number == IP_BIND_ADDRESS_NO_PORT) return give_int(0, room);
    if (level != IPPROTO_IPV6 || family_ != Family::ipv6) return -ENOPROTOOPT;
    if (number == IPV6_UNICAST_HOPS) return give_int(settings().hops, room);
    if (number == IPV6_TCLASS) return give_int(settings().traffic_class, room);
    if (number == IPV6_V6ONLY) return give_int(settings().v6_only, room);
    return -ENOPROTOOPT;
}

std::int64_t StackTcp::get_socket_option(int number, MutableBytes room) {
    const tcp::Settings& settings = this->settings();
    const tcp::Limits& limits = stack_.options().tcp;
    switch (number) {
        case SO_TYPE:
            return give_int(SOCK_STREAM, room);
        case SO_DOMAIN:
            return give_int(family_ == Family::ipv4 ? AF_INET : AF_INET6, room);
        case SO_PROTOCOL:
            return give_int(IPPROTO_TCP, room);
        case SO_COOKIE:
            return give_cookie(cookie_, room);
        case SO_ERROR:
            return give_int(connection_ != nullptr ? connection_->take_error() : 0, room);
        case SO_ACCEPTCONN:
            return give_int(listener_ != nullptr, room);
        case SO_REUSEADDR:
            return give_int(settings.reuse_address, room);
        case SO_REUSEPORT:
            return give_int(settings.reuse_port, room);
        case SO_KEEPALIVE:
            return give_int(settings.keepalive, room);
        case SO_OOBINLINE:
            return give_int(settings.urgent_inline, room);
        case SO_RCVLOWAT:
            return give_int(static_cast<int>(settings.receive_low_water), room);
        case SO_RCVBUF:
            return give_int(static_cast<int>(settings.receive_buffer.value_or(
                                limits.receive_buffer.initial_bytes)),
                            room);
        case SO_SNDBUF:
            return give_int(
                static_cast<int>(settings.send_buffer.value_or(limits.send_buffer.initial_bytes)),
                room);
        case SO_LINGER: {
            linger kept{};
            kept.l_onoff = settings.linger.has_value();
            if (settings.linger) kept.l_linger = in_seconds(*settings.linger);
            const std::size_t size = std::min(room.size(), sizeof kept);
            std::memcpy(room.data(), &kept, size);
            return static_cast<std::int64_t>(size);
        }
        default:
            return -ENOPROTOOPT;
    }
}

std::int64_t StackTcp::get_tcp_option(int number, MutableBytes room, Time now) {
    const tcp::Settings& settings = this->settings();
    const tcp::Limits& limits = stack_.options().tcp;
    switch (number) {
        case TCP_NODELAY:
            return give_int(settings.no_delay, room);
        case TCP_CORK:
            return give_int(settings.cork, room);
        case TCP_KEEPIDLE:
            return give_int(in_seconds(settings.keepalive_idle.value_or(limits.keepalive_idle)),
                            room);
        case TCP_KEEPINTVL:
            return give_int(
                in_seconds(settings.keepalive_interval.value_or(limits.keepalive_interval)), room);
        case TCP_KEEPCNT:
            return give_int(
                static_cast<int>(settings.keepalive_probes.value_or(limits.keepalive_probes)),
                room);
        case TCP_USER_TIMEOUT:
            return give_int(
                static_cast<int>(duration_cast<milliseconds>(settings.user_timeout).count()), room);
        case TCP_SYNCNT:
            return give_int(static_cast<int>(settings.syn_retries.value_or(limits.syn_retries)),
                            room);
        case TCP_LINGER2:
            return give_int(in_seconds(settings.fin_wait.value_or(limits.fin_wait)), room);
        case TCP_MAXSEG:
            if (connection_ != nullptr) return give_int(connection_->segment_bytes(), room);
            return give_int(settings.max_segment.value_or(536), room);
        case TCP_WINDOW_CLAMP:
            return give_int(static_cast<int>(settings.window_clamp.value_or(0)), room);
        case TCP_NOTSENT_LOWAT:
            return give_int(static_cast<int>(settings.not_sent_low_water.value_or(0)), room);
        case TCP_DEFER_ACCEPT:
            return give_int(static_cast<int>(settings.defer_accept), room);
        case TCP_FASTOPEN:
            return give_int(static_cast<int>(settings.fast_open_queue), room);
        case TCP_FASTOPEN_CONNECT:
            return give_int(settings.fast_open_connect, room);
        case TCP_QUICKACK:
            return give_int(1, room);
        case TCP_CONGESTION: {
            const std::string_view name = name_of(settings.congestion.value_or(limits.congestion));
            char whole[16] = {};
            name.copy(whole, sizeof whole - 1);
            const std::size_t size = std::min(room.size(), sizeof whole);
            std::memcpy(room.data(), whole, size);
            return static_cast<std::int64_t>(size);
        }
        case TCP_INFO: {
            TcpInfo info;
            info.state = TcpState::closed;
            if (connection_ != nullptr) info = connection_->info(now);
            if (listener_ != nullptr) info = listener_->info();
            const auto bytes = info.to_bytes();
            const std::size_t size = std::min(room.size(), bytes.size());
            std::memcpy(room.data(), bytes.data(), size);
            return static_cast<std::int64_t>(size);
        }
        default:
            return -ENOPROTOOPT;
    }
}

}  // namespace fivetuple::sim
