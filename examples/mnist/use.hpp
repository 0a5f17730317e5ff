#pragma once
#include "options.hpp"

namespace mnist {

/// Tests a trained network on MNIST and says what it takes for what.
void evaluate(const Options& options);

/// Says which digits a trained network sees in images.
void predict(const Options& options);

}  // namespace mnist
