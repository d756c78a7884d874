// weir ROLE ...: one binary, one role a process. Finds the role and hands it the rest of the command line.
#include <cstdio>
#include <exception>
#include <span>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"
#include "gateway/role.h"
#include "ops/replay/role.h"
#include "ops/up/role.h"
#include "shop/role.h"
#include "store/server/role.h"

namespace {

using Arguments = std::span<const std::string_view>;

struct Role {
  std::string_view name;
  std::string_view usage;
  std::string_view summary;
  // Exit status: 0 done, 1 the run failed, 2 the command line or the settings are wrong.
  int (*run)(Arguments arguments);
};

constexpr Role kRoles[] = {
    {"up", "[weir.toml] [--data DIR] [--base-port N]", "start a whole system on this machine and keep it up",
     weir::ops::run_up},
    {"status", "[--data DIR]", "show what `weir up` runs", weir::ops::run_status},
    {"replay", "--orders FILE [--data DIR] [--speed 20000x|max] [--limit N]",
     "play real orders against a running system", weir::ops::run_replay},
    {"stop", "[--data DIR]", "stop what `weir up` runs", weir::ops::run_stop},
    {"gateway", "gateway.toml", "strict HTTP/1.1 gateway in front of services", weir::gateway::run_gateway},
    {"shop", "api shop.toml", "the reference shop's HTTP interface", weir::shop::run_shop},
    {"store", "[redis.conf] [--DIRECTIVE VALUE...]", "in-memory store, Redis's protocol", weir::store::run_store},
};

void print_help() {
  fmt::print("weir {}: a high-concurrency, highly available backend in one binary\n\nusage: weir ROLE ...\n\n",
             WEIR_VERSION);
  for (const Role& role : kRoles) fmt::print("  {:<8} {}\n           {}\n", role.name, role.usage, role.summary);
  fmt::print("\n`weir ROLE --help` lists the options of each. `weir --version` prints the version.\n");
}

int run(Arguments arguments) {
  if (arguments.empty() || arguments[0] == "help" || arguments[0] == "--help" || arguments[0] == "-h") {
    print_help();
    return arguments.empty() ? 2 : 0;
  }
  if (arguments[0] == "--version" || arguments[0] == "-v") {
    fmt::print("weir {}\n", WEIR_VERSION);
    return 0;
  }
  for (const Role& role : kRoles) {
    if (role.name == arguments[0]) return role.run(arguments.subspan(1));
  }
  fmt::print(stderr, "weir: no role '{}' (`weir help` lists them)\n", weir::base::printable(arguments[0]));
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  try {
    return run(arguments);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "weir: {}\n", failure.what());
    return 1;
  }
}
