#include "report.h"

#include <nlohmann/json.hpp>

namespace bench {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Figure& figure) {
    return {{"median", figure.median}, {"least", figure.least}, {"most", figure.most}};
}

Json json_of(const Machine& machine) {
    return {{"date", machine.date},
            {"kernel", machine.kernel},
            {"cpu", machine.cpu},
            {"cores", machine.cores},
            {"congestion_control", machine.congestion_control},
            {"compiler", machine.compiler},
            {"peers", machine.peers},
            {"command", machine.command}};
}

Json json_of(const Row& row) {
    return {{"name", row.name},
            {"caption", row.caption},
            {"meaning", row.meaning},
            {"connections", row.connections},
            {"message_bytes", row.message_bytes},
            {"depth", row.depth},
            {"churn", row.churn}};
}

Json json_of(const Measurement& measured) {
    Json rounds = Json::array();
    for (const auto& round : measured.rounds) {
        Json slices = Json::array();
        for (const Slice& slice : round) {
            slices.push_back({{"requests", slice.requests},
                              {"wall_ns", slice.wall.count()},
                              {"server_cpu_ns", slice.server_cpu.count()}});
        }
        rounds.push_back(std::move(slices));
    }
    return {{"server", measured.server},
            {"cpu_us_per_request", json_of(measured.cpu_us_per_request)},
            {"ratio", json_of(measured.ratio)},
            {"requests_per_second", measured.requests_per_second},
            {"latency_median_us", measured.latency_median_us},
            {"latency_p99_us", measured.latency_p99_us},
            {"rounds", std::move(rounds)}};
}

}  // namespace

std::string json_report(const Results& results) {
    Json report = {{"machine", json_of(results.machine)},
                   {"seed", results.seed},
                   {"rounds", results.rounds},
                   {"rotations", results.rotations},
                   {"slice_ms", results.slice_milliseconds},
                   {"reference", kReference},
                   {"rows", Json::array()},
                   {"system_calls_per_request", Json::array()},
                   {"idle_memory", Json::array()}};
    for (const RowResult& row : results.rows) {
        Json entry = json_of(row.row);
        entry["other_processes_percent"] = row.disturbance.other_processes;
        entry["stolen_by_host_percent"] = row.disturbance.stolen_by_host;
        for (const Measurement& measured : row.servers) {
            entry["servers"].push_back(json_of(measured));
        }
        report["rows"].push_back(std::move(entry));
    }
    for (const CallCounts& counts : results.calls) {
        report["system_calls_per_request"].push_back({{"server", counts.server},
                                                      {"row", counts.row},
                                                      {"all", json_of(counts.all)},
                                                      {"by_kind", counts.by_kind}});
    }
    for (const IdleMemory& idle : results.memory) {
        report["idle_memory"].push_back({{"server", idle.server},
                                         {"bytes_per_connection", idle.bytes_per_connection},
                                         {"base_bytes", idle.base_bytes}});
    }
    return report.dump(1) + "\n";
}

}  // namespace bench
