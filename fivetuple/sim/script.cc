#include "fivetuple/sim/script.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/sim/host.h"
#include "fivetuple/sim/weather.h"
#include "fivetuple/sim/world.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

namespace fivetuple::sim {
namespace {

bool is_of_host(TroubleKind kind) { return kind >= TroubleKind::partition; }

std::string text(const char* format, double value) {
    char room[40];
    std::snprintf(room, sizeof room, format, value);
    return room;
}

double seconds(Duration length) { return std::chrono::duration<double>(length).count(); }
Duration length_of(double seconds) {
    return Duration(static_cast<std::int64_t>(seconds * 1'000'000'000));
}

double draw_strength(TroubleKind kind, Random& random) {
    switch (kind) {
        case TroubleKind::loss:
        case TroubleKind::duplicate:
        case TroubleKind::reorder:
            return 0.05 + random.unit() * 0.45;
        case TroubleKind::corrupt:
            return 0.01 + random.unit() * 0.2;
        case TroubleKind::delay:
            return 0.01 + random.unit() * 0.5;
        case TroubleKind::clock:
            return (random.unit() - 0.5) * 7200;
        default:
            return 0;
    }
}

}  // namespace

std::string_view to_string(TroubleKind kind) {
    constexpr std::string_view kNames[] = {"cut",     "one way", "loss", "duplicate", "corrupt",
                                           "reorder", "delay",   "clog", "partition", "deaf",
                                           "pause",   "crash",   "clock"};
    return kNames[static_cast<std::size_t>(kind)];
}

std::string Trouble::to_string() const {
    std::string line = text("%.3f s: ", seconds(at));
    line += fivetuple::sim::to_string(kind);
    if (kind == TroubleKind::delay) {
        line += text(" of %.0f ms", strength * 1000);
    } else if (kind == TroubleKind::clock) {
        line += text(" jumps by %.1f s", strength);
    } else if (strength > 0) {
        line += text(" of %.0f %%", strength * 100);
    }
    line += (is_of_host(kind) ? " of " : " on ") + where;
    if (kind == TroubleKind::one_way) line += backwards ? ", back," : ", forth,";
    if (lasts > Duration()) line += text(" for %.3f s", seconds(lasts));
    return line;
}

Script draw_script(const World& world, Random random, const ScriptOptions& options) {
    FT_ASSERT(!options.kinds.empty(), "a script is drawn from no kinds of trouble");
    std::vector<std::string> hosts = options.hosts;
    if (hosts.empty()) {
        for (const Host* host : world.hosts()) hosts.push_back(host->name());
    }
    const auto between = [&random](Duration least, Duration most) {
        const auto span =
            static_cast<std::uint64_t>(std::max<std::int64_t>((most - least).count(), 1));
        return least + Duration(static_cast<std::int64_t>(random.below(span)));
    };
    Script script;
    script.reserve(options.count);
    for (std::size_t drawn = 0; drawn < options.count; ++drawn) {
        Trouble trouble;
        trouble.kind = options.kinds[random.below(options.kinds.size())];
        trouble.at = between(options.from, options.until);
        trouble.lasts = between(options.longest / 50, options.longest);
        trouble.strength = draw_strength(trouble.kind, random);
        trouble.backwards = random.below(2) == 0;
        const std::uint64_t which = random.next();
        if (is_of_host(trouble.kind)) {
            trouble.where = hosts[which % hosts.size()];
        } else {
            FT_ASSERT(!world.cables().empty(), "a world without cables has no trouble with them");
            trouble.where = world.cables()[which % world.cables().size()]->name();
        }
        if (trouble.kind == TroubleKind::clock) trouble.lasts = Duration();
        script.push_back(std::move(trouble));
    }
    std::ranges::sort(script, {}, &Trouble::at);
    return script;
}

Duration end_of(const Script& script) {
    Duration end{};
    for (const Trouble& trouble : script) end = std::max(end, trouble.end());
    return end;
}

namespace {

// Carries out what a script says. Several troubles of a kind may hold at once: each thing counts
// how many hold it.
class Director {
public:
    Director(World& world, std::function<void(Host&)> came_up)
        : world_(world), came_up_(std::move(came_up)) {}

    void change(const Trouble& trouble, bool begins) {
        if (world_.observer() != nullptr) {
            const std::string what = begins ? trouble.to_string() : "over: " + trouble.to_string();
            world_.observer()->troubled(what, world_.now());
        }
        const int by = begins ? 1 : -1;
        if (is_of_host(trouble.kind)) {
            change_host(trouble, find_host(trouble.where), begins, by);
        } else {
            change_cable(trouble, find_cable(trouble.where), begins, by);
        }
    }

    // Every name is looked up before anything happens.
    void check(const Trouble& trouble) {
        if (is_of_host(trouble.kind)) {
            static_cast<void>(find_host(trouble.where));
        } else {
            static_cast<void>(find_cable(trouble.where));
        }
    }

private:
    struct OneCable {
        Cable* cable = nullptr;
        int cut = 0;
        int blocked_forth = 0;
        int blocked_back = 0;
        WeatherStage* forth = nullptr;
        WeatherStage* back = nullptr;
        std::vector<Trouble> weather;
    };
    struct OneHost {
        Host* host = nullptr;
        int paused = 0;
        int down = 0;
        int apart = 0;
        int deaf = 0;
    };

    OneCable& find_cable(const std::string& name) {
        OneCable& found = cables_[name];
        if (found.cable != nullptr) return found;
        for (const auto& cable : world_.cables()) {
            if (cable->name() != name) continue;
            found.cable = cable.get();
            const Streams streams = world_.streams().child("trouble/" + name);
            auto forth = std::make_unique<WeatherStage>(streams.named("forth"));
            auto back = std::make_unique<WeatherStage>(streams.named("back"));
            found.forth = forth.get();
            found.back = back.get();
            cable->from(cable->one()).add(std::move(forth));
            cable->from(cable->other()).add(std::move(back));
            return found;
        }
        FT_ASSERT(false, "a script names a cable that is not there");
        return found;
    }

    OneHost& find_host(const std::string& name) {
        OneHost& found = hosts_[name];
        if (found.host != nullptr) return found;
        for (Host* host : world_.hosts()) {
            if (host->name() == name) found.host = host;
        }
        FT_ASSERT(found.host != nullptr, "a script names a host that is not there");
        return found;
    }

    void change_cable(const Trouble& trouble, OneCable& of, bool begins, int by) {
        if (trouble.kind == TroubleKind::cut) {
            of.cut += by;
        } else if (trouble.kind == TroubleKind::one_way) {
            (trouble.backwards ? of.blocked_back : of.blocked_forth) += by;
        } else if (begins) {
            of.weather.push_back(trouble);
        } else {
            const auto over = std::ranges::find(of.weather, trouble);
            if (over != of.weather.end()) of.weather.erase(over);
        }
        if (trouble.kind == TroubleKind::cut && begins) of.cable->cut();
        of.cable->mend();
        if (of.cut > 0 || of.blocked_forth > 0) of.cable->block(of.cable->one());
        if (of.cut > 0 || of.blocked_back > 0) of.cable->block(of.cable->other());
        Weather weather;
        for (const Trouble& each : of.weather) add(each, weather);
        of.forth->weather = weather;
        of.back->weather = weather;
    }

    void add(const Trouble& trouble, Weather& weather) const {
        const auto both = [&trouble](double& probability) {
            probability = 1 - (1 - probability) * (1 - trouble.strength);
        };
        switch (trouble.kind) {
            case TroubleKind::loss:
                return both(weather.loss);
            case TroubleKind::duplicate:
                return both(weather.duplicate);
            case TroubleKind::corrupt:
                return both(weather.corrupt);
            case TroubleKind::reorder:
                weather.reorder_by = std::chrono::milliseconds(20);
                return both(weather.reorder);
            case TroubleKind::delay:
                weather.delay += length_of(trouble.strength);
                return;
            case TroubleKind::clog:
                weather.clogged_until = std::max(weather.clogged_until, began_ + trouble.end());
                return;
            default:
                return;
        }
    }

    void change_host(const Trouble& trouble, OneHost& of, bool begins, int by) {
        Host& host = *of.host;
        switch (trouble.kind) {
            case TroubleKind::partition:
                of.apart += by;
                return part();
            case TroubleKind::deaf:
                of.deaf += by;
                return part();
            case TroubleKind::pause:
                of.paused += by;
                break;
            case TroubleKind::crash:
                of.down += by;
                if (begins && !host.is_down()) host.crash();
                if (of.down == 0 && host.is_down()) {
                    host.restart();
                    came_up_(host);
                }
                break;
            case TroubleKind::clock:
                if (begins) host.step_wall_clock(length_of(trouble.strength));
                return;
            default:
                return;
        }
        if (host.is_down()) return;
        if (of.paused > 0 && !host.is_paused()) host.pause();
        if (of.paused == 0 && host.is_paused()) host.resume();
    }

    void part() {
        world_.heal();
        for (auto& [name, of] : hosts_) {
            if (of.apart == 0 && of.deaf == 0) continue;
            std::vector<Host*> others;
            for (Host* host : world_.hosts()) {
                if (host != of.host) others.push_back(host);
            }
            world_.partition(std::move(others), {of.host}, of.apart > 0);
        }
    }

    World& world_;
    std::function<void(Host&)> came_up_;
    Time began_ = world_.now();
    std::map<std::string, OneCable> cables_;
    std::map<std::string, OneHost> hosts_;
};

}  // namespace

void play(World& world, const Script& script, const std::function<void(Host&)>& came_up) {
    const auto director = std::make_shared<Director>(world, came_up);
    for (const Trouble& trouble : script) {
        director->check(trouble);
        world.plan(trouble.at, [director, trouble] { director->change(trouble, true); });
        if (trouble.lasts == Duration()) continue;
        world.plan(trouble.end(), [director, trouble] { director->change(trouble, false); });
    }
}

}  // namespace fivetuple::sim
