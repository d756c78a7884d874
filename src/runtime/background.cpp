#include "runtime/background.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace weir::runtime {

namespace {

// As the first version of the kernel's; the C library has no name for it.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};

constexpr int kNice = 19;
constexpr std::uint64_t kSliceNs = 100'000;  // The least that is taken.

}  // namespace

void be_background_thread() {
  const int nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
  const SchedulingAttributes wanted{.nice = std::max(nice, kNice), .runtime_ns = kSliceNs};
  [[maybe_unused]] const long refused = ::syscall(SYS_sched_setattr, 0, &wanted, 0);
}

}  // namespace weir::runtime
