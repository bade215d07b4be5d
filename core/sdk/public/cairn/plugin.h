// <cairn/plugin.h>: all that a plugin includes.
#pragma once

#include "core/sdk/plugin.h"
#include "core/sdk/segmented_log.h"
