#include "fivetuple/diag/counters.h"
#include "fivetuple/diag/reading.h"
#include "fivetuple/diag/states.h"

#include "fuzz/input.h"
#include <string>

using namespace fivetuple;

namespace {

void use(const Result<diag::SeenSocket>& read, Bytes all) {
    if (!read) {
        FT_ASSERT(read.error().cause() == Cause::malformed, "bytes can be nothing else");
        return;
    }
    const auto* begin = reinterpret_cast<const char*>(all.data());
    for (const std::string_view view : {read->congestion_control, read->upper_layer,
                                        read->unix_name, text_of(read->tcp_info_bytes)}) {
        if (view.empty()) continue;
        FT_ASSERT(view.data() >= begin && view.data() + view.size() <= begin + all.size(),
                  "views are of what was received");
    }
    FT_ASSERT(!read->local_text().empty() && !read->peer_text().empty(), "it has a name");
    FT_ASSERT(!diag::name_of(read->kind).empty() && !diag::name_of(read->state).empty(),
              "it can be told");
    if (read->timer) FT_ASSERT(!diag::name_of(read->timer->what).empty(), "it can be told");
    (void)read->tcp_info();
    (void)read->accept_queue();
}

}  // namespace

// Whatever the kernel were to send, reading it stays within it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzzing::Input input(data, size);
    const std::size_t how = input.choose(8);
    const Bytes bytes = input.rest();
    diag::NetCounters counters;
    netlink::Message message;
    message.payload = bytes;
    switch (how) {
        case 0:
        case 1:
            use(diag::read_internet(message, diag::Kind::tcp), bytes);
            use(diag::read_internet(message, diag::Kind::raw), bytes);
            break;
        case 2:
            use(diag::read_unix(message), bytes);
            break;
        case 3:
            use(diag::read_packet(message), bytes);
            break;
        case 4:
            use(diag::read_raw_line(input.text(), false), bytes);
            use(diag::read_raw_line(input.text(), true), bytes);
            break;
        case 5:
            (void)diag::read_pairs_of_lines(input.text(), counters);
            break;
        case 6:
            (void)diag::read_names_and_numbers(input.text(), counters);
            break;
        default:
            (void)diag::read_groups(input.text(), counters);
            break;
    }
    return 0;
}
