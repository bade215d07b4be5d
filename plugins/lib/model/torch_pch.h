// The one precompiled header of code on LibTorch.
#pragma once

#include <torch/all.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/lib/model/compat.h"
