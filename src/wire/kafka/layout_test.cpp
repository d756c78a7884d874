// The layout of every message in every version, as text that a person can hold against
// https://kafka.apache.org/protocol: layouts.txt. A table that changes by accident reads and writes alike, so no round
// trip sees it; this does.
//
// After a change on purpose: WEIR_WRITE_GOLDEN=1 build/wire_test --gtest_filter=KafkaLayouts.*, and review the
// difference.
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "wire/kafka/messages/all.h"
#include "wire/kafka/walk.h"

namespace weir::wire::kafka {
namespace {

constexpr const char* kGolden = "src/wire/kafka/layouts.txt";

template <class T>
std::string layout(walk::Form form);

template <class T, class Member>
void append_field(std::string& to, walk::Form form, const Field<T, Member>& field) {
  if (!field.in(form.version)) return;
  if (to != "{") to += ", ";
  to += fmt::format("{} ", field.name);
  if (field.tag != kNoTag) to += fmt::format("tag {} ", field.tag);
  if (walk::kIsOptional<Member> && form.version >= field.first_nullable) to += "nullable ";
  to += layout<Member>(form);
}

template <class T>
std::string layout(walk::Form form) {
  if constexpr (walk::Struct<T>) {
    std::string text = "{";
    std::apply([&](const auto&... fields) { (append_field(text, form, fields), ...); }, T::fields());
    return text + "}";
  } else if constexpr (walk::kIsOptional<T>) {
    return layout<typename T::value_type>(form);
  } else if constexpr (walk::kIsVector<T>) {
    return "array of " + layout<typename T::value_type>(form);
  } else if constexpr (std::same_as<T, std::string_view>) {
    return "string";
  } else if constexpr (std::same_as<T, Bytes>) {
    return "bytes";
  } else if constexpr (std::same_as<T, Records>) {
    return "records";
  } else if constexpr (std::same_as<T, bool>) {
    return "bool";
  } else {
    return fmt::format("int{}", 8 * sizeof(T));
  }
}

// A line for each run of versions that look alike.
template <class M>
std::string layouts() {
  const Api& api = M::kMessage.api();
  const auto shown = [&](std::int16_t version) {
    const bool flexible = api.flexible(version);
    return (flexible ? "flexible " : "") + layout<M>({version, flexible});
  };
  std::string text;
  for (std::int16_t first = api.min_version; first <= api.max_version;) {
    std::int16_t last = first;
    while (last < api.max_version && shown(static_cast<std::int16_t>(last + 1)) == shown(first)) ++last;
    text += fmt::format("{} {} v{}{}: {}\n", api.name,
                        M::kMessage.direction == Direction::kRequest ? "request" : "response", first,
                        last == first ? "" : fmt::format("-{}", last), shown(first));
    first = static_cast<std::int16_t>(last + 1);
  }
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) c == '\n' ? static_cast<void>(lines.emplace_back()) : lines.back().push_back(c);
  return lines;
}

TEST(KafkaLayouts, AreThoseOfTheProtocol) {
  std::string text;
  for (const Api& api : kApis) {
    text += visit_api(api.key,
                      []<class Request, class Response>(std::type_identity<Request>, std::type_identity<Response>) {
                        return layouts<Request>() + layouts<Response>();
                      });
  }
  if (std::getenv("WEIR_WRITE_GOLDEN") != nullptr) std::ofstream(kGolden) << text;
  std::ifstream file(kGolden);
  ASSERT_TRUE(file) << kGolden << " is read from the root of the tree";
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(lines_of(text), lines_of(golden));
}

}  // namespace
}  // namespace weir::wire::kafka
