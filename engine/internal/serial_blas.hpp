#pragma once

namespace xgrad::detail {

/// Keeps a threaded OpenBLAS to one thread while calls of ours run, LAPACK's too, and then leaves it as its user had
/// set it. Its own threads have one count for the whole process: the first of our calls to arrive sets it, the last to
/// leave puts it back. OpenMP's count belongs to the calling thread. The build without threads must not be entered by
/// two at a time (its buffers are not locked: one product in some hundred came out wrong), so there calls wait for each
/// other.
class SerialBlas {
 public:
  SerialBlas();
  ~SerialBlas();
  SerialBlas(const SerialBlas&) = delete;
  SerialBlas& operator=(const SerialBlas&) = delete;

 private:
  int threads_ = 1;
};

}  // namespace xgrad::detail
