#include "base/siphash.h"

namespace weir::base {

std::uint64_t siphash_detail::long_siphash13(const SipKey& key, std::string_view bytes) {
  return hash<1, 3>(key, bytes);
}

std::uint64_t siphash24(const SipKey& key, std::string_view bytes) { return siphash_detail::hash<2, 4>(key, bytes); }

}  // namespace weir::base
