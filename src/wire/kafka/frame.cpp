#include "wire/kafka/frame.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.h"
#include "base/bytes.h"

namespace weir::wire::kafka {

namespace {

constexpr std::size_t kSizeBytes = 4;
// A correlation id: there is no shorter header.
constexpr std::int32_t kMinFrameBytes = 4;

bool has_tagged_header(const Api& api, std::int16_t version, Direction direction) {
  if (direction == Direction::kResponse && api.key == ApiKey::kApiVersions) return false;
  return api.flexible(version);
}

// No header has a tagged field that means anything yet.
bool skip_tagged_fields(Reader& from) {
  std::uint32_t count = 0;
  if (!from.unsigned_varint(count)) return false;
  for (; count > 0; --count) {
    std::uint32_t tag = 0;
    std::uint32_t length = 0;
    std::string_view skipped;
    if (!from.unsigned_varint(tag) || !from.unsigned_varint(length) || !from.bytes(length, skipped)) return false;
  }
  return true;
}

bool read_client_id(Reader& from, std::optional<std::string_view>& client_id) {
  std::int64_t length = 0;
  if (!from.length(Reader::Width::kTwo, true, length)) return false;
  if (length == Reader::kNull) return true;
  return from.bytes(length, client_id.emplace());
}

}  // namespace

FrameStep take_frame(std::string_view received, std::size_t max_bytes) {
  using Status = FrameStep::Status;
  std::int32_t size = 0;
  if (!Reader(received).integer(size)) return {.status = Status::kNeedMore, .expected_bytes = kSizeBytes};
  if (size < kMinFrameBytes || static_cast<std::size_t>(size) > max_bytes) {
    return {.status = Status::kRefused, .refused_size = size};
  }
  const std::size_t whole = kSizeBytes + static_cast<std::size_t>(size);
  if (received.size() < whole) return {.status = Status::kNeedMore, .expected_bytes = whole};
  return {.status = Status::kFrame, .frame = received.substr(kSizeBytes, whole - kSizeBytes), .consumed = whole};
}

base::Result<RequestHeader> parse_request(std::string_view frame) {
  Reader from(frame);
  std::int16_t key = 0;
  RequestHeader header{};
  if (!from.integer(key) || !from.integer(header.version) || !from.integer(header.correlation_id)) {
    return from.error("request header");
  }
  header.api = find_api(key);
  if (header.api == nullptr) return base::reject(fmt::format("request header: no API has the key {}", key));
  const Api& api = *header.api;
  header.supported = api.declares(header.version);
  if (!header.supported) {
    if (api.key == ApiKey::kApiVersions) return header;
    return base::reject(fmt::format("request header: {} v{} is not served, only v{} to v{}", api.name, header.version,
                                    api.min_version, api.max_version));
  }
  const auto reading = [&] { return fmt::format("{} v{} request header", api.name, header.version); };
  if (!read_client_id(from, header.client_id)) {
    from.within("client_id");
    return from.error(reading());
  }
  if (has_tagged_header(api, header.version, Direction::kRequest) && !skip_tagged_fields(from)) {
    from.within("tagged fields");
    return from.error(reading());
  }
  header.body = from.rest();
  return header;
}

base::Result<std::string_view> parse_response(std::string_view frame, const Api& api, std::int16_t version,
                                              std::int32_t correlation_id) {
  Reader from(frame);
  const auto reading = [&] { return fmt::format("{} v{} response header", api.name, version); };
  std::int32_t answered = 0;
  if (!from.integer(answered)) return from.error(reading());
  if (answered != correlation_id) {
    return base::fatal(fmt::format("{}: the answer to {}, {} was expected", reading(), answered, correlation_id));
  }
  if (has_tagged_header(api, version, Direction::kResponse) && !skip_tagged_fields(from)) {
    from.within("tagged fields");
    return from.error(reading());
  }
  return from.rest();
}

namespace frame_detail {

std::size_t begin_request(std::string& to, const Api& api, std::int16_t version, std::int32_t correlation_id,
                          std::optional<std::string_view> client_id) {
  const std::size_t begin = to.size();
  Writer writer(to);
  writer.integer(std::int32_t{0});
  writer.integer(static_cast<std::int16_t>(api.key));
  writer.integer(version);
  writer.integer(correlation_id);
  if (client_id) {
    writer.short_length(client_id->size());
    writer.bytes(*client_id);
  } else {
    writer.integer(std::int16_t{-1});
  }
  if (has_tagged_header(api, version, Direction::kRequest)) writer.unsigned_varint(0);
  return begin;
}

std::size_t begin_response(std::string& to, const Api& api, std::int16_t version, std::int32_t correlation_id) {
  const std::size_t begin = to.size();
  Writer writer(to);
  writer.integer(std::int32_t{0});
  writer.integer(correlation_id);
  if (has_tagged_header(api, version, Direction::kResponse)) writer.unsigned_varint(0);
  return begin;
}

void finish(std::string& to, std::size_t begin, std::size_t spliced_bytes) {
  const std::size_t size = to.size() - begin - kSizeBytes + spliced_bytes;
  WEIR_ASSERT(size <= 0x7fffffff);
  std::string bytes;
  base::append_big_endian(bytes, static_cast<std::int32_t>(size));
  std::copy(bytes.begin(), bytes.end(), to.begin() + static_cast<std::ptrdiff_t>(begin));
}

}  // namespace frame_detail

}  // namespace weir::wire::kafka
