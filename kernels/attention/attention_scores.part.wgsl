// What all attention kernels share: sizes, where a head of a row lies, and the weights of scores.
//
//   s_ij = scale q_i·k_j      y_i = Σ_j w_ij v_j      w_ij = exp(s_ij) / Σ_j exp(s_ij)  |  max(s_ij, 0) / n_i  |  s_ij / n_i
//
// over the keys j ≤ i + T − S that query i sees (all T if not CAUSAL); n_i is their number, or 1 if not AVERAGE. For
// softmax, scores are in units of ln 2, so that a weight is a power of two: the host's `factor` is scale/ln 2 then, and
// `unit` = scale/factor turns a sum over scaled queries back. The `statistic` of a row is all that its weights need
// besides scores: log2 Σ_j exp2(s_ij) for softmax, 1/n_i otherwise.
const E: u32 = 16u;
const KIND: u32 = 0u;
const CAUSAL: u32 = 0u;
const AVERAGE: u32 = 0u;
const SOFTMAX: u32 = 0u;
const RELU: u32 = 1u;
const PIECES: u32 = (E + 3u) / 4u;
// Below every score, and finite.
const LOWEST: f32 = -1e38;
// N sequences of S queries and T keys, H heads; elements from one row to the next, and from its start to keys and values.
struct Dims {
  N: u32, H: u32, S: u32, T: u32,
  rowQ: u32, rowKv: u32, keyAt: u32, valueAt: u32,
  factor: f32, unit: f32, scale: f32,
}
@group(0) @binding(0) var<uniform> dims: Dims;

// Head h of sequence n.
struct Head { n: u32, h: u32 }

fn head_of(index: u32) -> Head {
  return Head(index / dims.H, index % dims.H);
}

// Rows beyond the last one repeat it: whoever asks for them gives them no weight.
fn query_start(head: Head, i: u32) -> u32 {
  return (head.n * dims.S + min(i, dims.S - 1u)) * dims.rowQ + head.h * E;
}

fn key_start(head: Head, j: u32) -> u32 {
  return (head.n * dims.T + min(j, dims.T - 1u)) * dims.rowKv + dims.keyAt + head.h * E;
}

fn value_start(head: Head, j: u32) -> u32 {
  return (head.n * dims.T + min(j, dims.T - 1u)) * dims.rowKv + dims.valueAt + head.h * E;
}

// A row of what queries get, (N, S, H·E).
fn output_start(head: Head, i: u32) -> u32 {
  return ((head.n * dims.S + min(i, dims.S - 1u)) * dims.H + head.h) * E;
}

// A row of the statistics, (N, H, S).
fn statistic_at(head: Head, i: u32) -> u32 {
  return (head.n * dims.H + head.h) * dims.S + min(i, dims.S - 1u);
}

// Query i sees keys 0 … keys_seen(i) − 1.
fn keys_seen(i: u32) -> u32 {
  return select(dims.T, min(dims.T, i + 1u + dims.T - dims.S), CAUSAL == 1u);
}

fn share_of(i: u32) -> f32 {
  return select(1.0, 1.0 / f32(keys_seen(i)), AVERAGE == 1u);
}

fn weight_of(score: f32, statistic: f32) -> f32 {
  if (KIND == SOFTMAX) {
    return exp2_accurate(score - statistic);
  }
  return select(score, max(score, 0.0), KIND == RELU) * statistic;
}

// ∂L/∂score of a row with ∂L/∂w = dw and, for softmax, `mean` = Σ_j w_j dw_j.
fn slope_of(score: f32, statistic: f32, weight: f32, dw: f32, mean: f32) -> f32 {
  if (KIND == SOFTMAX) {
    return weight * (dw - mean);
  }
  return select(statistic * dw, 0.0, KIND == RELU && score <= 0.0);
}
