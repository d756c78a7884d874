// Places on a sphere as scores of a sorted set, as GEOADD and its relatives do it.
//
// Longitude and latitude are each cut into 2^26 steps, and the bits of both are interleaved, longitude first, to a
// score of 52 bits. So a cell of a coarser grid, all places whose first bits agree, is one range of scores, and a
// search reads the cell of its centre and those of the eight neighbours, in a grid coarse enough for these to hold what
// is searched.
//
//     nw | n | ne
//     ---+---+---      read in the order: centre, n, s, e, w, ne, nw, se, sw
//      w | c | e       (so replies without ASC or DESC are in Redis's order)
//     ---+---+---
//     sw | s | se
//
// Latitudes end at 85.05112878 degrees, where the Mercator projection is a square. The earth is a sphere here, so
// distances are off by up to 0.5 %. Core, pure.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace weir::store::geo {

// In degrees.
struct Point {
  double longitude;
  double latitude;
};

bool is_valid(const Point& point);

// A whole number. Requires: is_valid(point).
double score_of(const Point& point);
// The middle of the finest cell. `score` may be any number that a sorted set can hold; what is no score of a place
// gives some point.
Point point_of(double score);
// The 11 characters of the standard geohash (geohash.org), of which the last is always "0".
std::string geohash_text(double score);

double distance_m(const Point& a, const Point& b);

// What is searched: a circle, or a box whose sides lie along the meridians and parallels of its centre.
class Area {
 public:
  static Area circle(const Point& center, double radius_m) { return {center, radius_m, 0, 0}; }
  static Area box(const Point& center, double width_m, double height_m) { return {center, -1, width_m, height_m}; }

  // The distance from the centre if the point is inside.
  std::optional<double> distance_if_inside(const Point& point) const;

  // Scores from `low`, below `high`.
  struct ScoreRange {
    double low;
    double high;
  };
  class Cover {
   public:
    const ScoreRange* begin() const { return ranges_.data(); }
    const ScoreRange* end() const { return ranges_.data() + size_; }

   private:
    friend class Area;
    std::array<ScoreRange, 9> ranges_;
    std::size_t size_ = 0;
  };
  // Every point inside has a score in one of these ranges, in the order in which Redis reads them. In a very coarse
  // grid a range may come twice, as in Redis. Requires: is_valid(center).
  Cover cover() const;

 private:
  struct Bounds;

  Area(const Point& center, double radius_m, double width_m, double height_m)
      : center_(center), radius_m_(radius_m), width_m_(width_m), height_m_(height_m) {}
  bool is_circle() const { return radius_m_ >= 0; }
  Bounds bounds() const;

  Point center_;
  double radius_m_;  // Negative for a box.
  double width_m_;
  double height_m_;
};

}  // namespace weir::store::geo
