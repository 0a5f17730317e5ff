#include <xgrad/nn/gradcheck.hpp>

namespace xgrad::nn {

GradcheckReport gradcheck(Module& module, const Tensor& x, GradcheckOptions options, Site site) {
  std::vector<Tensor> inputs{x};
  options.names = {"x"};
  for (const NamedTensor& parameter : module.named_parameters()) {
    inputs.push_back(parameter.tensor);
    options.names.push_back(parameter.name);
  }
  // The module has its parameters itself.
  const auto f = [&](const std::vector<Tensor>& in) { return module(Operand(in[0], site.file, site.line)); };
  // Buffers, such as running means, are as they were when this is over.
  struct Restore {
    Module& module;
    std::vector<NamedTensor> kept;
    ~Restore() { module.load_state(kept); }
  } restore{module, module.state()};
  for (NamedTensor& t : restore.kept) t.tensor = t.tensor.clone();
  return xgrad::gradcheck(f, inputs, options, site);
}

}  // namespace xgrad::nn
