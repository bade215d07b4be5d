// The precompiled header of the commands: what nearly all of them include, and takes long to read.
#pragma once

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"
#include "core/server/on_strand.h"
