#include "plugins/lib/model/device.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include "plugins/lib/model/compat.h"

namespace cairn::model {
namespace {

constexpr std::string_view kCuda = "cuda";

std::string library() {
  return std::string("LibTorch ") + TORCH_VERSION;
}

// What keeps devices from being seen, as far as this process can tell.
std::string visible() {
  const char* chosen = std::getenv("CUDA_VISIBLE_DEVICES");
  if (chosen == nullptr) return "";
  return std::string(" (CUDA_VISIBLE_DEVICES is '") + chosen + "')";
}

}  // namespace

Result<void> check_device(const at::Device& device) {
  if (!device.is_cuda()) return {};
  const std::string asked = device.str() + " was asked for, but ";
  if (!at::globalContext().hasCUDART()) {
    return make_error(ErrorCode::kUnavailable, asked + library() + " was built without CUDA",
                      "compute on the CPU, or build Cairn with a LibTorch that has CUDA: cmake "
                      "-DCAIRN_TORCH_DIR=FOLDER");
  }
  const auto count = static_cast<int>(torch::cuda::device_count());
  if (count == 0) {
    return make_error(ErrorCode::kUnavailable,
                      asked + library() + " sees no CUDA device" + visible(),
                      "compute on the CPU, or on a machine whose driver fits; a stage sees the "
                      "devices that its resources ask for, as gpus: 1");
  }
  if (device.has_index() && device.index() >= count) {
    return make_error(ErrorCode::kUnavailable,
                      asked + "there are " + std::to_string(count) + ", counted from 0" + visible(),
                      "name one from cuda:0 to cuda:" + std::to_string(count - 1));
  }
  return {};
}

Result<at::Device> device_named(const std::string& name) {
  if (name == "cpu") return at::Device(at::kCPU);
  int index = 0;
  const bool numbered = name.starts_with("cuda:");
  const char* end = name.data() + name.size();
  if (numbered) {
    const auto [stop, error] = std::from_chars(name.data() + kCuda.size() + 1, end, index);
    if (error != std::errc() || stop != end || index < 0 || index > 127) index = -1;
  }
  if (index < 0 || (!numbered && name != kCuda)) {
    return invalid_argument("there is no device called '" + name + "'",
                            "use cpu, cuda, or cuda:N for device N, counted from 0");
  }
  const at::Device device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
  CAIRN_TRY(check_device(device));
  return device;
}

Result<at::Device> device_for_gpus(int gpus) {
  return device_named(gpus > 0 ? std::string(kCuda) : "cpu");
}

}  // namespace cairn::model
