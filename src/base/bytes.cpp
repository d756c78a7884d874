#include "base/bytes.h"

#include <fmt/format.h>

namespace weir::base {

std::string to_lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = ascii_lower(c);
  return lowered;
}

std::string to_upper(std::string_view text) {
  std::string raised(text);
  for (char& c : raised) c = ascii_upper(c);
  return raised;
}

std::string printable(std::string_view bytes, std::size_t limit) {
  std::string shown;
  for (const char c : bytes.substr(0, limit)) {
    if (c >= 0x20 && c < 0x7f) {
      shown += c;
    } else {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  if (bytes.size() > limit) shown += "...";
  return shown;
}

}  // namespace weir::base
