// The fuzzers' properties without a fuzzer: over the corpus, and over seeded random mutations of it. So the release
// build checks them too, and a machine without clang.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/random.h"
#include "fuzz/aof.h"
#include "fuzz/http1.h"
#include "fuzz/kafka.h"
#include "fuzz/rdb.h"
#include "fuzz/resp_reply.h"
#include "fuzz/resp_request.h"

namespace weir::fuzz {
namespace {

struct Target {
  const char* name;
  Violation (*check)(std::string_view);
};

void PrintTo(const Target& target, std::ostream* out) { *out << target.name; }

struct Input {
  std::string name;
  std::string bytes;
};

std::vector<Input> corpus(const char* target) {
  std::vector<Input> inputs;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(WEIR_FUZZ_CORPUS) / target)) {
    std::ifstream file(entry.path(), std::ios::binary);
    inputs.push_back({entry.path().filename(), {std::istreambuf_iterator<char>(file), {}}});
  }
  std::sort(inputs.begin(), inputs.end(), [](const Input& a, const Input& b) { return a.name < b.name; });
  return inputs;
}

// One to four small changes: a byte replaced, removed or doubled, a piece moved, another input's piece put in.
std::string mutate(std::string bytes, const std::string& other, base::Random& random) {
  // What the grammars turn on.
  using namespace std::string_view_literals;
  static constexpr std::string_view kTelling = "\r\n\t\0 :;,=\"'\\*$%~>|+-_#(!0129afx/?."sv;
  for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
    const std::size_t at = random.below(bytes.size() + 1);
    switch (random.below(6)) {
      case 0:
        if (at < bytes.size()) bytes[at] = kTelling[random.below(kTelling.size())];
        break;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<char>(random.below(256));
        break;
      case 2: bytes.erase(at, 1 + random.below(3)); break;
      case 3: bytes.insert(at, 1, kTelling[random.below(kTelling.size())]); break;
      case 4: bytes.insert(random.below(bytes.size() + 1), bytes.substr(at, 1 + random.below(40))); break;
      case 5: bytes.insert(at, other.substr(random.below(other.size() + 1), random.below(60))); break;
    }
  }
  return bytes;
}

class Properties : public testing::TestWithParam<Target> {};

TEST_P(Properties, HoldForTheCorpus) {
  const std::vector<Input> inputs = corpus(GetParam().name);
  ASSERT_GE(inputs.size(), 5u);
  for (const Input& input : inputs) EXPECT_EQ(GetParam().check(input.bytes), "") << input.name;
}

TEST_P(Properties, HoldForMutationsOfTheCorpus) {
  const std::vector<Input> inputs = corpus(GetParam().name);
  ASSERT_FALSE(inputs.empty());
  const char* const asked = std::getenv("WEIR_SEED");
  const std::uint64_t seed =
      asked != nullptr ? base::parse_decimal<std::uint64_t>(asked).value() : base::Random::from_entropy()();
  SCOPED_TRACE(fmt::format("to repeat this: WEIR_SEED={}", seed));
  base::Random random(seed);
  for (int round = 0; round < 4000; ++round) {
    const Input& input = inputs[random.below(inputs.size())];
    const std::string bytes = mutate(input.bytes, inputs[random.below(inputs.size())].bytes, random);
    const Violation violation = GetParam().check(bytes);
    ASSERT_EQ(violation, "") << "from " << input.name << ": " << base::printable(bytes, 2000);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Decoders, Properties,
    testing::Values(Target{"resp_request", check_resp_request}, Target{"resp_reply", check_resp_reply},
                    Target{"http1_request", check_http1_request}, Target{"http1_response", check_http1_response},
                    Target{"rdb_file", check_rdb_file}, Target{"dump_payload", check_dump_payload},
                    Target{"listpack", check_listpack}, Target{"aof_file", check_aof_file},
                    Target{"aof_manifest", check_aof_manifest}, Target{"kafka_request", check_kafka_request},
                    Target{"kafka_response", check_kafka_response}, Target{"kafka_batch", check_kafka_batch}),
    [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace weir::fuzz
