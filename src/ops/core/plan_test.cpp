#include "ops/core/plan.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/toml.h"

namespace weir::ops {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST(Plan, PortsAreDistinctAndWithinTheRangeOfTheBasePort) {
  const Plan plan = make_plan({.base_port = 9000});
  std::set<std::uint16_t> seen = {plan.status_port.port};
  for (const PlannedPart& part : plan.parts) {
    for (const PlannedPort& port : part.ports) EXPECT_TRUE(seen.insert(port.port).second) << port.purpose;
  }
  EXPECT_GE(*seen.begin(), 9000);
  EXPECT_LT(*seen.rbegin(), 9000 + kPortRange);
}

TEST(Plan, EveryPartHasAHealthAddressAmongItsPortsAndNeedsEarlierParts) {
  const Plan plan = make_plan({});
  std::set<std::string> earlier;
  for (const PlannedPart& part : plan.parts) {
    std::vector<std::string> addresses;
    for (const PlannedPort& port : part.ports) addresses.push_back("127.0.0.1:" + std::to_string(port.port));
    EXPECT_THAT(addresses, Contains(part.health)) << part.spec.name;
    for (const std::string& need : part.spec.needs) EXPECT_THAT(earlier, Contains(need));
    earlier.insert(part.spec.name);
  }
}

TEST(Plan, SettingsFilesAreTomlAndStandInTheDataDirectory) {
  const Plan plan = make_plan({.data = "/d"});
  int files = 0;
  for (const PlannedPart& part : plan.parts) {
    for (const PlannedFile& file : part.files) {
      ++files;
      EXPECT_THAT(file.path, testing::StartsWith("/d/"));
      EXPECT_THAT(part.arguments, Contains(file.path));
      EXPECT_TRUE(base::Toml::parse(file.path, file.text)) << file.text;
    }
  }
  EXPECT_EQ(files, 2);
}

TEST(Plan, TheUpFileNamesProcessAndAddresses) {
  EXPECT_THAT(up_file(make_plan({.base_port = 9000}), 17),
              HasSubstr("pid = 17\ngateway = \"127.0.0.1:9000\"\nstatus = \"127.0.0.1:9090\"\n"));
}

}  // namespace
}  // namespace weir::ops
