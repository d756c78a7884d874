#include "store/persist/check_rdb.h"

#include <array>
#include <map>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "runtime/file.h"
#include "store/persist/rdb_loading.h"

namespace weir::store {

namespace {

using rdb::Packed;
using rdb::Record;
using rdb::Shape;

// Counts what it is given.
class Inventory final : public rdb::Sink {
 public:
  explicit Inventory(std::int64_t now_ms) : now_ms_(now_ms) {}

  void print() const {
    for (const auto& [name, value] : aux_) fmt::print("{}: {}\n", name, value);
    for (const auto& [number, keys] : keys_) fmt::print("database {}: {} keys\n", number, keys);
    std::uint64_t keys = 0;
    for (const auto& [number, count] : keys_) keys += count;
    fmt::print("{} keys, {} with expiry, {} of them expired", keys, with_expiry_, expired_);
    for (std::size_t i = 0; i < kTypes.size(); ++i) {
      if (by_type_[i] > 0) fmt::print(", {} {}", by_type_[i], kTypes[i]);
    }
    fmt::print("\n");
    if (functions_ > 0) fmt::print("{} function libraries, which weir store does not run\n", functions_);
  }

  void aux(std::string_view name, std::string_view value) override {
    if (aux_.size() < kMostAux) aux_.emplace(base::printable(name), base::printable(value));
  }
  bool select_database(std::uint64_t number) override {
    database_ = number;
    return true;
  }
  void resize(std::uint64_t, std::uint64_t) override {}
  void function(std::string_view) override { ++functions_; }
  bool string(const Record& record, const Element&) override { return count(record, 0); }
  bool packed(const Record& record, Packed form, std::string_view) override {
    return begin(record,
                 form == Packed::kIntset         ? Shape::kSet
                 : form == Packed::kHashListpack ? Shape::kHash
                                                 : Shape::kZset,
                 0);
  }
  bool begin(const Record& record, Shape shape, std::uint64_t) override {
    return count(record, 1 + static_cast<std::size_t>(shape));
  }
  void list_element(const Element&) override {}
  void list_node(std::string_view) override {}
  bool set_member(const Element&) override { return true; }
  bool zset_member(const Element&, double) override { return true; }
  bool hash_field(const Element&, const Element&, std::uint64_t) override { return true; }
  void stream_bytes(std::uint8_t, std::string_view) override {}
  void end() override {}

 private:
  static constexpr std::size_t kMostAux = 32;
  // Strings, then in the order of Shape.
  static constexpr std::array<std::string_view, 6> kTypes = {"strings",     "lists",  "sets",
                                                             "sorted sets", "hashes", "streams"};

  bool count(const Record& record, std::size_t type) {
    ++keys_[database_];
    ++by_type_[type];
    if (!record.expires_at_ms) return true;
    ++with_expiry_;
    if (*record.expires_at_ms < now_ms_) ++expired_;
    return true;
  }

  const std::int64_t now_ms_;
  std::uint64_t database_ = 0;
  std::map<std::string, std::string> aux_;
  std::map<std::uint64_t, std::uint64_t> keys_;
  std::array<std::uint64_t, kTypes.size()> by_type_{};
  std::uint64_t with_expiry_ = 0;
  std::uint64_t expired_ = 0;
  std::uint64_t functions_ = 0;
};

int refuse(std::string_view why) {
  fmt::print(stderr, "weir store check-rdb: {}\n", why);
  return 1;
}

}  // namespace

int run_check_rdb(std::span<const std::string_view> arguments) {
  const bool help = arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h");
  if (arguments.size() != 1 || help) {
    fmt::print(help ? stdout : stderr, "usage: weir store check-rdb FILE\n");
    return help ? 0 : 2;
  }
  const std::string path(arguments[0]);
  runtime::RealFiles files;
  Inventory inventory(base::unix_ms(base::RealClock().wall()));
  const auto file = RdbLoading::open(files, path, inventory, [] { return std::string(); });
  if (!file) return refuse(file.error().text());
  if (*file == nullptr) return refuse(fmt::format("{} does not exist", path));
  while (true) {
    const base::Result<bool> done = (*file)->step();
    if (!done) return refuse(done.error().text());
    if (*done) break;
  }
  fmt::print("{}: version {} of the format, {} bytes\n", path, (*file)->reader().version(), (*file)->total_bytes());
  inventory.print();
  fmt::print("OK\n");
  return 0;
}

}  // namespace weir::store
