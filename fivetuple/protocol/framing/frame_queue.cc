#include "fivetuple/protocol/framing/frame_queue.h"

#include <algorithm>
#include <utility>

namespace fivetuple {

void FrameQueue::copy(Bytes bytes) {
    if (bytes.empty()) return;
    copied_.append(bytes);
    waiting_ += bytes.size();
    if (first_ < parts_.size() && parts_.back().lent == nullptr) {
        parts_.back().size += bytes.size();
    } else {
        parts_.push_back({nullptr, bytes.size()});
    }
}

void FrameQueue::add(const FrameBorders& borders, Bytes payload) {
    copy(borders.front());
    copy(payload);
    copy(borders.trailer);
}

void FrameQueue::lend(const FrameBorders& borders, Bytes payload) {
    copy(borders.front());
    if (!payload.empty()) {
        parts_.push_back({payload.data(), payload.size()});
        waiting_ += payload.size();
    }
    copy(borders.trailer);
}

std::span<Bytes> FrameQueue::pieces() {
    pieces_.clear();
    pieces_.reserve(parts_.size() - first_);
    Bytes copied = copied_.unread();
    for (std::size_t at = first_; at < parts_.size(); ++at) {
        const auto [lent, size] = parts_[at];
        pieces_.push_back(lent != nullptr ? Bytes(lent, size) : copied.first(size));
        if (lent == nullptr) copied = copied.subspan(size);
    }
    return pieces_;
}

void FrameQueue::went(std::size_t count) {
    waiting_ -= count;
    while (count > 0) {
        Part& part = parts_[first_];
        const std::size_t gone = std::min(count, part.size);
        if (part.lent != nullptr) {
            part.lent += gone;
        } else {
            copied_.used(gone);
        }
        part.size -= gone;
        count -= gone;
        if (part.size == 0) ++first_;
    }
    if (first_ == parts_.size()) {
        parts_.clear();
        first_ = 0;
    }
}

void FrameQueue::keep() {
    Buffer all;
    for (const Bytes piece : pieces()) all.append(piece);
    copied_ = std::move(all);
    parts_.clear();
    first_ = 0;
    if (waiting_ > 0) parts_.push_back({nullptr, waiting_});
}

}  // namespace fivetuple
