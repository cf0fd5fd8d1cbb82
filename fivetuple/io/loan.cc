#include "fivetuple/io/loan.h"

namespace fivetuple {

Result<std::unique_ptr<LoanBlock>> LoanBlock::open(LoanOwner& owner, std::size_t size,
                                                   std::size_t zero_copy_from) {
    FT_TRY(Pages pages, Pages::open(size));
    return std::unique_ptr<LoanBlock>(new LoanBlock(owner, std::move(pages), zero_copy_from));
}

void LoanBlock::forsake() {
    pages_ = Pages();
    if (LoanOwner* owner = std::exchange(owner_, nullptr)) owner->was_lost(*this);
}

void LoanBlock::end_use() {
    if (owner_ != nullptr) return owner_->came_back(*this);
    delete this;
}

}  // namespace fivetuple
