#pragma once

#include "fivetuple/io/backend.h"
#include "fivetuple/io/choice.h"

#include <memory>

namespace fivetuple {

/// A backend over this kernel, and how it was come by.
struct OpenBackend {
    std::unique_ptr<Backend> backend;
    BackendChoice choice;
};

/// The backend that Loop::open() takes with these options, for a loop that is to be built on it or
/// around it. Errors: as Loop::open().
Result<OpenBackend> open_backend(const LoopOptions& options);

/// For tests of whole programs: what Loop::open() opens from now on is put into what this makes of
/// it. Null for nothing; of the process, and to be set before its first loop.
using BackendWrapper = std::unique_ptr<Backend> (*)(std::unique_ptr<Backend>);
void wrap_backends(BackendWrapper wrapper);

}  // namespace fivetuple
