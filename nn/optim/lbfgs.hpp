#pragma once
#include <cstdint>
#include <vector>

#include <xgrad/nn/optim/optimizer.hpp>

namespace xgrad::nn {

/// L-BFGS as PyTorch defines it.
struct LbfgsOptions {
  double lr = 1;
  std::int64_t max_iter = 20;
  std::int64_t max_eval = 0;  ///< evaluations of the loss in a step; 0: 1.25 max_iter
  double tolerance_grad = 1e-7, tolerance_change = 1e-9;
  std::int64_t history_size = 100;
  bool strong_wolfe = false;  ///< a line search for Wolfe's strong conditions; else every step has length lr
};

/// Limited-memory BFGS (Nocedal, 1980): up to max_iter quasi-Newton steps at a time over all parameters together, which
/// have one dtype. It evaluates the loss itself, several times, so a step takes a function that does that:
///     optimizer.step([&] {
///       optimizer.zero_grad();
///       Tape tape;
///       Tensor loss = mse_loss(net(x), y);
///       loss.backward();
///       return loss;
///     });
class LBFGS : public Optimizer {
 public:
  /// ValueError: an option that means nothing, parameters of two dtypes.
  explicit LBFGS(std::vector<Tensor> parameters, const LbfgsOptions& options = {}, Site site = Site::here());
  /// The loss at the beginning.
  template <class Closure> double step(const Closure& loss) {
    return minimize({&loss, [](const void* f) { return (*static_cast<const Closure*>(f))().item(); }});
  }
  /// ValueError: always; a step needs a function.
  void step(Site site = Site::here()) override;

 private:
  struct Loss {
    const void* closure;
    double (*call)(const void*);
  };
  /// A place on the line that is searched.
  struct Point {
    double t, loss;
    Tensor grad;
    double slope;
  };
  double minimize(Loss loss);
  Tensor next_direction(const Tensor& grad);
  Tensor flat_gradient() const;
  void move(const std::vector<Tensor>& from, double t);
  Point evaluate(Loss loss, const std::vector<Tensor>& from, double t);
  Point search(Loss loss, const std::vector<Tensor>& from, const Point& start, double t, std::int64_t& evaluations);
  Point narrow(Loss loss, const std::vector<Tensor>& from, const Point& start, Point low, Point high,
               std::int64_t& evaluations, std::int64_t rounds);
  void save(std::vector<NamedTensor>& state) const override;
  void load(StateReader& reader) override;

  /// Steps s and what they changed the gradient by, y; rho = 1 / (y s).
  struct Memory {
    Tensor y, s;
    double rho;
  };
  LbfgsOptions options_;
  std::int64_t count_ = 0;
  double length_ = 0, diagonal_ = 1;  // the last step's t; the Hessian's inverse before what is remembered
  Tensor direction_, last_grad_;
  std::vector<Memory> memory_;
};

}  // namespace xgrad::nn
