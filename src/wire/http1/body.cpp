#include "wire/http1/body.h"

#include <algorithm>

#include "base/assert.h"
#include "wire/http1/grammar.h"

namespace weir::wire::http1 {
namespace {

// Sixteen digits hold every 64-bit size; leading zeros count, or they could go on for ever.
constexpr std::size_t kMaxSizeDigits = 16;
// The empty line alone.
constexpr std::size_t kEmptyTrailers = 2;

Limits trailer_limits(const Limits& limits) {
  Limits trailers = limits;
  trailers.head_bytes = limits.trailer_bytes;
  return trailers;
}

}  // namespace

BodyDecoder::BodyDecoder(Body body, Message message, const Limits& limits)
    // An empty line ends the trailers at once, as it ends a response's head: neither passes over any.
    : limits_(trailer_limits(limits)),
      message_(message),
      state_(State::kDone),
      trailer_scanner_(Message::kResponse, limits_) {
  switch (body.framing) {
    case Framing::kNone: break;
    case Framing::kLength:
      left_ = body.length;
      if (left_ > 0) state_ = State::kLength;
      break;
    case Framing::kChunked: state_ = State::kSizeFirst; break;
    case Framing::kUntilClose: state_ = State::kUntilClose; break;
  }
}

BodyDecoder::Step BodyDecoder::decode(std::string_view received) {
  for (std::size_t at = 0;; ++at) {
    if (state_ == State::kDone) return {Status::kDone, at, {}};
    if (state_ == State::kRejected) return {Status::kRejected, at, {}};
    if (state_ == State::kTrailers) return take_trailers(received, at);
    if (at == received.size()) return {Status::kNeedMore, at, {}};
    const char c = received[at];
    switch (state_) {
      case State::kLength:
      case State::kUntilClose:
      case State::kData: return give(received, at);
      case State::kSizeFirst:
        left_ = 0;
        size_digits_ = 0;
        if (!take_size_digit(c)) return reject(400, "malformed chunk size");
        state_ = State::kSize;
        break;
      case State::kSize:
        if (take_size_digit(c)) break;
        if (size_digits_ > kMaxSizeDigits) return reject(400, "chunk size overflows");
        state_ = behind_extension(c);
        if (state_ == State::kRejected) return reject(400, "malformed chunk size");
        // Told now, before the peer sends it. Compared without adding, so that nothing overflows.
        if (left_ > limits_.body_bytes - payload_bytes_) return reject(413, "the body is too large");
        break;
      case State::kSizeLf:
        if (c != '\n') return reject(400, "a chunk's line ends without LF");
        state_ = left_ > 0 ? State::kData : State::kTrailers;
        break;
      case State::kDataCr:
        if (c != '\r') return reject(400, "a chunk's data does not end in CRLF");
        state_ = State::kDataLf;
        break;
      case State::kDataLf:
        if (c != '\n') return reject(400, "a chunk's data does not end in CRLF");
        state_ = State::kSizeFirst;
        break;
      default:
        if (++extension_bytes_ > limits_.chunk_extension_bytes) return reject(400, "too many chunk extensions");
        if (!take_extension(c)) return reject(400, "malformed chunk extension");
        break;
    }
  }
}

BodyDecoder::Step BodyDecoder::give(std::string_view received, std::size_t from) {
  std::string_view piece = received.substr(from);
  if (state_ == State::kUntilClose) {
    // Only here the size was not known beforehand. What the limit allows is given out first, so that the outcome does
    // not depend on how the bytes arrived.
    const std::uint64_t allowed = limits_.body_bytes - payload_bytes_;
    if (allowed == 0) return reject(413, "the body is too large");
    piece = piece.substr(0, std::min<std::uint64_t>(piece.size(), allowed));
  } else {
    piece = piece.substr(0, std::min<std::uint64_t>(piece.size(), left_));
    left_ -= piece.size();
    if (left_ == 0) state_ = state_ == State::kLength ? State::kDone : State::kDataCr;
  }
  payload_bytes_ += piece.size();
  return {Status::kData, from + piece.size(), piece};
}

BodyDecoder::Step BodyDecoder::reject(int status, std::string_view reason) {
  state_ = State::kRejected;
  rejection_ = {message_ == Message::kResponse ? 502 : status, reason};
  return {Status::kRejected, 0, {}};
}

// False if `c` is no digit, or one too many, which size_digits_ tells.
bool BodyDecoder::take_size_digit(char c) {
  unsigned digit = 16;
  if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A') + 10;
  if (digit == 16 || ++size_digits_ > kMaxSizeDigits) return false;
  left_ = left_ * 16 + digit;
  return true;
}

// chunk-ext = *( ";" name [ "=" ( token / quoted-string ) ] )
bool BodyDecoder::take_extension(char c) {
  switch (state_) {
    case State::kExtensionNameFirst:
    case State::kExtensionValueFirst:
      if (is(c, character::kToken)) {
        state_ = state_ == State::kExtensionNameFirst ? State::kExtensionName : State::kExtensionValue;
      } else if (c == '"' && state_ == State::kExtensionValueFirst) {
        state_ = State::kExtensionQuoted;
      } else {
        return false;
      }
      return true;
    case State::kExtensionName:
      if (is(c, character::kToken)) return true;
      state_ = c == '=' ? State::kExtensionValueFirst : behind_extension(c);
      break;
    case State::kExtensionValue:
      if (is(c, character::kToken)) return true;
      state_ = behind_extension(c);
      break;
    case State::kExtensionQuoted:
      if (!is(c, character::kValue)) return false;
      if (c == '\\') state_ = State::kExtensionEscape;
      if (c == '"') state_ = State::kExtensionUnquoted;
      return true;
    case State::kExtensionEscape: state_ = State::kExtensionQuoted; return is(c, character::kValue);
    case State::kExtensionUnquoted: state_ = behind_extension(c); break;
    default: WEIR_ASSERT(!"a state of the chunk's extensions");
  }
  return state_ != State::kRejected;
}

BodyDecoder::State BodyDecoder::behind_extension(char c) const {
  if (c == ';') return State::kExtensionNameFirst;
  return c == '\r' ? State::kSizeLf : State::kRejected;
}

BodyDecoder::Step BodyDecoder::take_trailers(std::string_view received, std::size_t from) {
  const std::string_view section = received.substr(from);
  switch (trailer_scanner_.scan(section)) {
    case HeadScanner::Status::kNeedMore: return {Status::kNeedMore, from, {}};
    case HeadScanner::Status::kRejected:
      if (trailer_scanner_.too_large()) return reject(431, "the trailers are too large");
      return reject(400, trailer_scanner_.rejection().reason);
    case HeadScanner::Status::kComplete: break;
  }
  const std::size_t bytes = trailer_scanner_.head_bytes();
  if (bytes > kEmptyTrailers) {
    Fields trailers;
    if (const auto rejection = parse_trailers(section.substr(0, bytes), message_, limits_, trailers)) {
      return reject(rejection->status, rejection->reason);
    }
    trailer_section_ = section.substr(0, bytes);
  }
  state_ = State::kDone;
  return {Status::kDone, from + bytes, {}};
}

}  // namespace weir::wire::http1
