// Σ̂[r,b,i,j] = sd[r,i] sd[r,j] / N_r · Σ_{n<N_r} x[r,b,n,i] x[r,b,n,j]
//
// One invocation per entry. x holds rows of STRIDE ≥ D numbers per token. Partial sums of SPAN tokens keep loop
// iterations few and rounding small.
const STRIDE: u32 = 4u;
const SPAN: u32 = 16u;
struct Dims { R: u32, B: u32, D: u32, C: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;                // (R, B, C)
@group(0) @binding(2) var<storage, read> context: array<f32>;          // (R)
@group(0) @binding(3) var<storage, read> deviation: array<f32>;        // (R, D)
@group(0) @binding(4) var<storage, read_write> covariance: array<f32>; // (R, B, D, D)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.B * dims.D * dims.D) {
    return;
  }
  let i = (entry / dims.D) % dims.D;
  let j = entry % dims.D;
  let item = entry / (dims.D * dims.D);
  let r = item / dims.B;
  let n = u32(context[r]);
  var sum = 0.0;
  for (var first = 0u; first < n; first += SPAN) {
    var part = 0.0;
    for (var k = 0u; k < SPAN; k++) { // unroll
      // Beyond the context, its last token counts zero times.
      let row = item * dims.C + min(first + k, n - 1u) * STRIDE;
      part += select(0.0, x[row + i] * x[row + j], first + k < n);
    }
    sum += part;
  }
  covariance[entry] = deviation[r * dims.D + i] * deviation[r * dims.D + j] / context[r] * sum;
}
