// The HTTP/1.1 codec against llhttp's published cases: inputs with the events that llhttp reports for them, strict and
// lenient. We must understand every strict case as llhttp does and reject every input that only leniency lets through;
// where we differ on purpose the case is listed below with our answer, and a listed case that no longer differs fails.
//
// The cases are data that is not part of this repository: $WEIR_DATA/http/llhttp-cases.tar.zst, else ../shared/data. On
// CI they have to be there.
#include <cstdlib>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "tests/protocol_oracle/tar_zst.h"
#include "wire/http1/body.h"
#include "wire/http1/head.h"

namespace weir::wire::http1 {
namespace {

struct Case {
  std::string name;  // file: title, with #2 and so on where a file repeats a title
  bool response = false;
  bool lenient = false;
  bool skip_body = false;
  std::string input;
  std::string log;
};

struct Message {
  std::string start;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string payload;
  bool complete = false;

  friend bool operator==(const Message&, const Message&) = default;
};

// What a parser made of an input.
struct Outcome {
  std::vector<Message> messages;  // Whose head was complete.
  std::string rejection;          // Empty if nothing was wrong.
};

void PrintTo(const Outcome& outcome, std::ostream* out) {
  for (const Message& message : outcome.messages) {
    *out << "\n  " << base::printable(message.start);
    for (const auto& [name, value] : message.fields) *out << " | " << name << ": " << base::printable(value);
    *out << " | payload '" << base::printable(message.payload) << (message.complete ? "' complete" : "' incomplete");
  }
  if (!outcome.rejection.empty()) *out << "\n  rejected: " << outcome.rejection;
}

// A case's input is written with escapes, where \xff means the character, which goes over the wire as UTF-8.
std::string unescape(std::string_view block) {
  if (block.ends_with('\n')) block.remove_suffix(1);
  std::string bytes;
  const auto add_character = [&bytes](std::string_view digits, int base) {
    const int character = std::stoi(std::string(digits), nullptr, base);
    if (character >= 0x80) bytes += static_cast<char>(0xc0 | (character >> 6));
    bytes += static_cast<char>(character >= 0x80 ? 0x80 | (character & 0x3f) : character);
  };
  for (std::size_t i = 0; i < block.size(); ++i) {
    const auto octal = [&](std::size_t at) { return at < block.size() && block[at] >= '0' && block[at] <= '7'; };
    const char next = i + 1 < block.size() ? block[i + 1] : '\0';
    if (block[i] == '\n') {
      bytes += "\r\n";
    } else if (block[i] != '\\') {
      bytes += block[i];
    } else if (next == '\n') {
      ++i;
    } else if (next == 'r' || next == 'n' || next == 't' || next == 'f') {
      bytes += next == 'r' ? '\r' : next == 'n' ? '\n' : next == 't' ? '\t' : '\f';
      ++i;
    } else if (next == 'x') {
      add_character(block.substr(i + 2, 2), 16);
      i += 3;
    } else if (octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      add_character(block.substr(i + 1, 3), 8);
      i += 3;
    } else {
      bytes += '\\';
    }
  }
  return bytes;
}

std::vector<Case> read_cases(const std::string& file, std::string_view text) {
  std::vector<Case> cases;
  std::map<std::string, int> seen;
  std::string title, meta, input, fence;
  std::string* block = nullptr;
  std::string log;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.starts_with("```")) {
      if (block != nullptr) {
        if (block == &log && !meta.empty()) {
          const int number = ++seen[title];
          Case& added = cases.emplace_back();
          added.name = file + ": " + title + (number > 1 ? " #" + std::to_string(number) : "");
          added.response = meta.find("\"response") != std::string::npos;
          added.lenient = meta.find("-lenient-") != std::string::npos;
          added.skip_body = meta.find("skipBody") != std::string::npos;
          added.input = unescape(input);
          added.log = log;
        }
        block = nullptr;
      } else {
        block = line == "```log" ? &log : &input;
        block->clear();
      }
    } else if (block != nullptr) {
      block->append(line) += '\n';
    } else if (line.starts_with('#')) {
      title = line.substr(line.find_first_not_of("# "));
    } else if (line.starts_with("<!-- meta=")) {
      meta = line;
    }
  }
  return cases;
}

std::string_view trimmed(std::string_view value) {
  const std::size_t first = value.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return value.substr(first, value.find_last_not_of(" \t") - first + 1);
}

// The log's lines are "off=N [len=N span[NAME]=...|EVENT]". The spans' bytes are taken from the input.
Outcome llhttp_outcome(const Case& the_case) {
  Outcome outcome;
  Message message;
  bool in_body = false;
  std::string name, value;
  std::string_view log = the_case.log;
  const auto number_behind = [](std::string_view line, std::string_view key) {
    const std::size_t at = line.find(key);
    return at == std::string_view::npos ? 0 : std::strtoul(line.data() + at + key.size(), nullptr, 10);
  };
  const auto put = [&] {
    if (in_body) outcome.messages.back() = message;
  };
  while (!log.empty()) {
    const std::size_t end = std::min(log.find('\n'), log.size() - 1);
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(end + 1);
    const std::string bytes = the_case.input.substr(std::min(number_behind(line, "off="), the_case.input.size()),
                                                    number_behind(line, " len="));
    const auto has = [line](std::string_view what) { return line.find(what) != std::string_view::npos; };
    if (has("message begin")) {
      message = {};
      in_body = false;
    } else if (has(" span[method]=")) {
      message.start += bytes;
    } else if (has(" span[url]=")) {
      // A target that arrives in pieces is reported in pieces.
      message.start += (message.start.find(' ') == std::string::npos ? " " : "") + bytes;
    } else if (has("headers complete")) {
      if (the_case.response) message.start = std::to_string(number_behind(line, "status="));
      in_body = true;
      outcome.messages.push_back(message);
    } else if (has(" span[header_field]=")) {
      name += bytes;
    } else if (has(" span[header_value]=")) {
      value += bytes;
    } else if (has("header_value complete")) {
      if (!in_body) message.fields.emplace_back(name, trimmed(value));  // Else it is a trailer.
      name.clear();
      value.clear();
    } else if (has(" span[body]=")) {
      message.payload += bytes;
      put();
    } else if (has("message complete")) {
      message.complete = true;
      put();
    } else if (has(" error code=")) {
      const auto code = number_behind(line, "code=");
      // 5: bytes behind the last message of a connection; 21 and 22: llhttp stops for its user. We stop there too.
      if (code != 5 && code != 21 && code != 22) outcome.rejection = line;
    }
  }
  return outcome;
}

// llhttp judges bytes as they come, we judge whole heads: with `end_open_head`, one that the input leaves open is ended
// and judged, though not taken as a message.
Outcome our_outcome(std::string input, bool response, bool end_open_head) {
  // The largest that a length may be.
  const Limits limits{.body_bytes = 1ull << 63};
  while (true) {
    Outcome outcome;
    std::string_view rest = input;
    bool missing_host = false, in_head = false;
    for (bool more = true; more && !rest.empty();) {
      HeadScanner scanner(response ? http1::Message::kResponse : http1::Message::kRequest, limits);
      const HeadScanner::Status scanned = scanner.scan(rest);
      if (scanned == HeadScanner::Status::kRejected) outcome.rejection = scanner.rejection().reason;
      in_head = scanned == HeadScanner::Status::kNeedMore;
      if (scanned != HeadScanner::Status::kComplete) break;
      const std::string_view bytes = rest.substr(0, scanner.head_bytes());
      RequestHead request;
      ResponseHead answer;
      const auto rejection =
          response ? parse_response_head(bytes, "GET", limits, answer) : parse_request_head(bytes, limits, request);
      if (rejection) {
        outcome.rejection = rejection->reason;
        missing_host = rejection->reason == "Host is missing";
        break;
      }
      Message& message = outcome.messages.emplace_back();
      message.start =
          response ? std::to_string(answer.status) : std::string(request.method) + " " + std::string(request.target);
      for (const Field& field : response ? answer.fields : request.fields) {
        if (field.value != "added.invalid") message.fields.emplace_back(field.name, field.value);
      }
      rest.remove_prefix(bytes.size());
      BodyDecoder decoder(response ? answer.body : request.body,
                          response ? http1::Message::kResponse : http1::Message::kRequest, limits);
      for (bool in_body = true; in_body;) {
        const BodyDecoder::Step step = decoder.decode(rest);
        message.payload += step.data;
        rest.remove_prefix(step.consumed);
        in_body = step.status == BodyDecoder::Status::kData;
        if (step.status == BodyDecoder::Status::kRejected) outcome.rejection = decoder.rejection().reason;
      }
      message.complete = decoder.done();
      more = decoder.done() && (response ? (answer.keep_alive || answer.status < 200) && !answer.tunnel
                                         : request.keep_alive && request.upgrade.empty());
    }
    if (in_head && end_open_head) {
      const std::size_t messages = outcome.messages.size();
      outcome = our_outcome(input + "\r\n\r\n", response, false);
      if (outcome.rejection.empty()) outcome.messages.resize(messages);
      return outcome;
    }
    if (!missing_host) return outcome;
    // Most cases have no Host, which we require: this one gets it, behind its request line, and is read once more.
    std::size_t line = input.size() - rest.size();
    while (input.compare(line, 2, "\r\n") == 0) line += 2;
    input.insert(input.find("\r\n", line) + 2, "Host: added.invalid\r\n");
  }
}

// Empty if both make the same of it.
std::string difference(const Case& the_case, const Outcome& theirs, const Outcome& ours) {
  if (the_case.lenient) return ours.rejection.empty() ? "accepted, though only leniency allows it" : "";
  if (theirs.rejection.empty() && !ours.rejection.empty()) return ours.rejection;
  if (!theirs.rejection.empty() && ours.rejection.empty()) return "accepted";
  if (theirs.rejection.empty() && theirs.messages != ours.messages) return "understood otherwise";
  return "";
}

// Where we differ on purpose, and what difference() then says.
struct Deviation {
  std::string_view name;
  std::string_view ours;
};

constexpr Deviation kDeviations[] = {
    // Any token is a method to the codec: which ones a route takes is the gateway's decision.
    {"request/invalid.md: HTTP protocol and ANNOUNCE method", "accepted"},
    {"request/invalid.md: Invalid method", "accepted"},
    // A codec for HTTP only, from 1.0 on.
    {"request/method.md: SOURCE request with ICE", "malformed HTTP version"},
    {"request/method.md: OPTIONS request with RTSP", "malformed HTTP version"},
    {"request/method.md: ANNOUNCE request with RTSP", "malformed HTTP version"},
    {"request/sample.md: No HTTP version", "malformed target"},
    {"response/sample.md: RTSP response", "malformed HTTP version"},
    {"response/sample.md: ICE response", "malformed HTTP version"},
    {"response/sample.md: HTTP version 0.9", "HTTP version not supported"},
    // Targets: no fragment, no quotes, no user before the host, * only for OPTIONS (RFC 9112, 3.2; RFC 9110, 4.2.4).
    {"request/transfer-encoding.md: POST with `chunked` as last transfer-encoding", "malformed target"},
    {"request/transfer-encoding.md: POST with `chunked` as last transfer-encoding (multiple headers)",
     "malformed target"},
    {"request/uri.md: Quotes in URI", "malformed target"},
    {"request/uri.md: Fragment in URI", "malformed target"},
    {"request/uri.md: `host:port` and basic auth", "malformed authority in the target"},
    {"request/method.md: M-SEARCH request", "only OPTIONS may have * as its target"},
    // The content of CONNECT has no meaning, and what follows may be taken for the tunnel's bytes.
    {"request/method.md: CONNECT with body", "CONNECT with a body"},
    // A response begins where the last one ended: empty lines between them mean that the two sides disagree about that.
    {"response/connection.md: HTTP 304 with Content-Length", "malformed HTTP version"},
    {"response/connection.md: HTTP 100 first, then 400", "malformed HTTP version"},
    {"response/sample.md: Response starting with CRLF", "malformed HTTP version"},
    // llhttp reads such a response until the server closes; a gateway cannot tell its framing to the client.
    {"response/transfer-encoding.md: `chunked` before other transfer-encoding",
     "chunked is not the last transfer coding"},
    {"response/transfer-encoding.md: multiple transfer-encoding where chunked is not the last one",
     "chunked is not the last transfer coding"},
    {"response/transfer-encoding.md: `chunkedchunked` transfer-encoding does not enable chunked enconding",
     "the last transfer coding is not chunked"},
    // What leniency would let through there stands behind the last message of a connection: it is left unread.
    {"request/connection.md: Resetting flags when keep-alive is off (1.0, lenient)",
     "accepted, though only leniency allows it"},
    {"request/connection.md: CRLF between requests, explicit `close` (lenient)",
     "accepted, though only leniency allows it"},
    {"response/connection.md: HTTP/1.1 with keep-alive disabled, content-length (lenient)",
     "accepted, though only leniency allows it"},
    {"response/connection.md: HTTP/1.1 with keep-alive disabled and 204 status (lenient)",
     "accepted, though only leniency allows it"},
};

std::optional<std::map<std::string, std::string>> archive() {
  const char* const data = std::getenv("WEIR_DATA");
  const std::filesystem::path root =
      data != nullptr ? data : std::filesystem::path(WEIR_SOURCE_DIR) / ".." / "shared" / "data";
  return test::read_tar_zst(root / "http" / "llhttp-cases.tar.zst");
}

TEST(LlhttpCases, AreUnderstoodAsLlhttpDoesOrDifferentlyForAReason) {
  const auto files = archive();
  if (!files) {
    const char* const ci = std::getenv("CI");
    ASSERT_FALSE(ci != nullptr && std::string_view(ci) == "true") << "http/llhttp-cases.tar.zst must be there on CI";
    GTEST_SKIP() << "http/llhttp-cases.tar.zst is not in $WEIR_DATA nor in ../shared/data";
  }
  std::map<std::string, std::string_view> deviations;
  for (const Deviation& deviation : kDeviations) deviations[std::string(deviation.name)] = deviation.ours;

  int checked = 0;
  for (const auto& [path, text] : *files) {
    // The archive's url.md speaks of an interface that we do not have.
    const std::filesystem::path file(path);
    const std::filesystem::path folder = file.parent_path().filename();
    if (file.extension() != ".md" || (folder != "request" && folder != "response")) continue;
    for (const Case& the_case : read_cases(folder / file.filename(), text)) {
      if (the_case.skip_body) continue;  // llhttp's user says there that no body follows, against what the head says.
      ++checked;
      const Outcome theirs = llhttp_outcome(the_case);
      const Outcome ours =
          our_outcome(the_case.input, the_case.response, the_case.lenient || !theirs.rejection.empty());
      const auto deviation = deviations.find(the_case.name);
      const std::string_view expected = deviation == deviations.end() ? "" : deviation->second;
      EXPECT_EQ(difference(the_case, theirs, ours), expected)
          << the_case.name << "\nllhttp: " << testing::PrintToString(theirs)
          << "\nours: " << testing::PrintToString(ours);
      if (deviation != deviations.end()) deviations.erase(deviation);
    }
  }
  EXPECT_GT(checked, 200);
  for (const auto& [name, ours] : deviations) ADD_FAILURE() << "listed, but no such case: " << name;
}

}  // namespace
}  // namespace weir::wire::http1
