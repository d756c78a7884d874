// What a run is told as: one JSON object for programs, a few lines for people.
#pragma once

#include <string>

#include "load/run.h"

namespace weir::load {

std::string report_json(const RunOptions& options, const RunResult& result);
std::string report_text(const RunOptions& options, const RunResult& result);

}  // namespace weir::load
