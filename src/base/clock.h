// Clock: where a driver reads the time. Drivers hold a Clock& given at construction; cores hold none and are told
// the time with each event. SimClock moves only when a test moves it.
//
// RealClock may be read from any thread. SimClock belongs to one thread.
#pragma once

#include "base/time.h"

namespace weir::base {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime mono() const = 0;
  virtual WallTime wall() const = 0;
};

class RealClock final : public Clock {
 public:
  MonoTime mono() const override;
  WallTime wall() const override;
};

// Starts at a fixed moment, so that a test prints the same times on every run.
class SimClock final : public Clock {
 public:
  MonoTime mono() const override { return mono_; }
  WallTime wall() const override { return wall_; }

  // Both clocks go forward together. Requires: by >= 0.
  void advance(Duration by);
  // Only the calendar jumps, as when an administrator or NTP sets it.
  void step_wall(Duration by) { wall_ += by; }

 private:
  MonoTime mono_{std::chrono::seconds(1000)};
  WallTime wall_{std::chrono::sys_days(std::chrono::year(2024) / 1 / 1)};
};

}  // namespace weir::base
