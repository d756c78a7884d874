// The RESP workload: a weighted mix of commands against keys key:000000000000 and up, or one command of the user's.
#pragma once

#include "base/error.h"
#include "load/workload.h"

namespace weir::load {

struct RespOptions {
  // "get", "set", "incr", "ping", alone or weighted: "get=9,set=1".
  std::string mix = "get";
  // Instead of a mix: words separated by spaces, in which __key__ becomes a key's digits and __value__ the value.
  std::string command{};
  std::uint64_t keys = 1'000'000;
  bool keys_in_order = false;
  std::size_t value_bytes = 64;
  std::uint64_t seed = 1;
};

// Finds the ends of RESP2 and RESP3 replies without looking into them: it only counts how many values are still to
// come until the reply is whole, to which an aggregate adds its length.
class RespScanner final : public ReplyScanner {
 public:
  bool scan(std::string_view bytes, Replies& replies) override;

 private:
  bool take_line(std::string_view line, Replies& replies);

  std::uint64_t values_to_come_ = 1;
  std::uint64_t bytes_to_skip_ = 0;  // Of a bulk string and its line end.
  bool is_begun_ = false;
  bool is_error_ = false;
  bool is_push_ = false;
  std::string line_;  // The beginning of a line whose end has not arrived.
};

class RespWorkload final : public Workload {
 public:
  static base::Result<std::unique_ptr<Workload>> create(const RespOptions& options);

  void append_request(std::string& output) override;
  std::unique_ptr<ReplyScanner> make_scanner() const override { return std::make_unique<RespScanner>(); }

 private:
  explicit RespWorkload(const RespOptions& options);

  struct Share {
    std::uint64_t up_to;  // Of the weights added up, this one included.
    RequestTemplate request;
  };

  base::Random random_;
  KeySource keys_;
  std::vector<Share> shares_;
};

// A command as the protocol sends it; `words` may hold placeholders.
std::string resp_command(const std::vector<std::string>& words);

}  // namespace weir::load
