#include "ops/core/supervisor.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"

namespace weir::ops {

using base::MonoTime;
using Kind = SupervisorAction::Kind;
using namespace std::chrono_literals;

namespace {

constexpr base::Duration kProbeWhileStarting = 50ms;
constexpr base::Duration kProbeWhileRunning = 1s;
constexpr int kSilentAfterProbes = 3;
// How often a part may exit before it was ever healthy until the first start is given up.
constexpr std::uint64_t kExitsOfFirstStart = 3;
// A part that was healthy for `settle` begins anew when it dies.
constexpr resilience::Backoff::Settings kRestartBackoff{.first = 200ms, .limit = 10s, .settle = 10s};

}  // namespace

std::string_view to_string(PartState state) {
  switch (state) {
    case PartState::kWaiting: return "waiting";
    case PartState::kStarting: return "starting";
    case PartState::kHealthy: return "healthy";
    case PartState::kSilent: return "silent";
    case PartState::kBackingOff: return "backing off";
    case PartState::kStopping: return "stopping";
    case PartState::kStopped: return "stopped";
  }
  return "invalid";
}

Supervisor::Supervisor(std::vector<PartSpec> specs, std::uint64_t seed) : random_(seed) {
  for (PartSpec& spec : specs) {
    Part part{.spec = {}, .needs = {}, .backoff = resilience::Backoff(kRestartBackoff)};
    for (const std::string& need : spec.needs) {
      const auto found = std::ranges::find_if(parts_, [&](const Part& other) { return other.spec.name == need; });
      WEIR_ASSERT(found != parts_.end());
      part.needs.push_back(static_cast<PartIndex>(found - parts_.begin()));
    }
    part.spec = std::move(spec);
    parts_.push_back(std::move(part));
  }
}

void Supervisor::begin(MonoTime now) { start_what_can(now); }

void Supervisor::probed(PartIndex index, bool healthy, MonoTime now) {
  Part& part = parts_[index];
  part.probing = false;
  switch (part.state) {
    case PartState::kStarting:
      if (healthy) {
        part.was_healthy = true;
        part.failed_probes = 0;
        part.backoff.succeeded(now);
        enter(index, PartState::kHealthy, now, "");
        part.due = now + kProbeWhileRunning;
        start_what_can(now);
      } else if (!ready_ && now - part.since > part.spec.start_within) {
        give_up(index,
                fmt::format("{} did not become healthy within {} s", part.spec.name,
                            std::chrono::duration_cast<std::chrono::seconds>(part.spec.start_within).count()),
                now);
      } else {
        part.due = now + kProbeWhileStarting;
      }
      return;
    case PartState::kHealthy:
    case PartState::kSilent:
      part.due = now + kProbeWhileRunning;
      if (healthy) {
        part.failed_probes = 0;
        if (part.state == PartState::kSilent) enter(index, PartState::kHealthy, now, "answers again");
      } else if (++part.failed_probes == kSilentAfterProbes) {
        enter(index, PartState::kSilent, now, fmt::format("{} health checks failed in a row", kSilentAfterProbes));
      }
      return;
    case PartState::kWaiting:
    case PartState::kBackingOff:
    case PartState::kStopping:
    case PartState::kStopped: return;  // The answer of a process that is gone or going.
  }
}

void Supervisor::exited(PartIndex index, std::string how, MonoTime now) {
  Part& part = parts_[index];
  WEIR_ASSERT(running(part));
  part.last_exit = std::move(how);
  part.due.reset();
  ++part.exits;
  if (stopping_) {
    enter(index, PartState::kStopped, now, part.last_exit);
    stop_what_can(now);
    return;
  }
  if (!ready_ && !part.was_healthy && part.exits >= kExitsOfFirstStart) {
    enter(index, PartState::kStopped, now, part.last_exit);
    give_up(
        index,
        fmt::format("{} ended {} times before it was healthy (last: {})", part.spec.name, part.exits, part.last_exit),
        now);
    return;
  }
  const base::Duration pause = part.backoff.failed(now, random_);
  enter(index, PartState::kBackingOff, now,
        fmt::format("{}; starting again in {} ms", part.last_exit,
                    std::chrono::duration_cast<std::chrono::milliseconds>(pause).count()));
  part.due = now + pause;
}

void Supervisor::stop(MonoTime now) {
  if (stopping_) return;
  stopping_ = true;
  for (PartIndex i = 0; i < parts_.size(); ++i) {
    if (!running(parts_[i])) {
      parts_[i].state = PartState::kStopped;
      parts_[i].due.reset();
    }
  }
  stop_what_can(now);
}

void Supervisor::kill_all() {
  for (PartIndex i = 0; i < parts_.size(); ++i) {
    if (running(parts_[i])) act(Kind::kKill, i);
  }
}

void Supervisor::tick(MonoTime now) {
  for (PartIndex i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    if (!part.due || *part.due > now) continue;
    part.due.reset();
    switch (part.state) {
      case PartState::kStarting:
      case PartState::kHealthy:
      case PartState::kSilent:
        if (!part.probing) {
          part.probing = true;
          act(Kind::kProbe, i);
        }
        break;
      case PartState::kBackingOff:
        ++part.restarts;
        part.state = PartState::kWaiting;
        part.since = now;
        break;
      case PartState::kStopping:
        act(Kind::kKill, i, fmt::format("{} did not end within its time", part.spec.name));
        break;
      case PartState::kWaiting:
      case PartState::kStopped: break;
    }
  }
  if (!stopping_) start_what_can(now);
}

std::optional<MonoTime> Supervisor::next_tick() const {
  std::optional<MonoTime> next;
  for (const Part& part : parts_) {
    if (part.due && (!next || *part.due < *next)) next = part.due;
  }
  return next;
}

std::vector<SupervisorAction> Supervisor::take_actions() { return std::exchange(actions_, {}); }

Supervisor::View Supervisor::view(PartIndex index) const {
  const Part& part = parts_.at(index);
  return {part.spec.name, part.state, part.restarts, part.since, part.last_exit};
}

bool Supervisor::running(const Part& part) const {
  return part.state == PartState::kStarting || part.state == PartState::kHealthy || part.state == PartState::kSilent ||
         part.state == PartState::kStopping;
}

void Supervisor::enter(PartIndex index, PartState state, MonoTime now, std::string why) {
  parts_[index].state = state;
  parts_[index].since = now;
  act(Kind::kShow, index, std::move(why));
}

void Supervisor::start_what_can(MonoTime now) {
  for (PartIndex i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    if (part.state != PartState::kWaiting) continue;
    // A part that was up before comes back by itself: its needs may be down just now, and it must cope with that.
    const bool needs_met = part.was_healthy || std::ranges::all_of(part.needs, [&](PartIndex need) {
                             return parts_[need].state == PartState::kHealthy;
                           });
    if (!needs_met) continue;
    part.probing = false;
    part.failed_probes = 0;
    enter(i, PartState::kStarting, now, "");
    act(Kind::kStart, i);
    part.due = now + kProbeWhileStarting;
  }
  if (!ready_ && std::ranges::all_of(parts_, [](const Part& part) { return part.state == PartState::kHealthy; })) {
    ready_ = true;
    act(Kind::kReady);
  }
}

void Supervisor::stop_what_can(MonoTime now) {
  for (PartIndex i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    if (!running(part) || part.state == PartState::kStopping) continue;
    const bool needed = std::ranges::any_of(parts_, [&](const Part& other) {
      return running(other) && std::ranges::find(other.needs, i) != other.needs.end();
    });
    if (needed) {
      part.due.reset();
      continue;
    }
    enter(i, PartState::kStopping, now, "");
    act(Kind::kTerminate, i);
    part.due = now + part.spec.stop_within;
  }
  if (!done_ && std::ranges::all_of(parts_, [](const Part& part) { return part.state == PartState::kStopped; })) {
    done_ = true;
    act(Kind::kDone);
  }
}

void Supervisor::give_up(PartIndex index, std::string why, MonoTime now) {
  act(Kind::kGiveUp, index, std::move(why));
  stop(now);
}

void Supervisor::act(Kind kind, PartIndex part, std::string text) { actions_.push_back({kind, part, std::move(text)}); }

}  // namespace weir::ops
