#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace fivetuple {

/// Things in the order in which they came, in one piece of memory: none while there never was one.
/// What is empty keeps its memory for those that come next, but not much of it.
template <class T>
class Fifo {
public:
    bool empty() const { return front_ == items_.size(); }
    std::size_t size() const { return items_.size() - front_; }
    T& front() { return items_[front_]; }
    const T& front() const { return items_[front_]; }
    T& back() { return items_.back(); }
    const T& back() const { return items_.back(); }
    T& operator[](std::size_t at) { return items_[front_ + at]; }
    const T& operator[](std::size_t at) const { return items_[front_ + at]; }

    T* begin() { return items_.data() + front_; }
    T* end() { return items_.data() + items_.size(); }
    const T* begin() const { return items_.data() + front_; }
    const T* end() const { return items_.data() + items_.size(); }

    void push_back(T item) { items_.push_back(std::move(item)); }
    void pop_front() {
        ++front_;
        if (empty()) {
            clear();
        } else if (front_ >= kFew && front_ > items_.size() / 2) {
            items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(front_));
            front_ = 0;
        }
    }
    T take_front() {
        T first = std::move(front());
        pop_front();
        return first;
    }
    /// In front of the one that stands there; references to others end.
    void insert(std::size_t at, T item) {
        items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(front_ + at), std::move(item));
    }
    void clear() {
        items_.clear();
        if (items_.capacity() > kMany) std::vector<T>().swap(items_);
        front_ = 0;
    }

private:
    static constexpr std::size_t kFew = 16;
    static constexpr std::size_t kMany = 256;
    std::vector<T> items_;
    std::size_t front_ = 0;
};

}  // namespace fivetuple
