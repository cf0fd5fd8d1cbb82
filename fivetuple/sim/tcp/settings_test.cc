#include "fivetuple/sim/tcp/settings.h"

#include "tests/testing/tcp_script.h"
#include <cerrno>

namespace fivetuple::sim::tcp {
namespace {

using namespace std::chrono_literals;
using testing_help::TcpScript;

TEST(TcpSettings, SynRetriesCanBeFewer) {
    Settings settings;
    settings.syn_retries = 1;
    Limits limits;
    limits.syn_linear_timeouts = 0;
    TcpScript script(limits, settings);
    script.begin_connect();
    EXPECT_EQ(script.pass_to_next(), 1s);
    EXPECT_TRUE(script.take().flags.syn);
    EXPECT_EQ(script.pass_to_next(), 2s);
    EXPECT_TRUE(script.connection->is_over());
    EXPECT_EQ(script.read_error(), ETIMEDOUT);
}

TEST(TcpSettings, AUserTimeoutEndsAConnectAsWell) {
    Settings settings;
    settings.user_timeout = 2500ms;
    TcpScript script({}, settings);
    script.begin_connect();
    while (!script.connection->is_over()) {
        script.drop_all();
        script.pass_to_next();
    }
    EXPECT_EQ(script.now, Time{} + 2500ms);
}

TEST(TcpSettings, AUserTimeoutEndsAWaitForAShutWindow) {
    Settings settings;
    settings.user_timeout = 3s;
    TcpScript script({}, settings);
    script.accept_one();
    script.window = 0;
    script.give({.ack = true}, 1, 1);
    script.write("waiting");
    while (!script.connection->is_over()) {
        script.pass_to_next();
        while (script.host.output()) script.give({.ack = true}, 1, 1);
    }
    EXPECT_LT(script.now, Time{} + 5s);
    EXPECT_EQ(script.read_error(), ETIMEDOUT);
}

TEST(TcpSettings, FinWaitTwoCanBeShorter) {
    Settings settings;
    settings.fin_wait = 5s;
    TcpScript script({}, settings);
    script.accept_one();
    script.close();
    script.drop_all();
    script.give({.ack = true}, 1, 2);
    script.pass(4900ms);
    EXPECT_EQ(script.state(), TcpState::fin_wait_2);
    script.pass(200ms);
    EXPECT_EQ(script.state(), TcpState::closed);
}

TEST(TcpSettings, SegmentsCanBeSmaller) {
    Settings settings;
    settings.max_segment = 300;
    TcpScript script({}, settings);
    script.listen();
    script.give(script.syn());
    const Segment answer = script.take();
    EXPECT_EQ(answer.options.max_segment, 300);
    script.theirs = answer.sequence;
    script.give({.ack = true}, 1, 1);
    script.connection = script.host.accept(*script.listener);
    script.write_bytes(1000);
    EXPECT_EQ(script.take().payload.size(), 300u);
}

TEST(TcpSettings, APeerThatAsksForTinySegmentsDoesNotGetThem) {
    TcpScript script;
    script.max_segment = 1;
    script.accept_one();
    script.write_bytes(1000);
    EXPECT_EQ(script.take().payload.size(), 48u);
}

TEST(TcpSettings, APeerThatNamesNoSizeGetsTheOldDefault) {
    TcpScript script;
    script.max_segment.reset();
    script.accept_one();
    script.write_bytes(1000);
    EXPECT_EQ(script.take().payload.size(), 536u);
}

TEST(TcpSettings, TheWindowCanBeClamped) {
    Settings settings;
    settings.window_clamp = 5000;
    TcpScript script({}, settings);
    script.listen();
    script.give(script.syn());
    EXPECT_LE(script.take().window, 5000);
}

TEST(TcpSettings, AReadCanWaitForMore) {
    Settings settings;
    settings.receive_low_water = 5;
    TcpScript script({}, settings);
    script.accept_one();
    script.give({.psh = true, .ack = true}, 1, 1, "abc");
    EXPECT_FALSE(script.connection->is_readable());
    script.give({.psh = true, .ack = true}, 4, 1, "de");
    EXPECT_TRUE(script.connection->is_readable());
}

TEST(TcpSettings, TheAlgorithmCanBeChosen) {
    for (const auto algorithm : {Limits::Algorithm::reno, Limits::Algorithm::cubic}) {
        Settings settings;
        settings.congestion = algorithm;
        Limits limits;
        limits.tail_probes = false;
        TcpScript script(limits, settings);
        script.accept_one();
        script.write_bytes(10'000);
        script.pass(1s);
        EXPECT_EQ(script.connection->info(script.now).slow_start_threshold,
                  algorithm == Limits::Algorithm::reno ? 5u : 7u);
    }
}

TEST(TcpSettings, WhatTheHostDoesNotSpeakIsNotOffered) {
    Limits limits;
    limits.timestamps = limits.sack = limits.window_scaling = false;
    TcpScript script(limits);
    const Segment syn = script.begin_connect();
    EXPECT_FALSE(syn.options.timestamps || syn.options.window_scale);
    EXPECT_FALSE(syn.options.sack_permitted);
    EXPECT_FALSE(syn.flags.ece || syn.flags.cwr);
    Limits marking;
    marking.ecn = Limits::UseEcn::ask_and_agree;
    TcpScript other(marking);
    const Segment asks = other.begin_connect();
    EXPECT_TRUE(asks.flags.ece && asks.flags.cwr);
}

}  // namespace
}  // namespace fivetuple::sim::tcp
