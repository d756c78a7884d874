#include "runtime/background.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

namespace weir::runtime {
namespace {

int nice_of_this_thread() { return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())); }

TEST(Background, IsTheCallingThreadAlone) {
  const int before = nice_of_this_thread();
  int there = 0;
  std::thread([&] {
    be_background_thread();
    there = nice_of_this_thread();
  }).join();
  EXPECT_EQ(there, std::max(before, 19));
  EXPECT_EQ(nice_of_this_thread(), before);
}

}  // namespace
}  // namespace weir::runtime
