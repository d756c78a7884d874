#include "store/persist/rdb/dump.h"

#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "store/persist/rdb/input.h"
#include "store/persist/rdb/value_reader.h"

namespace weir::store::rdb {

std::string DumpWriter::finish() {
  std::string& payload = output_.buffer();
  base::append_little_endian(payload, static_cast<std::uint16_t>(kWrittenVersion));
  base::append_little_endian(payload, base::crc64(payload));
  return std::move(payload);
}

bool dump_is_intact(std::string_view payload) {
  if (payload.size() < kDumpFooterBytes) return false;
  const char* const footer = payload.data() + payload.size() - kDumpFooterBytes;
  if (base::load_little_endian<std::uint16_t>(footer) > kNewestVersion) return false;
  return base::load_little_endian<std::uint64_t>(footer + 2) == base::crc64(payload.substr(0, payload.size() - 8));
}

base::Result<void> read_dump(std::string_view payload, const Record& record, Sink& sink) {
  Input in(payload.substr(0, payload.size() - kDumpFooterBytes), 0, 0);
  ValueReader value;
  const auto read = [&] {
    std::uint8_t type = 0;
    if (!in.byte(type)) return false;
    if (!ValueReader::known(type)) return in.fail(fmt::format("value type {} is not known", type));
    if (!value.begin(in, Type{type}, record, sink)) return false;
    in.commit();
    if (value.in_value() && !value.go_on(in, sink)) return false;
    return value.empty_values() == 0 || in.fail("an empty value");
  };
  if (!read()) return in.error();
  return {};
}

}  // namespace weir::store::rdb
