// Workload: what the requests of a run are, and how to tell where a reply ends. The engine knows no protocol; it asks
// a workload for request bytes and a scanner, one for each connection, to count what comes back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace weir::load {

struct Replies {
  std::uint64_t complete = 0;
  std::uint64_t errors = 0;  // Of those: what the protocol calls an error.
};

class ReplyScanner {
 public:
  virtual ~ReplyScanner() = default;
  // Takes the next bytes of the connection, split anywhere. False if they are not the protocol's.
  virtual bool scan(std::string_view bytes, Replies& replies) = 0;
};

class Workload {
 public:
  virtual ~Workload() = default;
  virtual void append_request(std::string& output) = 0;
  virtual std::unique_ptr<ReplyScanner> make_scanner() const = 0;
};

// Which keys are asked for: uniformly random ones of the key space, or all of them in turn.
class KeySource {
 public:
  KeySource(std::uint64_t count, bool in_order, std::uint64_t seed)
      : random_(seed), count_(count), in_order_(in_order) {}
  std::uint64_t next() { return in_order_ ? next_++ % count_ : random_.below(count_); }

 private:
  base::Random random_;
  std::uint64_t count_;
  std::uint64_t next_ = 0;
  bool in_order_;
};

// The bytes of a request, made once; only the digits of its key change from one to the next.
class RequestTemplate {
 public:
  // What stands for the key in the text that a user gives, and how long it is once it is a number.
  static constexpr std::string_view kKeyPlaceholder = "__key__";
  static constexpr std::size_t kKeyDigits = 12;

  // Every kKeyPlaceholder in `text` becomes a key. A length that a protocol puts before the text counts kKeyDigits for
  // each: see expanded_size().
  explicit RequestTemplate(std::string_view text);
  static std::size_t expanded_size(std::string_view text);

  void append(std::string& output, KeySource& keys) const;

 private:
  std::string bytes_;
  std::vector<std::size_t> key_offsets_;
};

}  // namespace weir::load
