#pragma once
#include <cstdio>
#include <string>

#include "../common/mnist_data.hpp"
#include "model.hpp"
#include "options.hpp"
#include "training.hpp"

namespace mnist {

/// What is about to be done, in three lines, and one more where a run goes on.
void print_header(std::FILE* out, const Options& options, const xgrad::examples::MnistData& data, const Model& model,
                  std::int64_t held_out, const xgrad::nn::TrainingState& state);
/// What came of it, in two.
void print_results(std::FILE* out, const Results& results);
/// The same and more as JSON.
std::string json_report(const Options& options, const xgrad::examples::MnistData& data, const Model& model,
                        const Results& results);
/// A page with what there is to see, --report.
void write_page(const Options& options, const xgrad::examples::MnistData& data, Model& model, const Results& results);

}  // namespace mnist
