#include "report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace bench {
namespace {

constexpr int kWidth = 1000;
constexpr int kMargin = 24;
constexpr int kColumns = 2;
constexpr int kPanelWidth = (kWidth - 3 * kMargin) / kColumns;
constexpr int kLabelWidth = 150;
constexpr int kValueWidth = 46;
constexpr int kPlotWidth = kPanelWidth - kLabelWidth - kValueWidth;
constexpr int kLineHeight = 19;
constexpr int kPanelHead = 30;
constexpr int kPanelFoot = 36;
constexpr int kTop = 104;

/// Ratios beyond this are drawn as an arrow at the edge: one slow server would otherwise squeeze
/// all others into a few pixels.
constexpr double kRatioMax = 1.6;
constexpr double kTick = 0.1;

// The colours are told apart by people who see colours differently, and the shapes by everybody.
constexpr const char* kStyle = R"(
  .back { fill: #ffffff; }
  text { fill: #1b1f24; font: 13px system-ui, "DejaVu Sans", sans-serif; }
  .title { font-size: 18px; font-weight: 600; }
  .note { font-size: 12px; fill: #59636e; }
  .panel { font-size: 14px; font-weight: 600; }
  .tick { font-size: 11px; fill: #59636e; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .one { stroke: #59636e; stroke-width: 1.5; stroke-dasharray: 4 3; }
  .reference { stroke: #59636e; fill: #59636e; }
  .ours { stroke: #0b62c4; fill: #0b62c4; }
  .peer { stroke: #b35900; fill: #b35900; }
  .spread { stroke-width: 3; stroke-opacity: 0.45; stroke-linecap: round; }
  .hollow { fill: #ffffff; stroke-width: 2; }
  .strong { font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    .back, .hollow { fill: #0d1117; }
    text { fill: #e6edf3; }
    .note, .tick { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .one { stroke: #9198a1; }
    .reference { stroke: #9198a1; fill: #9198a1; }
    .ours { stroke: #58a6ff; fill: #58a6ff; }
    .peer { stroke: #f0a04b; fill: #f0a04b; }
  }
)";

enum class Group { reference, ours, peer };

Group group_of(const std::string& server) {
    if (server.starts_with("raw_")) return Group::reference;
    return server.starts_with("fivetuple") ? Group::ours : Group::peer;
}

const char* class_of(Group group) {
    switch (group) {
        case Group::reference:
            return "reference";
        case Group::ours:
            return "ours";
        case Group::peer:
            break;
    }
    return "peer";
}

std::string escaped(const std::string& text) {
    std::string safe;
    for (const char letter : text) {
        switch (letter) {
            case '<':
                safe += "&lt;";
                break;
            case '&':
                safe += "&amp;";
                break;
            case '"':
                safe += "&quot;";
                break;
            default:
                safe += letter;
        }
    }
    return safe;
}

/// Where ratios lie on a panel's horizontal axis; the same for all panels.
class Scale {
public:
    explicit Scale(const Results& results) {
        double least = 1 - kTick;
        double most = 1 + 2 * kTick;
        for (const RowResult& row : results.rows) {
            for (const Measurement& measured : row.servers) {
                least = std::min(least, measured.ratio.least);
                most = std::max(most, measured.ratio.most);
            }
        }
        low_ = std::max(0.0, std::floor(least / kTick) * kTick);
        high_ = std::min(kRatioMax, std::ceil(most / kTick) * kTick);
    }

    double low() const { return low_; }
    double high() const { return high_; }
    double at(double ratio) const {
        return kPlotWidth * (std::clamp(ratio, low_, high_) - low_) / (high_ - low_);
    }

private:
    double low_ = 0;
    double high_ = 0;
};

std::string mark(Group group, double x, double y) {
    switch (group) {
        case Group::reference:
            return fmt::format("<path d='M{:.1f} {:.1f}l5 5l-5 5l-5 -5z'/>", x, y - 5);
        case Group::ours:
            return fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='5'/>", x, y);
        case Group::peer:
            break;
    }
    return fmt::format("<circle class='hollow' cx='{:.1f}' cy='{:.1f}' r='4'/>", x, y);
}

std::string arrow(double x, double y) {
    return fmt::format("<path d='M{:.1f} {:.1f}l8 5l-8 5z'/>", x - 8, y - 5);
}

std::string line_of(const Measurement& measured, const Scale& scale, int y) {
    const Figure& ratio = measured.ratio;
    const Group group = group_of(measured.server);
    const double middle = y - 4;
    const double plot = kLabelWidth;
    const std::string name = escaped(measured.server);
    std::string svg = fmt::format(
        "<g><title>{}: {:.2f}, from {:.2f} to {:.2f}</title>\n"
        "<text class='{}' x='{}' y='{}' text-anchor='end'>{}</text>\n<g class='{}'>",
        name, ratio.median, ratio.least, ratio.most, group == Group::ours ? "strong" : "",
        kLabelWidth - 12, y, name, class_of(group));
    if (ratio.least < scale.high()) {
        svg +=
            fmt::format("<line class='spread' x1='{:.1f}' x2='{:.1f}' y1='{:.1f}' y2='{:.1f}'/>",
                        plot + scale.at(ratio.least), plot + scale.at(ratio.most), middle, middle);
    }
    svg += ratio.median > scale.high() ? arrow(plot + kPlotWidth, middle)
                                       : mark(group, plot + scale.at(ratio.median), middle);
    return svg + fmt::format("</g>\n<text x='{}' y='{}' text-anchor='end'>{:.2f}</text></g>\n",
                             kPanelWidth, y, ratio.median);
}

std::string axis_of(const Scale& scale, int top, int bottom) {
    std::string svg;
    const int ticks = static_cast<int>(std::lround((scale.high() - scale.low()) / kTick));
    // No more labels than have room.
    const int stride = ticks > 8 ? 2 : 1;
    for (int tick = 0; tick <= ticks; ++tick) {
        const double ratio = scale.low() + tick * kTick;
        const double x = kLabelWidth + scale.at(ratio);
        const bool is_one = std::abs(ratio - 1) < kTick / 2;
        svg += fmt::format("<line class='{}' x1='{:.1f}' x2='{:.1f}' y1='{}' y2='{}'/>\n",
                           is_one ? "one" : "grid", x, x, top, bottom);
        const int from_one = static_cast<int>(std::lround((ratio - 1) / kTick));
        if (from_one % stride != 0) continue;
        svg +=
            fmt::format("<text class='tick' x='{:.1f}' y='{}' text-anchor='middle'>{:.1f}</text>\n",
                        x, bottom + 15, ratio);
    }
    return svg;
}

int panel_height(const RowResult& row) {
    return kPanelHead + static_cast<int>(row.servers.size()) * kLineHeight + kPanelFoot;
}

std::string panel_of(const RowResult& row, const Scale& scale, int x, int y) {
    const int lines = static_cast<int>(row.servers.size());
    std::string svg = fmt::format(
        "<g transform='translate({} {})'>\n<text class='panel' x='{}' y='12'>{}</text>\n", x, y,
        kLabelWidth, escaped(row.row.caption));
    svg += axis_of(scale, kPanelHead - 10, kPanelHead + lines * kLineHeight);
    for (int line = 0; line < lines; ++line) {
        svg += line_of(row.servers[static_cast<std::size_t>(line)], scale,
                       kPanelHead + (line + 1) * kLineHeight - 6);
    }
    return svg + "</g>\n";
}

std::string heading(const Results& results) {
    std::string svg = fmt::format(
        "<text class='title' x='{0}' y='34'>CPU per request of echo servers, lower is "
        "better</text>\n"
        "<text class='note' x='{0}' y='55'>As a multiple of a hand-written level-triggered epoll "
        "server in the same rotation. Mark: median of {1} rounds; bar: least to most.</text>\n",
        kMargin, results.rounds);
    int x = kMargin + 6;
    const auto legend = [&](Group group, const char* text) {
        svg += fmt::format("<g class='{}'>{}</g><text x='{}' y='80'>{}</text>\n", class_of(group),
                           mark(group, x, 76), x + 12, text);
        x += 170;
    };
    legend(Group::ours, "fivetuple");
    legend(Group::reference, "hand-written in C");
    legend(Group::peer, "other libraries");
    return svg;
}

}  // namespace

std::string svg_chart(const Results& results) {
    const Scale scale(results);
    std::string panels;
    int y = kTop;
    for (std::size_t at = 0; at < results.rows.size(); at += kColumns) {
        int height = 0;
        for (std::size_t column = 0; column < kColumns; ++column) {
            if (at + column >= results.rows.size()) break;
            const RowResult& row = results.rows[at + column];
            const int x = kMargin + static_cast<int>(column) * (kPanelWidth + kMargin);
            panels += panel_of(row, scale, x, y);
            height = std::max(height, panel_height(row));
        }
        y += height;
    }
    const int bottom = y + 20;
    return fmt::format(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0} {1}' width='{0}' height='{1}' "
        "role='img' aria-labelledby='title description'>\n"
        "<title id='title'>CPU per request of echo servers</title>\n"
        "<desc id='description'>One panel for each kind of load, one line for each server: the CPU "
        "time of a request as a multiple of that of a hand-written epoll server.</desc>\n"
        "<style>{2}</style>\n<rect class='back' width='{0}' height='{1}'/>\n{3}{4}"
        "<text class='note' x='{5}' y='{6}'>{7}</text>\n</svg>\n",
        kWidth, bottom + 16, kStyle, heading(results), panels, kMargin, bottom,
        escaped(fmt::format("{}, {}, {}", results.machine.date, results.machine.cpu,
                            results.machine.kernel)));
}

}  // namespace bench
