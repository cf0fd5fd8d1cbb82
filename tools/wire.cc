#include "fivetuple/sim.h"
#include "fivetuple/sim/outside/real_time.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/signal.h"

#include "tools/command.h"
#include "tools/link_arguments.h"
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <utility>

// `ft wire`: a cable between two networks of this machine, as bad as one likes.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

struct WireArguments {
    std::string one;
    std::string other;
    std::string name = "wire%d";
    LinkArguments link;
    LoopArguments loop;
};

ft::Result<ft::TunDevice> open_end(const WireArguments& arguments, const std::string& address) {
    FT_TRY(const PlacedAddress at, PlacedAddress::parse(address));
    ft::TunOptions options;
    options.name = arguments.name;
    options.mtu = arguments.link.mtu;
    options.addresses = {{at.address, at.prefix}};
    options.network = at.network;
    return ft::TunDevice::open(options);
}

ft::Task<ft::Result<void>> carry_until_signal(ft::sim::RealTime& time) {
    ft::Loop& loop = co_await ft::this_loop();
    ft::Signals signals(loop, {SIGINT, SIGTERM});
    auto ended = co_await ft::first_of(time.run(), signals.next());
    if (ended.index() == 0) co_return std::move(ended.get<0>());
    co_return ft::Result<void>();
}

void tell(const WireArguments& arguments, const ft::sim::Outlet& one,
          const ft::sim::Outlet& other) {
    std::printf("carrying between %s (%s) and %s (%s)\n", arguments.one.c_str(),
                one.device().name().c_str(), arguments.other.c_str(),
                other.device().name().c_str());
    std::fflush(stdout);
}

int run_wire(const WireArguments& arguments) {
    const std::string goal = "join " + arguments.one + " and " + arguments.other;
    if (PlacedAddress::parse(arguments.one)->network ==
        PlacedAddress::parse(arguments.other)->network) {
        return failed(
            goal, ft::Error::unsupported("a wire",
                                         "both ends are in one network, where the kernel takes the "
                                         "short way: 10.9.0.1/24 and 10.9.0.2/24@NETNS"));
    }
    auto loop = ft::Loop::open(arguments.loop.options());
    if (!loop) return failed(goal, loop.error());
    mention_choice((*loop)->choice());
    auto pcap = arguments.link.open_pcap();
    if (!pcap) return failed("write " + arguments.link.pcap, pcap.error());
    auto here = open_end(arguments, arguments.one);
    if (!here) return failed(goal, here.error());
    auto there = open_end(arguments, arguments.other);
    if (!there) return failed(goal, there.error());

    ft::sim::World world(arguments.link.seed_or_chance());
    if (*pcap) world.capture(&**pcap);
    auto& one = ft::sim::Outlet::add(world, "one", *std::move(here));
    auto& other = ft::sim::Outlet::add(world, "other", *std::move(there));
    auto& cable = world.link(one, other, arguments.link.options());
    ft::sim::RealTime time(**loop, world);
    time.add(one);
    time.add(other);
    tell(arguments, one, other);
    const auto carried = ft::run(**loop, carry_until_signal(time));
    if (!carried) return failed(goal, carried.error());
    std::printf("there: %s\nback: %s\n", cable.from(one).to_string().c_str(),
                cable.from(other).to_string().c_str());
    if (!*pcap) return 0;
    const auto closed = (*pcap)->close();
    return closed ? 0 : failed("write " + arguments.link.pcap, closed.error());
}

}  // namespace

void add_wire(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand(
        "wire", "a cable between two networks of this machine: slow, lossy, as is asked for");
    auto arguments = std::make_shared<WireArguments>();
    command->add_option("one", arguments->one, "the address of one end, and which network it is in")
        ->required()
        ->type_name("ADDR/BITS[@NETNS]")
        ->check(check_placed_address);
    command->add_option("other", arguments->other, "those of the other end")
        ->required()
        ->type_name("ADDR/BITS[@NETNS]")
        ->check(check_placed_address);
    command->add_option("--name", arguments->name, "of both interfaces")
        ->capture_default_str()
        ->type_name("NAME");
    arguments->link.add_to(*command);
    arguments->loop.add_to(*command);
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return run_wire(*arguments); }; });
}

}  // namespace ft_tool
