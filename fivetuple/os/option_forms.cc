#include "fivetuple/os/option_forms.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace fivetuple {

std::string count_text(std::int64_t value, const char* unit) {
    std::string text = std::to_string(value);
    if (*unit != '\0') text += std::string(" ") + unit;
    return text;
}

Result<void> check_range(const OptionKey& key, std::int64_t value, std::int64_t least,
                         std::int64_t most, const char* unit) {
    if (value >= least && value <= most) return {};
    const std::string why = count_text(value, unit) + " is out of range, which is from " +
                            count_text(least, unit) + " to " + count_text(most, unit);
    return std::unexpected(Error::system(EINVAL, "setsockopt").about(key.name).because(why));
}

Result<void> check_name(const OptionKey& key, const std::string& name) {
    const char* why = nullptr;
    if (name.size() >= sizeof(KernelName)) why = "a name has at most 15 bytes here";
    if (name.find('\0') != name.npos) why = "a name holds no zero byte";
    if (why == nullptr) return {};
    return std::unexpected(Error::system(EINVAL, "setsockopt").about(key.name).because(why));
}

KernelName kernel_name(const std::string& text) {
    KernelName name{};
    std::memcpy(name.data(), text.data(), std::min(text.size(), name.size() - 1));
    return name;
}

std::string text_of_name(const KernelName& name) {
    return {name.begin(), std::find(name.begin(), name.end(), '\0')};
}

}  // namespace fivetuple
