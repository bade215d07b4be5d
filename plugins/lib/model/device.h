// Where a model computes: on the CPU, unless CUDA is there and asked for.
#pragma once

#include <torch/all.h>

#include <string>

#include "core/base/result.h"

namespace cairn::model {

// "cpu", "cuda" (the first device that CUDA_VISIBLE_DEVICES leaves) or "cuda:N". kInvalidArgument
// for another name; else as check_device.
[[nodiscard]] Result<at::Device> device_named(const std::string& name);

// Of a stage that was given this many GPUs: the CPU for none, else the first of them.
[[nodiscard]] Result<at::Device> device_for_gpus(int gpus);

// kUnavailable for a CUDA device that is not there; says what was asked for and what there is.
[[nodiscard]] Result<void> check_device(const at::Device& device);

}  // namespace cairn::model
