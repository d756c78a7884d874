// Plan: what `weir up` runs: the parts with their command lines, their settings files and where they answer. A core:
// settings in, values out; ops/up writes the files and starts the processes.
//
//     client -> gateway :0 -> shop :10 -> store :20        (offsets from the base port)
//                  |1            |10          |21          where each answers /healthz and /metrics
//     status of the whole: :90
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ops/core/supervisor.h"

namespace weir::ops {

struct UpSettings {
  std::string data = "weir-data";
  std::uint16_t base_port = 7700;
  std::string log_level = "info";
};

// The ports reach from base_port to base_port + kPortRange - 1.
inline constexpr std::uint16_t kPortRange = 100;

struct PlannedFile {
  std::string path;
  std::string text;
};

struct PlannedPort {
  std::uint16_t port;
  std::string purpose;  // "gateway", "store: metrics and health"
};

struct PlannedPart {
  PartSpec spec;
  std::vector<std::string> arguments;  // After the executable: the role and its arguments.
  std::vector<PlannedFile> files;
  std::vector<PlannedPort> ports;
  std::string health;     // "127.0.0.1:7721": where /healthz answers.
  std::string address;    // What the user is shown.
  std::string directory;  // Its data, created before it starts; empty: none.
};

struct Plan {
  std::vector<PlannedPart> parts;
  std::string gateway;  // "127.0.0.1:7700"
  std::string status;   // Where the supervisor answers /status.
  PlannedPort status_port;
};

Plan make_plan(const UpSettings& settings);

// The file by which other commands find a running system: pid, addresses. TOML.
std::string up_file(const Plan& plan, std::int64_t pid);

}  // namespace weir::ops
