// `matrix:` of a stage: axes with values, and the cells they make. Each cell becomes a task.
//
//   matrix: {lr: [0.1, 0.2], size: "${params.sizes}", exclude: [{lr: 0.1, size: big}],
//            include: [{lr: 0.5, size: small}], max_parallel: 2}
// The product of the axes, the last one fastest, without what `exclude` matches; then the cells of
// `include`. Without axes, `include` alone makes the cells.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/workflow/resolver.h"

namespace cairn {

class Matrix {
 public:
  struct Axis {
    std::vector<json::value> values;  // what only `include` has stands at the end
    std::vector<std::string> labels;  // "lr=0.1": of each value, unique
  };

  // nullopt: reported. The names of the axes go to axes as far as they are good.
  [[nodiscard]] static std::optional<Matrix> read(const YamlNode& node, const Resolver& resolver,
                                                  Diagnostics& diagnostics,
                                                  std::vector<std::string>& axes);

  [[nodiscard]] std::size_t size() const { return picks_.size() / axes_.size(); }
  [[nodiscard]] int max_parallel() const { return max_parallel_; }
  // "lr=0.1,size=small"
  [[nodiscard]] std::string label(std::size_t cell) const;
  // The values of a cell; they live as long as the matrix.
  void select(std::size_t cell, CellScope& scope) const;
  // Keeps the cells whose entry is true.
  void keep(const std::vector<bool>& kept);

 private:
  friend class MatrixReader;
  std::vector<Axis> axes_;
  std::vector<std::uint32_t> picks_;  // per cell: which value of each axis
  int max_parallel_ = 0;
};

}  // namespace cairn
