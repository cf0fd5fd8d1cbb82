#include "fivetuple/diag/findings.h"

#include <gtest/gtest.h>

#include <set>

using namespace std::chrono_literals;

namespace fivetuple::diag {
namespace {

std::vector<std::string> told(const Look& before, const Look& now) {
    std::vector<std::string> texts;
    for (const Finding& each : findings(before, now)) {
        texts.push_back(std::string(name_of(each.severity)) + " " +
                        std::string(each.illness->name) + ": " + each.who + ": " + each.evidence);
    }
    return texts;
}
std::vector<std::string> told(const Look& now) { return told(Look(), now); }

const std::vector<std::string> kHealthy;
const Holder kServer{"server", 7};

Look with_listener(std::uint32_t waiting, std::uint32_t most) {
    Look look;
    look.listeners.push_back({"*:80", {waiting, most}, 0, {kServer}});
    return look;
}

TEST(Findings, H3_AnAcceptQueueIsFullOrNearlySo) {
    EXPECT_EQ(told(with_listener(0, 128)), kHealthy);
    EXPECT_EQ(told(with_listener(50, 128)), kHealthy);
    EXPECT_EQ(told(with_listener(1, 0)).size(), 1u);
    EXPECT_EQ(told(with_listener(1, 1)), kHealthy);
    EXPECT_EQ(told(with_listener(100, 128)),
              std::vector<std::string>{
                  "warning accept-queue-full: *:80 of server pid 7: 100 wait, 128 may"});
    Look before = with_listener(129, 128);
    Look now = before;
    before.counters.accept_overflows = 10;
    now.counters.accept_overflows = 15;
    now.backlog_most = 128;
    EXPECT_EQ(told(before, now),
              std::vector<std::string>{"severe accept-queue-full: *:80 of server pid 7: 129 wait, "
                                       "128 may, which is net.core.somaxconn; 5 connections found "
                                       "a queue full meanwhile"});
}

TEST(Findings, H3_ConnectionsThatNobodyClosesAreManyAndOld) {
    Look look;
    look.unclosed[kServer] = {500, 10s, "a <-> b"};
    look.unclosed[{"other", 8}] = {3, 1000s, "c <-> d"};
    EXPECT_EQ(told(look), kHealthy);
    look.unclosed[kServer].oldest = 100s;
    EXPECT_EQ(told(look),
              std::vector<std::string>{"warning close-wait-leak: server pid 7: 500 connections in "
                                       "close-wait, silent for up to 100 s, as a <-> b"});
    EXPECT_FALSE(findings(look, look).front().is_certain);
}

TEST(Findings, H3_PortsTowardsOneDestinationRunOut) {
    Look look;
    look.port_count = 1000;
    look.ports.push_back({Kind::tcp,
                          *IpAddress::parse("10.0.0.1"),
                          {*IpAddress::parse("10.0.0.2"), 443},
                          700,
                          600,
                          0.7});
    EXPECT_EQ(told(look), kHealthy);
    look.ports.front().taken = 960;
    look.ports.front().share = 0.96;
    EXPECT_EQ(told(look), std::vector<std::string>{
                              "severe ports-running-out: tcp from 10.0.0.1 to 10.0.0.2:443: 96 % "
                              "taken: 960 of 1000, 600 of them in time-wait"});
    look.ports.front().share = 0.85;
    EXPECT_EQ(findings(look, look).front().severity, Severity::warning);
}

TEST(Findings, H3_AProcessHasNearlyAsManyDescriptorsAsItMay) {
    Look look;
    look.descriptors.push_back({7, "server", 700, 1000});
    EXPECT_EQ(told(look), kHealthy);
    look.descriptors.push_back({8, "other", 990, 1000});
    EXPECT_EQ(told(look), std::vector<std::string>{"severe descriptors-running-out: other pid 8: "
                                                   "990 of 1000 descriptors (99 %)"});
}

TEST(Findings, H3_DatagramsAreDroppedWhileItIsLookedAt) {
    Look before;
    before.datagrams[1] = {"*:53", 40, 0, 1000, {kServer}};
    Look now = before;
    EXPECT_EQ(told(before, now), kHealthy);
    now.datagrams[1].drops = 45;
    now.datagrams[1].queue_bytes = 900;
    EXPECT_EQ(told(before, now),
              std::vector<std::string>{
                  "severe datagrams-dropped: *:53 of server pid 7: 5 dropped meanwhile, 45 in all; "
                  "its buffer is of 1000 bytes, 900 wait"});
}

TEST(Findings, H3_APeerTakesNothing) {
    Look look;
    look.shut.push_back({"a:1", "b:2", 4000, {kServer}});
    EXPECT_EQ(told(look), std::vector<std::string>{"warning peer-takes-nothing: a:1 <-> b:2 of "
                                                   "server pid 7: 4000 bytes wait, the window is "
                                                   "shut"});
}

TEST(Findings, H3_OnlyDifferentProgramsAreStrangersToEachOther) {
    Look look = with_listener(0, 128);
    look.listeners.push_back(look.listeners.front());
    look.listeners.back().holders = {{"server", 9}};
    EXPECT_EQ(told(look), kHealthy);
    look.listeners.back().holders = {{"thief", 10}};
    EXPECT_EQ(told(look), std::vector<std::string>{"warning listener-shared: *:80: server pid 7 "
                                                   "and thief pid 10 both listen; 2 listeners in "
                                                   "all"});
    look.listeners.back().local = "127.0.0.1:80";
    EXPECT_EQ(told(look), kHealthy);
}

TEST(Findings, TheSevereComeFirst) {
    Look look = with_listener(100, 128);
    look.descriptors.push_back({8, "other", 990, 1000});
    const auto found = findings(look, look);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found.front().severity, Severity::severe);
    EXPECT_EQ(found.back().severity, Severity::warning);
}

TEST(Findings, EachIllnessIsExplained) {
    std::set<std::string_view> names;
    for (const Illness& each : illnesses()) {
        EXPECT_TRUE(names.insert(each.name).second) << each.name;
        EXPECT_FALSE(each.meaning.empty() || each.harm.empty() || each.remedy.empty() ||
                     each.sign.empty())
            << each.name;
    }
}

}  // namespace
}  // namespace fivetuple::diag
