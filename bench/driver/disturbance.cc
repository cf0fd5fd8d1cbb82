#include "disturbance.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

namespace bench {
namespace {

double seconds_of(int who) {
    rusage usage = {};
    getrusage(who, &usage);
    const auto in_seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime);
}

}  // namespace

DisturbanceWatch::Times DisturbanceWatch::read() {
    enum Field { kUser, kNice, kSystem, kIdle, kIoWait, kIrq, kSoftIrq, kSteal, kFields };
    std::array<double, kFields> fields = {};
    std::ifstream file("/proc/stat");
    std::string cpu;
    file >> cpu;
    for (double& field : fields) {
        file >> field;
        field /= static_cast<double>(sysconf(_SC_CLK_TCK));
    }
    Times times;
    for (const double field : fields) times.all += field;
    times.stolen = fields[kSteal];
    times.busy = times.all - fields[kIdle] - fields[kIoWait] - fields[kSteal];
    times.ours = seconds_of(RUSAGE_SELF) + seconds_of(RUSAGE_CHILDREN);
    return times;
}

Disturbance DisturbanceWatch::so_far() const {
    const Times now = read();
    const double all = std::max(now.all - begun_.all, 1e-9);
    const double others = (now.busy - begun_.busy) - (now.ours - begun_.ours);
    return {std::max(0.0, 100 * others / all), 100 * (now.stolen - begun_.stolen) / all};
}

}  // namespace bench
