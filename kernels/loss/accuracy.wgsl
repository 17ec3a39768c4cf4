// correct[n] = 1 if t = argmax_j z_j, the first of equal ones, else 0      z = logits[n], t = targets[n mod T]
//
// That is: z_j < z_t for j < t and z_j ≤ z_t for j > t. LANES lanes per row stride over columns and count exceptions.
const LANES: u32 = 2u;
const ROWS: u32 = 64u / LANES;
struct Dims { N: u32, V: u32, T: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logits: array<f32>;         // (N, V)
@group(0) @binding(2) var<storage, read> targets: array<u32>;        // (T)
@group(0) @binding(3) var<storage, read_write> correct: array<f32>;  // (N)

var<workgroup> partial: array<u32, 64>;

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * ROWS + lane / LANES;
  let n = min(index, dims.N - 1u);
  let start = n * dims.V;
  let t = targets[n % dims.T];
  let first = lane % LANES;
  let target_logit = logits[start + min(t, dims.V - 1u)];
  // A target that is no class is never met.
  var exceptions = select(0u, 1u, t >= dims.V);
  for (var j = first; j < dims.V; j += LANES) {
    let z = logits[start + j];
    exceptions += select(0u, 1u, select(z > target_logit, z >= target_logit, j < t));
  }
  partial[lane] = exceptions;
  workgroupBarrier();
  for (var width = LANES / 2u; width > 0u; width /= 2u) {
    if (first < width) {
      partial[lane] += partial[lane + width];
    }
    workgroupBarrier();
  }
  if (first == 0u && index < dims.N) {
    correct[n] = select(0.0, 1.0, partial[lane] == 0u);
  }
}
