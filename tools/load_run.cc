#include "tools/load_run.h"

#include "fivetuple/os/process.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/sleep.h"

#include "tools/load_client.h"
#include <memory>
#include <thread>
#include <vector>

namespace ft_tool {

namespace ft = fivetuple;

namespace {

// What a process holds besides its connections.
constexpr std::uint64_t kOtherDescriptors = 32;

using Clients = std::vector<std::unique_ptr<LoadClient>>;

ft::Task<void> report_progress(const LoadOptions& options, const Clients& clients) {
    ft::Loop& loop = co_await ft::this_loop();
    const ft::Time begin = loop.now();
    LoadProgress progress;
    while (true) {
        auto slept = co_await ft::sleep(std::chrono::seconds(1));
        if (!slept) co_return;
        progress.elapsed = loop.now() - begin;
        progress.messages_before = std::exchange(progress.messages, 0);
        for (const auto& client : clients) progress.messages += client->messages_so_far();
        options.progress(progress);
    }
}

ft::Result<void> run_client(const LoadOptions& options, const Clients& clients, std::size_t index) {
    FT_TRY(auto loop, ft::Loop::open(options.loop));
    if (index > 0 || !options.progress) return ft::run(*loop, clients[index]->run(*loop));
    auto watched = [&](ft::Loop& here) -> ft::Task<ft::Result<void>> {
        auto ended =
            co_await ft::first_of(clients[0]->run(here), report_progress(options, clients));
        co_return std::move(ended.get<0>());
    };
    return ft::run(*loop, watched(*loop));
}

}  // namespace

void LoadResult::merge(const LoadResult& other) {
    elapsed = std::max(elapsed, other.elapsed);
    messages += other.messages;
    wrong += other.wrong;
    connected += other.connected;
    for (const auto& [text, times] : other.errors) errors[text] += times;
    latency.merge(other.latency);
    backend = other.backend;
}

ft::Result<LoadResult> run_load(const LoadOptions& options) {
    const std::uint64_t descriptors = ft::raise_descriptor_limit();
    if (options.connections + kOtherDescriptors > descriptors) {
        return std::unexpected(ft::Error::limit(
            "descriptors", "a process may hold " + std::to_string(descriptors) +
                               " here; raise the limit (`ulimit -Hn`), or load from several"));
    }
    Clients clients;
    for (unsigned index = 0; index < options.loops; ++index) {
        const unsigned share = options.connections / options.loops +
                               (index < options.connections % options.loops ? 1 : 0);
        clients.push_back(std::make_unique<LoadClient>(options, index, share));
    }
    std::vector<ft::Result<void>> outcomes(options.loops);
    std::vector<std::thread> threads;
    for (std::size_t index = 1; index < clients.size(); ++index) {
        threads.emplace_back([&, index] { outcomes[index] = run_client(options, clients, index); });
    }
    outcomes[0] = run_client(options, clients, 0);
    for (std::thread& thread : threads) thread.join();

    LoadResult all;
    for (std::size_t index = 0; index < clients.size(); ++index) {
        if (!outcomes[index]) return std::unexpected(std::move(outcomes[index]).error());
        all.merge(clients[index]->result());
    }
    return all;
}

}  // namespace ft_tool
