// The command line of cairn-host. People do not type it; executors and the build do.
#pragma once

#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn::host {

struct Options {
  // --describe FILE [--write]: print the manifest of a library, or write it beside the library.
  fs::path describe;
  bool write = false;

  // --self-test ORDER: one attempt of a stage's self-test (self_test.h).
  fs::path self_test;
  // --preview FILE --kind KIND [--library FILE] [--rows N]: what people are shown of an artifact.
  fs::path preview;
  std::string kind;
  fs::path library;  // that defines the kind; empty: it is a common one
  std::size_t rows = 20;

  // --engine SOCKET --host ID --store DIR: serve an engine.
  fs::path engine;
  std::string host;
  fs::path store;
  // --orphan-timeout 10m: how long an attempt goes on without an engine.
  Duration orphan_timeout{600'000};
  // --privileges: what runs here may gain privileges by running setuid programs.
  bool privileges = false;
};

[[nodiscard]] Result<Options> parse_options(const std::vector<std::string>& arguments);

[[nodiscard]] const char* usage();

}  // namespace cairn::host
