// What the commands of places share: how they read and reply points and distances.
#pragma once

#include <optional>
#include <string_view>

#include "store/commands/call.h"
#include "store/types/geohash.h"

namespace weir::store {

// Nothing: an error was replied.
std::optional<geo::Point> parse_point(Call& call, std::string_view longitude, std::string_view latitude);
// How many metres it is. Nothing: an error was replied.
std::optional<double> parse_length_unit(Call& call, std::string_view text);

void reply_point(Call& call, const geo::Point& point);
void reply_distance(Call& call, double distance);

}  // namespace weir::store
