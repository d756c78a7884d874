#include "store/commands/geo_values.h"

#include <string>

#include <fmt/format.h>

#include "base/bytes.h"
#include "store/types/number_text.h"

namespace weir::store {

using base::equal_ignoring_case;

std::optional<geo::Point> parse_point(Call& call, std::string_view longitude, std::string_view latitude) {
  const auto x = parse_double(longitude), y = parse_double(latitude);
  if (!x || !y) {
    call.reply.error("ERR value is not a valid float");
    return std::nullopt;
  }
  const geo::Point point{.longitude = *x, .latitude = *y};
  if (geo::is_valid(point)) return point;
  call.reply.error(fmt::format("ERR invalid longitude,latitude pair {:f},{:f}", *x, *y));
  return std::nullopt;
}

std::optional<double> parse_length_unit(Call& call, std::string_view text) {
  if (equal_ignoring_case(text, "m")) return 1;
  if (equal_ignoring_case(text, "km")) return 1000;
  if (equal_ignoring_case(text, "ft")) return 0.3048;
  if (equal_ignoring_case(text, "mi")) return 1609.34;
  call.reply.error("ERR unsupported unit provided. please use M, KM, FT, MI");
  return std::nullopt;
}

void reply_point(Call& call, const geo::Point& point) {
  call.reply.array(2);
  for (const double coordinate : {point.longitude, point.latitude}) {
    std::string text;
    append_long_double(text, coordinate);
    call.reply.number_text(text);
  }
}

void reply_distance(Call& call, double distance) {
  std::string text;
  append_distance(text, distance);
  call.reply.bulk(text);
}

}  // namespace weir::store
