#include "store/persist/rdb/reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/checksum.h"

namespace weir::store::rdb {

namespace {

// A type, an empty key and an empty value.
constexpr std::uint64_t kLeastKeyBytes = 3;

// A module's name is nine characters of six bits each, above ten bits of its encoding's version.
std::string module_name(std::uint64_t id) {
  static constexpr std::string_view kCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string name;
  for (int shift = 58; shift >= 10; shift -= 6) name += kCharacters[id >> shift & 0x3f];
  return name;
}

}  // namespace

Reader::Step Reader::read(std::string_view window, std::uint64_t behind) {
  if (part_ == Part::kDone) return {Status::kDone, 0};
  Input in(window, behind, offset_);
  std::size_t summed = 0;  // Of the window, into checksum_.
  const auto sum_up_to = [&](std::size_t end) {
    if (version_ == 0 || version_ >= kFirstVersionWithChecksum) {
      checksum_ = base::crc64(window.substr(summed, end - summed), checksum_);
    }
    summed = end;
  };
  while (part_ != Part::kDone) {
    // The checksum is of all before it.
    if (part_ == Part::kChecksum) sum_up_to(in.committed());
    if (!read_part(in)) break;
    in.commit();
  }
  if (part_ < Part::kChecksum) sum_up_to(in.committed());
  offset_ += in.committed();
  wanted_ = in.needed();
  if (part_ == Part::kDone) return {Status::kDone, in.committed()};
  if (in.trouble() == Input::Trouble::kShort) return {Status::kMore, in.committed()};
  error_ = in.error();
  return {Status::kError, in.committed()};
}

bool Reader::read_part(Input& in) {
  switch (part_) {
    case Part::kHeader: return header(in);
    case Part::kBetween: return between(in);
    case Part::kValue:
      if (!value_.go_on(in, sink_)) return false;
      part_ = Part::kBetween;
      return true;
    case Part::kChecksum: return checksum(in);
    case Part::kDone: break;
  }
  return true;
}

bool Reader::header(Input& in) {
  std::string_view magic;
  if (!in.bytes(kMagic.size(), magic, "the header")) return false;
  if (magic != kMagic) return in.fail("not an RDB file: it does not begin with REDIS");
  std::string_view digits;
  if (!in.bytes(kVersionDigits, digits, "the version")) return false;
  const std::optional<int> version = base::parse_decimal<int>(digits);
  if (!version || *version < kOldestVersion || *version > kNewestVersion) {
    return in.fail(fmt::format("version '{}' of the format is not known: {} to {} are", base::printable(digits),
                               kOldestVersion, kNewestVersion));
  }
  version_ = *version;
  part_ = Part::kBetween;
  return true;
}

bool Reader::between(Input& in) {
  std::uint8_t code = 0;
  if (!in.byte(code)) return false;
  return code >= static_cast<std::uint8_t>(Opcode::kSlotInfo) ? opcode(in, code) : key_and_value(in, code);
}

bool Reader::opcode(Input& in, std::uint8_t code) {
  switch (Opcode{code}) {
    case Opcode::kAux: {
      std::string_view name;
      std::string_view value;
      if (!in.string(name, key_scratch_) || !in.string(value, scratch_)) return false;
      sink_.aux(name, value);
      return true;
    }
    case Opcode::kSelectDatabase: {
      std::uint64_t number = 0;
      if (!in.length(number)) return false;
      return sink_.select_database(number) || in.fail(fmt::format("there is no database {}", number));
    }
    case Opcode::kResize: {
      std::uint64_t keys = 0;
      std::uint64_t with_expiry = 0;
      if (!in.length(keys) || !in.length(with_expiry)) return false;
      keys = in.at_most_remaining(keys, kLeastKeyBytes);
      sink_.resize(keys, std::min(with_expiry, keys));
      return true;
    }
    case Opcode::kExpiryMs: {
      std::int64_t at = 0;
      if (!in.little_endian(at)) return false;
      record_.expires_at_ms = at;
      return true;
    }
    case Opcode::kExpirySeconds: {
      std::int32_t at = 0;
      if (!in.little_endian(at)) return false;
      record_.expires_at_ms = std::int64_t{at} * 1000;
      return true;
    }
    case Opcode::kFrequency: {
      std::uint8_t frequency = 0;
      if (!in.byte(frequency)) return false;
      record_.frequency = frequency;
      return true;
    }
    case Opcode::kIdle: {
      std::uint64_t seconds = 0;
      if (!in.length(seconds)) return false;
      record_.idle_seconds = seconds;
      return true;
    }
    case Opcode::kSlotInfo: {
      // A cluster's slot, its keys and its expiries: hints.
      std::uint64_t ignored = 0;
      return in.length(ignored) && in.length(ignored) && in.length(ignored);
    }
    case Opcode::kFunction: {
      std::string_view library;
      if (!in.string(library, scratch_)) return false;
      sink_.function(library);
      return true;
    }
    case Opcode::kFunctionEarly: return early_function(in);
    case Opcode::kModuleAux: return module_refused(in, "data");
    case Opcode::kEnd: part_ = version_ >= kFirstVersionWithChecksum ? Part::kChecksum : Part::kDone; return true;
  }
  return in.fail(fmt::format("opcode {} is not known", code));
}

// Name, engine, whether there is a description, the description, the code. What 7.0 made of it begins with a line that
// says the same; the description is dropped.
bool Reader::early_function(Input& in) {
  std::string_view text;
  std::uint64_t described = 0;
  if (!in.string(text, scratch_)) return false;
  const std::string name(text);
  if (!in.string(text, scratch_)) return false;
  std::string library = fmt::format("#!{} name={}\n", text, name);
  if (!in.length(described) || (described != 0 && !in.string(text, scratch_)) || !in.string(text, scratch_))
    return false;
  library += text;
  sink_.function(library);
  return true;
}

bool Reader::key_and_value(Input& in, std::uint8_t type) {
  const bool module =
      type == static_cast<std::uint8_t>(Type::kModule) || type == static_cast<std::uint8_t>(Type::kModuleUnmarked);
  if (!module && !ValueReader::known(type)) return in.fail(fmt::format("value type {} is not known", type));
  if (!in.string(record_.key, key_scratch_)) return false;
  if (module) return module_refused(in, "a value");
  if (!value_.begin(in, Type{type}, record_, sink_)) return false;
  record_ = {};
  part_ = value_.in_value() ? Part::kValue : Part::kBetween;
  return true;
}

bool Reader::module_refused(Input& in, std::string_view what) {
  std::uint64_t id = 0;
  if (!in.length(id)) return false;
  return in.fail(fmt::format("{} of the module '{}', which is not there", what, module_name(id)));
}

bool Reader::checksum(Input& in) {
  std::uint64_t stored = 0;
  if (!in.little_endian(stored)) return false;
  // 0 is written by a server that keeps no checksums.
  if (stored != 0 && stored != checksum_) {
    return in.fail(fmt::format("the checksum is {:016x}, and that of the bytes read is {:016x}", stored, checksum_));
  }
  part_ = Part::kDone;
  return true;
}

}  // namespace weir::store::rdb
