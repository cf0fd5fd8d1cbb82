#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fivetuple {

/// Gives a type its place in at most one `Heap`.
class HeapPlace {
public:
    bool is_in_heap() const { return index_ != kNowhere; }

private:
    template <class, class>
    friend class Heap;
    static constexpr std::uint32_t kNowhere = UINT32_MAX;
    std::uint32_t index_ = kNowhere;
};

/// A 4-ary min-heap of things that somebody else owns and that may leave from the middle. Grows its
/// array of pointers and keeps it: no allocation once warm.
template <class T, class Less>
class Heap {
public:
    bool empty() const { return items_.empty(); }
    std::size_t size() const { return items_.size(); }
    T& top() { return *items_.front(); }
    const T& top() const { return *items_.front(); }

    void push(T& item) {
        items_.push_back(&item);
        place(item, items_.size() - 1);
        rise(items_.size() - 1);
    }

    void erase(T& item) {
        const std::size_t hole = place_of(item).index_;
        place_of(item).index_ = HeapPlace::kNowhere;
        T* last = items_.back();
        items_.pop_back();
        if (last == &item) return;
        put(hole, last);
        if (!rise(hole)) sink(hole);
    }

private:
    static constexpr std::size_t kChildren = 4;

    static HeapPlace& place_of(T& item) { return static_cast<HeapPlace&>(item); }
    void place(T& item, std::size_t at) { place_of(item).index_ = static_cast<std::uint32_t>(at); }
    void put(std::size_t at, T* item) {
        items_[at] = item;
        place(*item, at);
    }

    bool rise(std::size_t at) {
        T* item = items_[at];
        const std::size_t from = at;
        while (at > 0) {
            const std::size_t parent = (at - 1) / kChildren;
            if (!Less()(*item, *items_[parent])) break;
            put(at, items_[parent]);
            at = parent;
        }
        if (at == from) return false;
        put(at, item);
        return true;
    }

    void sink(std::size_t at) {
        T* item = items_[at];
        while (true) {
            const std::size_t first = at * kChildren + 1;
            if (first >= items_.size()) break;
            const std::size_t end = std::min(first + kChildren, items_.size());
            std::size_t least = first;
            for (std::size_t child = first + 1; child < end; ++child) {
                if (Less()(*items_[child], *items_[least])) least = child;
            }
            if (!Less()(*items_[least], *item)) break;
            put(at, items_[least]);
            at = least;
        }
        put(at, item);
    }

    std::vector<T*> items_;
};

}  // namespace fivetuple
