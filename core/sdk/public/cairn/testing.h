// <cairn/testing.h>: all that the test of a plugin includes. Link Cairn::testing.
#pragma once

#include "core/sdk/testing/stage_harness.h"
