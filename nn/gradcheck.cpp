#include <xgrad/nn/gradcheck.hpp>

#include <algorithm>

namespace xgrad::nn {

GradcheckReport gradcheck(Module& module, const Tensor& x, GradcheckOptions options, Site site) {
  std::vector<Tensor> inputs{x};
  options.names = {"x"};
  const std::vector<std::string> frozen = module.frozen();
  for (const NamedTensor& parameter : module.named_parameters()) {
    if (std::find(frozen.begin(), frozen.end(), parameter.name) != frozen.end()) continue;
    inputs.push_back(parameter.tensor);
    options.names.push_back(parameter.name);
  }
  // The module has its parameters itself.
  const auto f = [&](const std::vector<Tensor>& in) { return module(Operand(in[0], site.file, site.line)); };
  // Buffers, such as running means, are as they were when this is over.
  std::vector<NamedTensor> kept = module.state();
  for (NamedTensor& t : kept) t.tensor = t.tensor.clone();
  GradcheckReport report;
  try {
    report = xgrad::gradcheck(f, inputs, options, site);
  } catch (...) {
    module.load_state(kept, true, site);
    throw;
  }
  module.load_state(kept, true, site);
  return report;
}

}  // namespace xgrad::nn
