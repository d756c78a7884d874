#include "ops/core/plan.h"

#include <fmt/format.h>

namespace weir::ops {

namespace {

// Generated files say so, since whoever edits them would lose his changes.
constexpr std::string_view kGenerated = "# Written anew by every `weir up`.\n";

class Planner {
 public:
  explicit Planner(const UpSettings& settings) : settings_(settings) {}

  std::uint16_t port(std::uint16_t offset) const { return static_cast<std::uint16_t>(settings_.base_port + offset); }
  std::string address(std::uint16_t offset) const { return fmt::format("127.0.0.1:{}", port(offset)); }
  std::string path(std::string_view name) const { return fmt::format("{}/{}", settings_.data, name); }
  const std::string& log_level() const { return settings_.log_level; }

  PlannedPart store() const {
    const std::string redis_level = log_level() == "info" ? "notice" : log_level() == "error" ? "warning" : log_level();
    return {.spec = {.name = "store"},
            .arguments = {"store", "--port", fmt::to_string(port(20)), "--bind", "127.0.0.1", "--admin", address(21),
                          "--loglevel", redis_level, "--dir", path("store"), "--appendonly", "yes", "--save", ""},
            .ports = {{port(20), "store"}, {port(21), "store: metrics and health"}},
            .health = address(21),
            .address = address(20),
            .directory = path("store")};
  }

  PlannedPart shop() const {
    const std::string file = path("shop.toml");
    return {.spec = {.name = "shop", .needs = {"store"}},
            .arguments = {"shop", "api", file},
            .files = {{file, fmt::format("{}listen = \"{}\"\n"
                                         "log_level = \"{}\"\n"
                                         "[store]\naddress = \"{}\"\n"
                                         "[database]\npath = \"{}\"\n",
                                         kGenerated, address(10), log_level(), address(20), path("shop/shop.db"))}},
            .ports = {{port(10), "shop"}},
            .health = address(10),
            .address = address(10),
            .directory = path("shop")};
  }

  PlannedPart gateway() const {
    const std::string file = path("gateway.toml");
    return {.spec = {.name = "gateway", .needs = {"shop"}},
            .arguments = {"gateway", file},
            .files = {{file, fmt::format("{}listen = [\"{}\"]\n"
                                         "admin = \"{}\"\n"
                                         "log_level = \"{}\"\n"
                                         "[upstream.shop]\naddresses = [\"{}\"]\n"
                                         "[[route]]\nname = \"items\"\npath = \"/items\"\nupstream = \"shop\"\n",
                                         kGenerated, address(0), address(1), log_level(), address(10))}},
            .ports = {{port(0), "gateway"}, {port(1), "gateway: metrics and health"}},
            .health = address(1),
            .address = address(0)};
  }

 private:
  const UpSettings& settings_;
};

}  // namespace

Plan make_plan(const UpSettings& settings) {
  const Planner planner(settings);
  return {.parts = {planner.store(), planner.shop(), planner.gateway()},
          .gateway = planner.address(0),
          .status = planner.address(90),
          .status_port = {planner.port(90), "status"}};
}

std::string up_file(const Plan& plan, std::int64_t pid) {
  return fmt::format("{}pid = {}\ngateway = \"{}\"\nstatus = \"{}\"\n", kGenerated, pid, plan.gateway, plan.status);
}

}  // namespace weir::ops
