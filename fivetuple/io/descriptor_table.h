#pragma once

#include "fivetuple/io/handle.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace fivetuple {

/// A backend's notes on each open descriptor, found by its number. An Entry has a `generation` and
/// an `open`. Entries stay at one address, so that they may be held while others come and go.
template <class Entry>
class DescriptorTable {
public:
    /// The entry of an open descriptor, or null when the handle is stale.
    Entry* find(Handle handle) {
        if (handle.number < 0 || static_cast<std::size_t>(handle.number) >= capacity()) {
            return nullptr;
        }
        Entry& entry = at(handle.number);
        return entry.open && entry.generation == handle.generation ? &entry : nullptr;
    }

    /// By number, grown where there is none yet.
    Entry& at(int number) {
        const auto index = static_cast<std::size_t>(number);
        while (index >= capacity()) chunks_.push_back(std::make_unique<Entry[]>(kChunk));
        return chunks_[index / kChunk][index % kChunk];
    }

    /// Makes `number` an open descriptor of a new generation.
    Handle open(int number) {
        Entry& entry = at(number);
        entry.open = true;
        open_count_++;
        return {number, entry.generation};
    }

    /// Makes it nobody's; handles of it are stale from now on.
    void close(int number) {
        Entry& entry = at(number);
        const std::uint32_t next = entry.generation + 1;
        entry = Entry();
        entry.generation = next;
        open_count_--;
    }

    std::size_t open_count() const { return open_count_; }
    std::size_t capacity() const { return chunks_.size() * kChunk; }

private:
    static constexpr std::size_t kChunk = 64;
    std::vector<std::unique_ptr<Entry[]>> chunks_;
    std::size_t open_count_ = 0;
};

}  // namespace fivetuple
