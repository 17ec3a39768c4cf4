// y[r,t] = Σ_n w[r,n,t] x[r,n,t] / W[r,t],   W[r,t] = Σ_n w[r,n,t]      WEIGHTED 0: w = 1
//
// One workgroup per mean: lanes stride over n, then fold pairwise. A lane adds up sums of 64, so that no sum is long.
const WEIGHTED: u32 = 0u;
struct Dims { R: u32, N: u32, T: u32, M: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;             // (R, N, T)
@group(0) @binding(2) var<storage, read> weights: array<f32>;       // (M)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;       // (R, T)
@group(0) @binding(4) var<storage, read_write> total: array<f32>;   // (R, T)

var<workgroup> partial: array<vec2f, 64>;

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups);
  let mean = min(index, dims.R * dims.T - 1u);
  let start = mean / dims.T * dims.N * dims.T + mean % dims.T;
  var sum = vec2f();
  var part = vec2f();
  var count = 0u;
  for (var n = lane; n < dims.N; n += 64u) {
    let at = start + n * dims.T;
    var w = 1.0;
    if (WEIGHTED == 1u) {
      // Fewer weights than values serve every replica.
      w = weights[at % dims.M];
    }
    part += vec2f(w * x[at], w);
    count += 1u;
    if (count % 64u == 0u) {
      sum += part;
      part = vec2f();
    }
  }
  partial[lane] = sum + part;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) {
      partial[lane] += partial[lane + width];
    }
    workgroupBarrier();
  }
  if (lane == 0u && index < dims.R * dims.T) {
    y[mean] = partial[0].x / partial[0].y;
    total[mean] = partial[0].y;
  }
}
