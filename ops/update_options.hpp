#pragma once
// What optimizers can be told, as PyTorch names and defines it; with `maximize` they go up along the gradient. Plain
// data: kernels read it as it is. `states` are the names of the arrays that an update keeps for a variable.
#include <cstdint>

namespace xgrad {

/// Stochastic gradient descent, with momentum, Nesterov's too.
struct SgdOptions {
  double lr = 0.001, momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false, maximize = false;
  static constexpr const char* name = "SGD";
  static constexpr const char* states[3] = {"momentum_buffer"};
};

/// Adam (Kingma and Ba, 2015), with amsgrad AMSGrad (Reddi, Kale and Kumar, 2018). With decoupled_weight_decay it is
/// AdamW, whose options are below.
struct AdamOptions {
  double lr = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled_weight_decay = false;
  std::int64_t step = 1;  ///< the number of this update, from 1
  bool amsgrad = false, maximize = false;
  static constexpr const char* name = "Adam";
  static constexpr const char* states[3] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
};

/// AdamW (Loshchilov and Hutter, 2019): Adam with its weight decay apart from the gradient.
struct AdamwOptions {
  double lr = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0.01;
  bool amsgrad = false, maximize = false;
  static constexpr const char* name = "AdamW";
  static constexpr const char* const (&states)[3] = AdamOptions::states;
  constexpr operator AdamOptions() const { return {lr, beta1, beta2, eps, weight_decay, true, 1, amsgrad, maximize}; }
};

/// Adagrad (Duchi, Hazan and Singer, 2011). With eps = 1e-7 it is the book's.
struct AdagradOptions {
  double lr = 0.01, lr_decay = 0, weight_decay = 0, initial_accumulator_value = 0, eps = 1e-10;
  bool maximize = false;
  static constexpr const char* name = "Adagrad";
  static constexpr const char* states[3] = {"sum"};
};

/// RMSprop (Hinton's lecture, 2012). With eps = 1e-7 it is the book's.
struct RmspropOptions {
  double lr = 0.01, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0;
  bool centered = false, maximize = false;
  static constexpr const char* name = "RMSprop";
  static constexpr const char* states[3] = {"square_avg", "momentum_buffer", "grad_avg"};
};

/// Adadelta (Zeiler, 2012).
struct AdadeltaOptions {
  double lr = 1, rho = 0.9, eps = 1e-6, weight_decay = 0;
  bool maximize = false;
  static constexpr const char* name = "Adadelta";
  static constexpr const char* states[3] = {"square_avg", "acc_delta"};
};

/// Adamax (Kingma and Ba, 2015).
struct AdamaxOptions {
  double lr = 0.002, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool maximize = false;
  static constexpr const char* name = "Adamax";
  static constexpr const char* states[3] = {"exp_avg", "exp_inf"};
};

/// NAdam (Dozat, 2016).
struct NadamOptions {
  double lr = 0.002, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0, momentum_decay = 0.004;
  bool decoupled_weight_decay = false, maximize = false;
  static constexpr const char* name = "NAdam";
  static constexpr const char* states[3] = {"exp_avg", "exp_avg_sq"};
};

/// RAdam (Liu et al., 2020).
struct RadamOptions {
  double lr = 0.001, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled_weight_decay = false, maximize = false;
  static constexpr const char* name = "RAdam";
  static constexpr const char* states[3] = {"exp_avg", "exp_avg_sq"};
};

/// Lion (Chen et al., 2023); its weight decay is decoupled.
struct LionOptions {
  double lr = 0.0001, beta1 = 0.9, beta2 = 0.99, weight_decay = 0;
  bool maximize = false;
  static constexpr const char* name = "Lion";
  static constexpr const char* states[3] = {"exp_avg"};
};

/// Momentum as in "Deep Learning from Scratch", chapter 6: the rate is in the velocity, so that a new rate acts on what
/// is yet to come alone.
struct BookMomentumOptions {
  double lr = 0.01, momentum = 0.9;
  static constexpr const char* name = "BookMomentum";
  static constexpr const char* states[3] = {"v"};
};

/// Nesterov's momentum as there: v = momentum v - lr g; w += momentum^2 v - (1 + momentum) lr g.
struct BookNesterovOptions {
  double lr = 0.01, momentum = 0.9;
  static constexpr const char* name = "BookNesterov";
  static constexpr const char* states[3] = {"v"};
};

/// Adam as there: eps, 1e-7, is added to the root before that is corrected for its start at zero.
struct BookAdamOptions {
  double lr = 0.001, beta1 = 0.9, beta2 = 0.999;
  static constexpr const char* name = "BookAdam";
  static constexpr const char* states[3] = {"m", "v"};
};

/// w as an exponential moving average of what is given as the gradient; the rate lr is 1 - decay.
struct AverageOptions {
  double lr = 0.001;
  static constexpr const char* name = "ExponentialMovingAverage";
  static constexpr const char* states[3] = {};
};

}  // namespace xgrad
