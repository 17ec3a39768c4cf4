// loss[n] = −ln p_t = ln(1 + Σ_{j≠t} e^(z_j − z_t)),   z = logits[n], t = targets[n mod T]
//
// The target itself is left out of the sum: 1 − p_t and −ln p_t keep their digits however small they are. With the
// largest other logit m and s = Σ_{j≠t} e^(z_j − m), the sum is s e^(m − z_t). For the way back,
// stats[n] = (m, q, 1 − p_t, 0) with p_j = q e^(z_j − m). A target that is no class makes NaN, and so does a logit that
// is no number.
//
// LANES lanes per row stride over columns, four at a time, then fold pairwise.
const LANES: u32 = 2u;
const ROWS: u32 = 64u / LANES;
struct Dims { N: u32, V: u32, T: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logits: array<f32>;        // (N, V)
@group(0) @binding(2) var<storage, read> targets: array<u32>;       // (T)
@group(0) @binding(3) var<storage, read_write> loss: array<f32>;    // (N)
@group(0) @binding(4) var<storage, read_write> stats: array<vec4f>; // (N, 4)

var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * ROWS + lane / LANES;
  let n = min(index, dims.N - 1u);
  let start = n * dims.V;
  let t = targets[n % dims.T];
  let first = lane % LANES;

  var largest = -3.4e38;
  for (var j = 4u * first; j < dims.V; j += 4u * LANES) {
    for (var k = 0u; k < 4u; k++) { // unroll
      let z = logits[start + min(j + k, dims.V - 1u)];
      largest = max(largest, select(z, -3.4e38, j + k == t || j + k >= dims.V));
    }
  }
  partial[lane] = largest;
  workgroupBarrier();
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    if (first < width) {
      partial[lane] = max(partial[lane], partial[lane + width]);
    }
    workgroupBarrier();
  }
  let m = partial[lane - first];
  workgroupBarrier();

  var part = 0.0;
  var seen = 0.0;
  for (var j = 4u * first; j < dims.V; j += 4u * LANES) {
    for (var k = 0u; k < 4u; k++) { // unroll
      let z = logits[start + min(j + k, dims.V - 1u)];
      part += select(exp(z - m), 0.0, j + k == t || j + k >= dims.V);
      seen += z;
    }
  }
  // Some drivers' exp makes a number of what is none; a sum does not.
  partial[lane] = unless_nan(part, seen);
  workgroupBarrier();
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    if (first < width) {
      partial[lane] += partial[lane + width];
    }
    workgroupBarrier();
  }
  if (first != 0u || index >= dims.N) {
    return;
  }
  let s = partial[lane];
  let margin = m - logits[start + min(t, dims.V - 1u)];
  // The smaller of e^margin and e^−margin: neither overflows.
  let e = exp_accurate(-min(abs(margin), 87.0)) * select(1.0, 0.0, abs(margin) > 87.0);
  let wrong = margin > 0.0;
  // Logits that are no numbers must not look like a loss.
  let all = s + margin;
  let q = unless_nan(select(e / (1.0 + s * e), 1.0 / (s + e), wrong), all);
  let value = unless_nan(select(log1p_accurate(s * e), margin + log_accurate(s + e), wrong), all);
  let nan = bitcast<f32>(0x7fc00000u | t);
  loss[n] = select(value, nan, t >= dims.V);
  stats[n] = vec4f(m, q, select(s * q, nan, t >= dims.V), 0.0);
}
