#pragma once

#include "fivetuple/faults/faulty_backend.h"

#include <cstring>
#include <utility>

namespace fivetuple {

/// Goes down in place of an Op, asked for the same or for less, and brings its result back.
struct FaultyBackend::Carried final : Op, LeaseSource {
    explicit Carried(FaultyBackend& whose) : by(whose) {
        run = [](Job& job) {
            auto& self = static_cast<Carried&>(static_cast<Op&>(job));
            self.by.done(self);
        };
    }

    /// Asks for what the Op asks for, with less of it where the fault is that.
    void ask_as(Op& op);
    /// An answer's own buffer has been sent.
    void give_back(std::byte*, std::uint32_t) override { asked->end_answer(); }

    FaultyBackend& by;
    Op* asked = nullptr;
    std::optional<Fault> fault;
    Stage stage = Stage::is_told;
    bool is_cancelled = false;
    Time due = kNever;
    std::vector<Bytes> pieces;            // Of a short send_gathered.
    std::unique_ptr<std::byte[]> buffer;  // Of a short receive_lease.

private:
    std::size_t shortened(std::size_t size) const;
    void ask_gathered(const Op& op);
    void ask_lease(const Op& op);
};

}  // namespace fivetuple
