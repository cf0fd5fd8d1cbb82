#include "fivetuple/task/within.h"

namespace fivetuple {

void Deadline::begin(Node& parent, Duration limit, std::source_location where) {
    Node::enter(parent, Kind::limit, where);
    loop().start(*this, after(loop().now(), limit));
}

void Deadline::run_out(Job& job) {
    static_cast<Deadline&>(static_cast<Timer&>(job)).cancel(Stop::deadline);
}

void Deadline::end() {
    loop().stop(*this);
    Node::leave();
}

}  // namespace fivetuple
