#pragma once

#include "fivetuple/base/random.h"
#include "fivetuple/base/time.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple::sim {

class Host;
class World;

/// What can go wrong with a network and its machines.
enum class TroubleKind : std::uint8_t {
    cut,        ///< A cable loses all, also what is on its way.
    one_way,    ///< It loses what is sent in one direction.
    loss,       ///< It loses some.
    duplicate,  ///< Some come twice.
    corrupt,    ///< A bit turns in some.
    reorder,    ///< Some are overtaken.
    delay,      ///< All take longer.
    clog,       ///< Nothing comes out, and then all at once.
    partition,  ///< A host and all others do not hear each other.
    deaf,       ///< A host does not hear the others, which hear it.
    pause,      ///< A host stands still.
    crash,      ///< Power goes, and comes back.
    clock,      ///< A host's wall clock jumps.
};
inline constexpr TroubleKind kTroubleKinds[] = {
    TroubleKind::cut,       TroubleKind::one_way, TroubleKind::loss,  TroubleKind::duplicate,
    TroubleKind::corrupt,   TroubleKind::reorder, TroubleKind::delay, TroubleKind::clog,
    TroubleKind::partition, TroubleKind::deaf,    TroubleKind::pause, TroubleKind::crash,
    TroubleKind::clock};
/// `cut`, `one way` ...
std::string_view to_string(TroubleKind kind);

/// One thing that goes wrong, and ends by itself.
struct Trouble {
    TroubleKind kind = TroubleKind::cut;
    Duration at{};           ///< Since the script began.
    Duration lasts{};        ///< Of what lasts.
    std::string where;       ///< A cable's name (`server-client`), or a host's.
    bool backwards = false;  ///< Of one_way: in the direction to the cable's first end.
    double strength = 0;     ///< A probability, or of delay, reorder and clock, seconds.

    Duration end() const { return at + lasts; }
    /// `1.25 s: loss of 20 % on server-client for 3.00 s`
    std::string to_string() const;
    bool operator==(const Trouble&) const = default;
};

/// What is drawn from.
struct ScriptOptions {
    std::size_t count = 8;
    Duration from{};                            ///< No trouble begins before.
    Duration until = std::chrono::seconds(20);  ///< None begins after.
    Duration longest = std::chrono::seconds(5);
    std::span<const TroubleKind> kinds = kTroubleKinds;
    /// Hosts that may pause, crash and be cut off, by name; all where none are named.
    std::vector<std::string> hosts = {};
};

/// All that goes wrong in a run, in the order in which it begins: a plain list, of which any part
/// is a script, too, so that what is not needed for a failure can be left out.
using Script = std::vector<Trouble>;

/// Draws what happens to the cables and hosts that the world has now.
Script draw_script(const World& world, Random random, const ScriptOptions& options);

/// Makes it happen, counted from now. Who crashes comes up again without programs: `came_up` starts
/// them. Names that the world does not have are a mistake.
void play(
    World& world, const Script& script, const std::function<void(Host&)>& came_up = [](Host&) {});

/// When all of it is over, since it began.
Duration end_of(const Script& script);

}  // namespace fivetuple::sim
