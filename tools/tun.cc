#include "fivetuple/server.h"
#include "fivetuple/sim.h"
#include "fivetuple/sim/outside/real_time.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/signal.h"

#include "tools/command.h"
#include "tools/link_arguments.h"
#include "tools/small_services.h"
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

// `ft tun`: a machine of our own, with our own TCP, that the kernel reaches by a TUN device.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

struct TunArguments {
    std::string address;
    std::string kernel;
    std::string name = "tun%d";
    std::string service = "echo";
    std::uint16_t port = 0;
    std::size_t connections = 10'000;
    LinkArguments link;
    LoopArguments loop;
};

std::string check_service(const std::string& text) {
    if (find_small_service(text) != nullptr) return {};
    return "there is no service \"" + text + "\"; there are echo, discard, chargen and daytime";
}

// The other machine, its cable and the kernel's end of it, with one service.
class OwnMachine {
public:
    OwnMachine(const TunArguments& arguments, const PlacedAddress& at, ft::Loop& loop)
        : arguments_(arguments),
          address_(at.address),
          loop_(loop),
          world_(arguments.link.seed_or_chance()),
          host_(world_.host("machine", at.address.to_string(), host_options(arguments))),
          time_(loop, world_) {}

    ft::Result<void> plug_in(ft::TunDevice device) {
        FT_TRY(pcap_, arguments_.link.open_pcap());
        if (pcap_) world_.capture(&*pcap_);
        outlet_ = &ft::sim::Outlet::add(world_, "kernel", std::move(device));
        world_.set_outside(*outlet_);
        cable_ = &world_.link(host_, *outlet_, arguments_.link.options());
        time_.add(*outlet_);
        return {};
    }

    ft::Task<ft::Result<void>> serve() {
        ft::Signals signals(loop_, {SIGINT, SIGTERM});
        const SmallService& service = *find_small_service(arguments_.service);
        ft::ServerOptions options;
        const std::uint16_t port = arguments_.port != 0 ? arguments_.port : service.port;
        options.listen = {ft::SocketAddress(address_, port)};
        options.limits.connections = arguments_.connections;
        options.limits.per_address = arguments_.connections;
        ft::Server server(host_.loop(), options, service.handler);
        host_.run(run_server(server, served_));
        // Whatever happens here, nothing of the machine outlives its server.
        struct PowerOff {
            ~PowerOff() {
                if (host.running() > 0) host.crash();
            }
            ft::sim::Host& host;
        } power_off{host_};
        tell(options.listen.front());
        auto all_ended = [this] { return host_.running() == 0; };
        auto ended = co_await ft::first_of(time_.run(all_ended), signals.next());
        if (ended.index() == 1) {
            ft::Drain how;
            how.hard = std::chrono::seconds(2);
            server.drain(std::move(how));
            host_.wake_soon();
            auto drained = co_await ft::first_of(time_.run(all_ended), signals.next());
            if (drained.index() == 0) FT_CO_TRY_VOID(std::move(drained.get<0>()));
        } else {
            FT_CO_TRY_VOID(std::move(ended.get<0>()));
        }
        accepted_ = server.counters().accepted;
        if (!served_) co_return std::unexpected(std::move(served_).error());
        if (pcap_) co_return pcap_->close();
        co_return ft::Result<void>();
    }

    void report() const {
        const auto& counters = outlet_->counters();
        std::printf("accepted %llu connections\n", static_cast<unsigned long long>(accepted_));
        std::printf("from the kernel: %s\n", cable_->from(*outlet_).to_string().c_str());
        std::printf("to the kernel: %s\n", cable_->from(host_).to_string().c_str());
        if (counters.refused > 0) {
            std::printf("refused by the kernel: %llu\n",
                        static_cast<unsigned long long>(counters.refused));
        }
    }

private:
    static ft::sim::HostOptions host_options(const TunArguments& arguments) {
        ft::sim::HostOptions options;
        options.descriptors = arguments.connections + 64;
        options.turn = std::chrono::microseconds(1);
        return options;
    }
    static ft::Task<void> run_server(ft::Server& server, ft::Result<void>& served) {
        served = co_await server.serve();
    }
    void tell(const ft::SocketAddress& at) const {
        std::printf("listening on %s, behind %s\n", at.to_string().c_str(),
                    outlet_->device().name().c_str());
        std::fflush(stdout);
    }

    const TunArguments& arguments_;
    ft::IpAddress address_;
    ft::Loop& loop_;
    std::optional<ft::sim::Pcap> pcap_;
    ft::sim::World world_;
    ft::sim::Host& host_;
    ft::sim::RealTime time_;
    ft::sim::Outlet* outlet_ = nullptr;
    ft::sim::Cable* cable_ = nullptr;
    ft::Result<void> served_;
    std::uint64_t accepted_ = 0;
};

ft::Result<ft::TunDevice> open_device(const TunArguments& arguments, const PlacedAddress& at) {
    ft::IpAddress kernels;
    if (arguments.kernel.empty()) {
        FT_TRY(kernels, at.neighbour());
    } else {
        FT_TRY(kernels, ft::IpAddress::parse(arguments.kernel));
    }
    ft::TunOptions options;
    options.name = arguments.name;
    options.mtu = arguments.link.mtu;
    options.addresses = {{kernels, at.prefix}};
    options.network = at.network;
    return ft::TunDevice::open(options);
}

int run_tun(const TunArguments& arguments) {
    const std::string goal = "be " + arguments.address;
    const auto at = PlacedAddress::parse(arguments.address);
    auto loop = ft::Loop::open(arguments.loop.options());
    if (!loop) return failed(goal, loop.error());
    mention_choice((*loop)->choice());
    auto device = open_device(arguments, *at);
    if (!device) return failed(goal, device.error());
    OwnMachine machine(arguments, *at, **loop);
    const auto plugged = machine.plug_in(*std::move(device));
    if (!plugged) return failed(goal, plugged.error());
    const auto served = ft::run(**loop, machine.serve());
    if (!served) return failed(goal, served.error());
    machine.report();
    return 0;
}

}  // namespace

void add_tun(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand(
        "tun", "a machine with a TCP of our own, which the kernel reaches by a TUN device");
    auto arguments = std::make_shared<TunArguments>();
    command->add_option("--address", arguments->address, "of the machine, with its network")
        ->required()
        ->type_name("ADDR/BITS[@NETNS]")
        ->check(check_placed_address);
    command
        ->add_option("--kernel", arguments->kernel,
                     "the kernel's own address; else the first other of that network")
        ->type_name("ADDR");
    command->add_option("--name", arguments->name, "of the interface")
        ->capture_default_str()
        ->type_name("NAME");
    command->add_option("--port", arguments->port, "else that of the service: 7, 9, 13 or 19")
        ->type_name("N");
    command->add_option("--connections", arguments->connections, "at a time, in all")
        ->capture_default_str()
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000).description(""));
    command->add_option("service", arguments->service, "echo, discard, chargen or daytime")
        ->capture_default_str()
        ->type_name("SERVICE")
        ->check(check_service);
    arguments->link.add_to(*command);
    arguments->loop.add_to(*command);
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return run_tun(*arguments); }; });
}

}  // namespace ft_tool
