#include "store/server/host.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <climits>
#include <cstdio>

#include <algorithm>

#include <fmt/format.h>

// jemalloc's, where the executable is linked with it; unit tests are not.
extern "C" int mallctl(const char* name, void* old_value, std::size_t* old_size, void* new_value, std::size_t new_size)
    __attribute__((weak));
extern "C" void malloc_stats_print(void (*write)(void*, const char*), void* to, const char* options)
    __attribute__((weak));

namespace weir::store {

namespace {

std::uint64_t resident_bytes() {
  long pages = 0;
  if (std::FILE* statm = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(statm, "%*s %ld", &pages) != 1) pages = 0;
    std::fclose(statm);
  }
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// One of the allocator's statistics; nothing without jemalloc.
std::uint64_t allocator_statistic(const char* name) {
  std::size_t value = 0, size = sizeof value;
  return mallctl != nullptr && mallctl(name, &value, &size, nullptr, 0) == 0 ? value : 0;
}

// The statistics are those of the last epoch; begins a new one.
void refresh_allocator_statistics() {
  if (mallctl == nullptr) return;
  std::uint64_t epoch = 1;
  std::size_t size = sizeof epoch;
  mallctl("epoch", &epoch, &size, &epoch, sizeof epoch);
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

HostFacts read_host_facts() {
  HostFacts facts;
  utsname system{};
  if (uname(&system) == 0) facts.os = fmt::format("{} {} {}", system.sysname, system.release, system.machine);
  char path[PATH_MAX];
  if (const ssize_t length = readlink("/proc/self/exe", path, sizeof path); length > 0) {
    facts.executable.assign(path, static_cast<std::size_t>(length));
  }
  facts.process_id = getpid();
  facts.allocator = mallctl == nullptr ? "libc" : "jemalloc";
  facts.resident_bytes = resident_bytes();
  refresh_allocator_statistics();
  facts.allocated_bytes = mallctl == nullptr ? facts.resident_bytes : allocator_statistic("stats.allocated");
  facts.allocator_active_bytes = allocator_statistic("stats.active");
  facts.allocator_resident_bytes = allocator_statistic("stats.resident");
  facts.total_memory_bytes =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    facts.cpu_user_s = seconds(usage.ru_utime);
    facts.cpu_system_s = seconds(usage.ru_stime);
  }
  if (getrusage(RUSAGE_THREAD, &usage) == 0) {
    facts.cpu_thread_user_s = seconds(usage.ru_utime);
    facts.cpu_thread_system_s = seconds(usage.ru_stime);
  }
  return facts;
}

bool purge_allocator() {
  // Of all arenas: jemalloc's MALLCTL_ARENAS_ALL.
  return mallctl != nullptr && mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0) == 0;
}

std::string allocator_report() {
  std::string text;
  if (malloc_stats_print == nullptr) return "Stats not supported for the allocator";
  malloc_stats_print([](void* to, const char* words) { *static_cast<std::string*>(to) += words; }, &text, nullptr);
  return text;
}

std::uint64_t allow_descriptors(std::uint64_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return limit.rlim_cur;
  rlimit more = limit;
  more.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &more) == 0 ? more.rlim_cur : limit.rlim_cur;
}

}  // namespace weir::store
