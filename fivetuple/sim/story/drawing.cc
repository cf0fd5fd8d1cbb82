#include "fivetuple/sim/story/drawing.h"

#include <algorithm>
#include <cstdio>

namespace fivetuple::sim {
namespace {

constexpr double kWidth = 960;
constexpr double kEdge = 70;
constexpr double kPlotHeight = 220;
constexpr const char* kColors[] = {"#2266aa", "#cc5522", "#228855",
                                   "#884499", "#aa8800", "#555555"};

std::string number(double value) {
    char room[40];
    std::snprintf(room, sizeof room, "%.1f", value);
    return room;
}

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char letter : text) {
        if (letter == '<') {
            safe += "&lt;";
        } else if (letter == '>') {
            safe += "&gt;";
        } else if (letter == '&') {
            safe += "&amp;";
        } else {
            safe += letter;
        }
    }
    return safe;
}

double seconds(Time at) { return std::chrono::duration<double>(at - Time{}).count(); }

std::string text_at(double x, double y, std::string_view text, const char* anchor = "start") {
    return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor + "\">" +
           escaped(text) + "</text>\n";
}

std::string line_between(double x1, double y1, double x2, double y2, const char* style) {
    return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) +
           "\" y2=\"" + number(y2) + "\" " + style + "/>\n";
}

// Who talks to whom: a line down for each node, an arrow for each packet. Time goes down, and
// silence takes little room.
class Sequence {
public:
    Sequence(const Story& story, std::size_t most, double top) : top_(top) {
        const auto& all = story.arrows();
        arrows_.assign(all.begin(),
                       all.begin() + static_cast<std::ptrdiff_t>(std::min(most, all.size())));
        for (const Story::Arrow& arrow : arrows_) {
            for (const std::string& name : {arrow.from, arrow.to}) {
                if (std::ranges::find(names_, name) == names_.end()) names_.push_back(name);
            }
            times_.push_back(arrow.sent);
            if (arrow.arrived != kNever) times_.push_back(arrow.arrived);
        }
        std::ranges::sort(times_);
        const auto [first, last] = std::ranges::unique(times_);
        times_.erase(first, last);
        places_.reserve(times_.size());
        double y = top_ + 40;
        for (std::size_t at = 0; at < times_.size(); ++at) {
            if (at > 0) y += step(times_[at] - times_[at - 1]);
            places_.push_back(y);
        }
        bottom_ = y + 30;
    }

    double bottom() const { return bottom_; }

    std::string to_string() const {
        std::string svg;
        for (const std::string& name : names_) {
            svg += text_at(x_of(name), top_ + 15, name, "middle");
            svg += line_between(x_of(name), top_ + 22, x_of(name), bottom_, "class=\"life\"");
        }
        double last_label = 0;
        for (const Story::Arrow& arrow : arrows_) {
            const double y = y_of(arrow.sent);
            if (y - last_label >= 11) {
                svg += text_at(4, y + 4, number(seconds(arrow.sent) * 1000) + " ms");
                last_label = y;
            }
            svg += draw(arrow, y);
        }
        return svg;
    }

private:
    static double step(Duration gap) {
        const double milliseconds = std::chrono::duration<double, std::milli>(gap).count();
        return std::clamp(2 + milliseconds * 1.5, 2.0, 45.0);
    }
    double x_of(const std::string& name) const {
        const auto place = static_cast<double>(std::ranges::find(names_, name) - names_.begin());
        const double room = kWidth - 2 * kEdge - 100;
        return kEdge + 70 +
               (names_.size() < 2 ? 0 : room * place / static_cast<double>(names_.size() - 1));
    }
    double y_of(Time at) const {
        return places_[static_cast<std::size_t>(std::ranges::lower_bound(times_, at) -
                                                times_.begin())];
    }
    std::string draw(const Story::Arrow& arrow, double y) const {
        const double from = x_of(arrow.from);
        double to = x_of(arrow.to);
        const bool is_lost = arrow.arrived == kNever;
        double end = is_lost ? y + 8 : y_of(arrow.arrived);
        if (is_lost) to = from + (to - from) * 0.6;
        const char* style = is_lost             ? "class=\"lost\" marker-end=\"url(#cross)\""
                            : arrow.is_repeated ? "class=\"again\" marker-end=\"url(#head)\""
                                                : "class=\"sent\" marker-end=\"url(#head)\"";
        return line_between(from, y, to, end, style) +
               text_at((from + to) / 2, (y + end) / 2 - 2, arrow.label, "middle");
    }

    double top_;
    double bottom_ = 0;
    std::vector<Story::Arrow> arrows_;
    std::vector<std::string> names_;
    std::vector<Time> times_;
    std::vector<double> places_;
};

// Steps over time, those of each series in a colour.
std::string plot(const Story::Series& series, std::string_view title, double top,
                 std::size_t most) {
    double last = 0;
    std::uint64_t highest = 1;
    for (const auto& [name, samples] : series) {
        for (const Story::Sample& sample : samples) {
            last = std::max(last, seconds(sample.at));
            highest = std::max(highest, sample.value);
        }
    }
    if (last == 0) last = 1;
    const double bottom = top + kPlotHeight - 30;
    const auto x_of = [&](Time at) { return kEdge + (kWidth - 2 * kEdge) * seconds(at) / last; };
    const auto y_of = [&](std::uint64_t value) {
        return bottom -
               (bottom - top - 25) * static_cast<double>(value) / static_cast<double>(highest);
    };
    std::string svg = text_at(kEdge, top + 12, title);
    svg += line_between(kEdge, bottom, kWidth - kEdge, bottom, "class=\"axis\"");
    svg += line_between(kEdge, bottom, kEdge, top + 20, "class=\"axis\"");
    svg += text_at(kEdge - 4, y_of(highest) + 4, std::to_string(highest), "end");
    svg += text_at(kEdge - 4, bottom + 4, "0", "end");
    svg += text_at(kWidth - kEdge, bottom + 14, number(last) + " s", "end");
    std::size_t drawn = 0;
    for (const auto& [name, samples] : series) {
        if (drawn == most) break;
        const char* color = kColors[drawn % std::size(kColors)];
        std::string points;
        for (std::size_t at = 0; at < samples.size(); ++at) {
            const std::string x = number(x_of(samples[at].at)) + ',';
            if (at > 0) points += x + number(y_of(samples[at - 1].value)) + ' ';
            points += x + number(y_of(samples[at].value)) + ' ';
        }
        svg += "<polyline fill=\"none\" stroke=\"" + std::string(color) + "\" points=\"" + points +
               "\"/>\n";
        svg += "<g fill=\"" + std::string(color) + "\">" +
               text_at(kWidth - kEdge, top + 12 + 12 * static_cast<double>(drawn), name, "end") +
               "</g>\n";
        ++drawn;
    }
    return svg;
}

constexpr const char* kStyle = R"(<style>
text { font: 10px monospace; }
.life { stroke: #999999; }
.axis { stroke: #000000; }
.sent { stroke: #2266aa; }
.again { stroke: #cc8800; stroke-width: 2; }
.lost { stroke: #cc2222; stroke-dasharray: 4 2; }
</style>
<defs>
<marker id="head" viewBox="0 0 6 6" refX="6" refY="3" markerWidth="6" markerHeight="6" orient="auto">
<path d="M0,0 L6,3 L0,6 z"/></marker>
<marker id="cross" viewBox="0 0 6 6" refX="3" refY="3" markerWidth="8" markerHeight="8">
<path d="M0,0 L6,6 M6,0 L0,6" stroke="#cc2222"/></marker>
</defs>
)";

}  // namespace

std::string draw(const Story& story, const DrawingOptions& options) {
    double top = 30;
    std::string body = text_at(4, 16, options.title);
    if (!story.windows().empty()) {
        body += plot(story.windows(), "congestion window, segments", top, options.most_series);
        top += kPlotHeight;
    }
    if (!story.queues().empty()) {
        body += plot(story.queues(), "queue before the line, bytes", top, options.most_series);
        top += kPlotHeight;
    }
    const Sequence sequence(story, options.most_arrows, top);
    body += sequence.to_string();
    const std::string height = number(sequence.bottom() + 20);
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(kWidth) + "\" height=\"" +
           height + "\" viewBox=\"0 0 " + number(kWidth) + ' ' + height + "\">\n" + kStyle +
           "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n" + body + "</svg>\n";
}

}  // namespace fivetuple::sim
