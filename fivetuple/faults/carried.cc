#include "fivetuple/faults/carried.h"

#include <algorithm>

namespace fivetuple {

std::size_t FaultyBackend::Carried::shortened(std::size_t size) const {
    if (!fault || size <= 1) return size;
    switch (fault->kind) {
        case FaultKind::short_by_one:
            return size - 1;
        case FaultKind::short_half:
            return size / 2;
        case FaultKind::short_to_one:
            return 1;
        default:
            return size;
    }
}

void FaultyBackend::Carried::ask_gathered(const Op& op) {
    std::size_t left = 0;
    for (const Bytes piece : op.pieces()) left += piece.size();
    left = shortened(left);
    pieces.clear();
    for (const Bytes piece : op.pieces()) {
        pieces.push_back(piece.first(std::min(left, piece.size())));
        left -= pieces.back().size();
    }
    ask_send_gathered(op.handle, pieces);
}

// What a lease would hold is not known before: a short one is a receive into a small buffer.
void FaultyBackend::Carried::ask_lease(const Op& op) {
    constexpr std::size_t kUsual = 1024;
    const std::size_t size = shortened(kUsual);
    if (size == kUsual) return ask_receive_lease(op.handle);
    buffer = std::make_unique<std::byte[]>(size);
    ask_receive(op.handle, {buffer.get(), size});
}

void FaultyBackend::Carried::ask_as(Op& op) {
    buffer.reset();
    switch (op.kind) {
        case OpKind::accept:
            return ask_accept(op.handle);
        case OpKind::connect:
            return ask_connect(op.handle, op.address());
        case OpKind::receive:
            return ask_receive(op.handle, op.into().first(shortened(op.into().size())));
        case OpKind::send:
            return ask_send(op.handle, op.from().first(shortened(op.from().size())));
        case OpKind::send_gathered:
            return ask_gathered(op);
        case OpKind::receive_messages:
            return ask_receive_messages(
                op.handle, op.messages().first(shortened(op.messages().size())), op.hands_back());
        case OpKind::send_messages:
            return ask_send_messages(op.handle,
                                     op.messages().first(shortened(op.messages().size())));
        case OpKind::splice_in:
            return ask_splice_in(op.handle, op.file(), shortened(op.count()));
        case OpKind::splice_out:
            return ask_splice_out(op.handle, op.file(), shortened(op.count()));
        case OpKind::send_file:
            return ask_send_file(op.handle, op.file(), op.offset(), shortened(op.count()));
        case OpKind::poll:
            return ask_poll(op.handle, op.events());
        case OpKind::receive_lease:
            return ask_lease(op);
        case OpKind::send_zero_copy:
            return ask_send_zero_copy(op.handle, op.from(), op.loan());
        case OpKind::send_then_receive: {
            // The answer's buffer is the Op's: it goes back through us as soon as it has been sent.
            const Bytes answer = op.answer();
            return ask_send_then_receive(op.handle,
                                         Lease(this, const_cast<std::byte*>(answer.data()),
                                               static_cast<std::uint32_t>(answer.size()), 0));
        }
    }
}

}  // namespace fivetuple
