#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/time.h"

#include <string_view>

namespace fivetuple::sim {

class Cable;
class Host;
class Node;

/// Told of what happens in a world, as it happens, by World::observe(). It only looks: the run is
/// the same with it and without. It costs time, and nothing where there is none.
class Observer {
public:
    Observer() = default;
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;

    /// A node puts a packet onto a cable.
    virtual void sent(const Node& /*from*/, Cable& /*over*/, Bytes /*packet*/, Time /*now*/) {}
    /// A packet goes no further than this node, or the cable behind it; `why` names the stage, or
    /// what else it was.
    virtual void lost(const Node& /*from*/, Bytes /*packet*/, std::string_view /*why*/,
                      Time /*now*/) {}
    /// A packet has come to a node, which has dealt with it.
    virtual void arrived(const Node& /*at*/, Bytes /*packet*/, Time /*now*/) {}
    /// A host has done what it had to do.
    virtual void turned(Host& /*host*/, Time /*now*/) {}
    /// A host has lost its power, and with it all that its stack knew.
    virtual void crashed(Host& /*host*/, Time /*now*/) {}
    /// What the network or a machine suffers by order, in words.
    virtual void troubled(std::string_view /*what*/, Time /*now*/) {}
};

}  // namespace fivetuple::sim
