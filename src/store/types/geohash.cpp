#include "store/types/geohash.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>

namespace weir::store::geo {

namespace {

constexpr unsigned kFinest = 26;
constexpr double kEarthRadius_m = 6372797.560856;
constexpr double kHalfEquator_m = 20037726.37;
constexpr double kRadiansPerDegree = std::numbers::pi / 180;

struct Range {
  double low;
  double high;

  bool contains(double value) const { return value >= low && value <= high; }
  double clamp(double value) const { return std::clamp(value, low, high); }
};

constexpr Range kLongitudes{-180, 180};
constexpr Range kLatitudes{-85.05112878, 85.05112878};
// Of the standard geohash.
constexpr Range kAllLatitudes{-90, 90};

// The bits of `value` at the even places.
std::uint64_t spread(std::uint32_t value) {
  std::uint64_t bits = value;
  bits = (bits | bits << 16) & 0x0000ffff0000ffff;
  bits = (bits | bits << 8) & 0x00ff00ff00ff00ff;
  bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits << 2) & 0x3333333333333333;
  return (bits | bits << 1) & 0x5555555555555555;
}

std::uint32_t gather(std::uint64_t bits) {
  bits &= 0x5555555555555555;
  bits = (bits | bits >> 1) & 0x3333333333333333;
  bits = (bits | bits >> 2) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | bits >> 4) & 0x00ff00ff00ff00ff;
  bits = (bits | bits >> 8) & 0x0000ffff0000ffff;
  return static_cast<std::uint32_t>(bits | bits >> 16);
}

// One cell of a grid of 2^steps by 2^steps. The northernmost latitude alone lies in a row of its own, 2^steps.
struct Cell {
  Cell(const Point& point, unsigned grid_steps, const Range& latitudes = kLatitudes)
      : east(index(point.longitude, kLongitudes, grid_steps)),
        north(index(point.latitude, latitudes, grid_steps)),
        steps(grid_steps) {}
  Cell(std::uint64_t bits, unsigned grid_steps) : east(gather(bits >> 1)), north(gather(bits)), steps(grid_steps) {}

  static std::uint32_t index(double value, const Range& range, unsigned steps) {
    const double part = (value - range.low) / (range.high - range.low);
    return static_cast<std::uint32_t>(part * static_cast<double>(std::uint64_t{1} << steps));
  }
  std::uint64_t bits() const { return spread(north) | spread(east) << 1; }

  Range longitudes() const { return range_of(east, kLongitudes); }
  Range latitudes() const { return range_of(north, kLatitudes); }
  Range range_of(std::uint32_t index, const Range& all) const {
    const auto cells = static_cast<double>(std::uint64_t{1} << steps);
    const double size = all.high - all.low;
    return {all.low + (index * 1.0 / cells) * size, all.low + (static_cast<double>(index + 1) / cells) * size};
  }

  // Around the world in both directions; a coordinate that does not move stays as it is.
  Cell moved(int to_east, int to_north) const {
    const std::uint32_t mask = (std::uint32_t{1} << steps) - 1;
    Cell cell = *this;
    if (to_east != 0) cell.east = (east + static_cast<std::uint32_t>(to_east)) & mask;
    if (to_north != 0) cell.north = (north + static_cast<std::uint32_t>(to_north)) & mask;
    return cell;
  }

  std::uint32_t east;
  std::uint32_t north;
  unsigned steps;
};

// What an x86 makes of a double that is converted to an unsigned integer, which C++ leaves open for one out of range:
// such a score is no place, but has a position in Redis.
std::uint64_t to_bits(double score) {
  if (score >= 0x1p64) return 0;
  if (score >= 0) return static_cast<std::uint64_t>(score);
  return score < -0x1p63 ? std::uint64_t{1} << 63 : static_cast<std::uint64_t>(static_cast<std::int64_t>(score));
}

// How fine a grid may be so that a cell is about as large as the radius.
unsigned steps_for(double radius_m, double latitude) {
  if (radius_m == 0) return kFinest;
  int steps = -1;
  while (radius_m < kHalfEquator_m) {
    radius_m *= 2;
    ++steps;
  }
  // Towards the poles a cell is narrower.
  if (std::abs(latitude) > 66) --steps;
  if (std::abs(latitude) > 80) --steps;
  return static_cast<unsigned>(std::clamp(steps, 1, static_cast<int>(kFinest)));
}

}  // namespace

bool is_valid(const Point& point) {
  return kLongitudes.contains(point.longitude) && kLatitudes.contains(point.latitude);
}

double score_of(const Point& point) { return static_cast<double>(Cell(point, kFinest).bits()); }

Point point_of(double score) {
  const Cell cell(to_bits(score), kFinest);
  const Range longitudes = cell.longitudes(), latitudes = cell.latitudes();
  return {kLongitudes.clamp((longitudes.low + longitudes.high) / 2),
          kLatitudes.clamp((latitudes.low + latitudes.high) / 2)};
}

std::string geohash_text(double score) {
  constexpr std::string_view kAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
  const std::uint64_t bits = Cell(point_of(score), kFinest, kAllLatitudes).bits();
  std::string text;
  for (int shift = 47; shift >= 2; shift -= 5) text.push_back(kAlphabet[bits >> shift & 31]);
  // The last character would have two bits only; Redis leaves them out.
  text.push_back('0');
  return text;
}

// The haversine formula.
double distance_m(const Point& a, const Point& b) {
  const double latitude_a = a.latitude * kRadiansPerDegree, latitude_b = b.latitude * kRadiansPerDegree;
  const double u = std::sin((latitude_b - latitude_a) / 2);
  const double v = std::sin((b.longitude * kRadiansPerDegree - a.longitude * kRadiansPerDegree) / 2);
  // On one meridian the haversine formula would only lose digits.
  if (v == 0) return kEarthRadius_m * std::abs(latitude_b - latitude_a);
  return 2 * kEarthRadius_m * std::asin(std::sqrt(u * u + std::cos(latitude_a) * std::cos(latitude_b) * v * v));
}

std::optional<double> Area::distance_if_inside(const Point& point) const {
  if (!is_circle()) {
    const double east_m = distance_m(point, {center_.longitude, point.latitude});
    const double north_m = distance_m(point, {point.longitude, center_.latitude});
    if (east_m > width_m_ / 2 || north_m > height_m_ / 2) return std::nullopt;
  }
  const double distance = distance_m(center_, point);
  if (is_circle() && distance > radius_m_) return std::nullopt;
  return distance;
}

struct Area::Bounds {
  Range longitudes;
  Range latitudes;
};

// As wide as the area is on its side that is nearer to the pole, where meridians are closer together.
Area::Bounds Area::bounds() const {
  const double height_m = is_circle() ? radius_m_ : height_m_ / 2;
  const double width_m = is_circle() ? radius_m_ : width_m_ / 2;
  const double north = height_m / kEarthRadius_m / kRadiansPerDegree;
  const double widest = center_.latitude < 0 ? center_.latitude - north : center_.latitude + north;
  const double east = width_m / kEarthRadius_m / std::cos(widest * kRadiansPerDegree) / kRadiansPerDegree;
  return {{center_.longitude - east, center_.longitude + east}, {center_.latitude - north, center_.latitude + north}};
}

Area::Cover Area::cover() const {
  const Bounds area = bounds();
  const double radius_m = is_circle() ? radius_m_ : std::sqrt(width_m_ * width_m_ + height_m_ * height_m_) / 2;
  unsigned steps = steps_for(radius_m, center_.latitude);
  Cell center(center_, steps);
  const bool too_fine = center.moved(0, 1).latitudes().high < area.latitudes.high ||
                        center.moved(0, -1).latitudes().low > area.latitudes.low ||
                        center.moved(1, 0).longitudes().high < area.longitudes.high ||
                        center.moved(-1, 0).longitudes().low > area.longitudes.low;
  if (too_fine && steps > 1) center = Cell(center_, --steps);

  // Neighbours that the area does not reach are left out; where the grid has four cells, each is a neighbour twice.
  const bool selective = steps >= 2;
  const bool skip_south = selective && center.latitudes().low < area.latitudes.low;
  const bool skip_north = selective && center.latitudes().high > area.latitudes.high;
  const bool skip_west = selective && center.longitudes().low < area.longitudes.low;
  const bool skip_east = selective && center.longitudes().high > area.longitudes.high;

  struct Direction {
    int east, north;
  };
  constexpr std::array<Direction, 9> kOrder = {
      {{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}}};
  Cover cover;
  std::optional<std::uint64_t> last;
  for (const Direction& to : kOrder) {
    if ((to.north < 0 && skip_south) || (to.north > 0 && skip_north)) continue;
    if ((to.east < 0 && skip_west) || (to.east > 0 && skip_east)) continue;
    const std::uint64_t bits = center.moved(to.east, to.north).bits();
    if (last == bits) continue;
    last = bits;
    const unsigned shift = 2 * (kFinest - steps);
    cover.ranges_[cover.size_++] = {static_cast<double>(bits << shift), static_cast<double>((bits + 1) << shift)};
  }
  return cover;
}

}  // namespace weir::store::geo
