#include "fivetuple/diag/findings.h"
#include "fivetuple/diag/proc_file.h"

#include <algorithm>
#include <utility>

// Gathering what findings are made of.
namespace fivetuple::diag {
namespace {

constexpr std::size_t kMostDestinations = 20;

class Gatherer : public Visitor {
public:
    Gatherer(Look& look, const Patients& patients, const Owners& owners, PortRange range)
        : look_(look), patients_(patients), owners_(owners), ports_(range) {}

    Result<void> see(const SeenSocket& socket) override {
        if (patients_.port && socket.local.port != *patients_.port &&
            socket.peer.port != *patients_.port) {
            return {};
        }
        const std::vector<Holder> holders = holders_of(socket);
        const bool is_his = std::ranges::any_of(
            holders, [this](const Holder& each) { return each.pid == patients_.pid; });
        if (patients_.pid && !is_his) return {};
        FT_TRY_VOID(ports_.see(socket));
        note(socket, holders);
        return {};
    }
    void keep() override {
        kept_ = look_;
        ports_.keep();
    }
    void forget() override {
        look_ = kept_;
        ports_.forget();
    }
    std::vector<PortUse::Destination> fullest() const { return ports_.fullest(kMostDestinations); }

private:
    std::vector<Holder> holders_of(const SeenSocket& socket) const {
        std::vector<Holder> holders;
        owners_.for_each(socket.inode, [&holders](const Owner& each) {
            const Holder holder{std::string(each.process), each.pid};
            if (std::ranges::find(holders, holder) == holders.end()) holders.push_back(holder);
        });
        return holders;
    }

    void note(const SeenSocket& socket, const std::vector<Holder>& holders) {
        if (socket.kind == Kind::udp) {
            note_datagrams(socket, holders);
        } else if (const auto queue = socket.accept_queue()) {
            look_.listeners.push_back(
                {socket.local_text(), *queue, socket.user.value_or(0), holders});
        } else if (socket.state == TcpState::close_wait) {
            note_unclosed(socket, holders);
        }
        if (socket.timer && socket.timer->what == SocketTimer::What::probe &&
            socket.send_queue.value_or(0) > 0) {
            look_.shut.push_back(
                {socket.local_text(), socket.peer_text(), *socket.send_queue, holders});
        }
    }

    void note_datagrams(const SeenSocket& socket, const std::vector<Holder>& holders) {
        if (!socket.memory || socket.memory->drops == 0) return;
        look_.datagrams[socket.cookie] = {socket.local_text(), socket.memory->drops,
                                          socket.receive_queue.value_or(0),
                                          socket.memory->receive_buffer, holders};
    }

    void note_unclosed(const SeenSocket& socket, const std::vector<Holder>& holders) {
        if (holders.empty()) return;
        Look::Unclosed& unclosed = look_.unclosed[holders.front()];
        ++unclosed.count;
        const auto info = socket.tcp_info();
        if (!info || info->since_acknowledgement_received < unclosed.oldest) return;
        unclosed.oldest = info->since_acknowledgement_received;
        unclosed.example = socket.local_text() + " <-> " + socket.peer_text();
    }

    Look& look_;
    const Patients& patients_;
    const Owners& owners_;
    PortUse ports_;
    Look kept_;
};

Result<void> take_descriptors(const Patients& patients, Look& look) {
    if (patients.pid) {
        FT_TRY(DescriptorUse use, DescriptorUse::of(*patients.pid));
        look.descriptors.push_back(std::move(use));
        return {};
    }
    // Whose port it is is known of sockets; descriptors are of all that a process has.
    if (patients.port) return {};
    FT_TRY(look.unseen_processes, for_each_descriptor_use([&look](const DescriptorUse& use) {
               look.descriptors.push_back(use);
           }));
    return {};
}

}  // namespace

Result<Look> Look::take(const Patients& patients) {
    Look look;
    FT_TRY(const Owners owners, Owners::read());
    FT_TRY(const PortRange range, PortRange::read());
    Query query;
    query.udp = true;
    query.with_tcp_info = true;
    query.with_memory = true;
    Gatherer gatherer(look, patients, owners, range);
    FT_TRY_VOID(visit_sockets(query, gatherer));
    look.ports = gatherer.fullest();
    look.port_count = range.count();
    FT_TRY_VOID(take_descriptors(patients, look));
    FT_TRY(look.counters, NetCounters::read());
    look.unseen_processes = std::max(look.unseen_processes, owners.unseen_processes());
    // Older kernels have it for the first network only.
    if (const auto most = read_setting("net.core.somaxconn"); most && !most->empty()) {
        look.backlog_most = most->front();
    }
    return look;
}

}  // namespace fivetuple::diag
