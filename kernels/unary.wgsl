// y[i] = f(x[i])      f by OP, see unary.ts
//
// One invocation per element.
const OP: u32 = 0u;
struct Dims { N: u32, slope: f32, shift: f32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (N)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group, groups) * 64u + lane;
  if (i >= dims.N) {
    return;
  }
  let v = x[i];
  switch OP {
    case 0u: { y[i] = dims.slope * v + dims.shift; }
    case 1u: { y[i] = exp(v); }
    case 2u: { y[i] = log_accurate(v); }
    case 3u: { y[i] = sqrt(v); }
    case 4u: { y[i] = v * v; }
    case 5u: { y[i] = 1.0 / v; }
    case 6u: { y[i] = tanh_accurate(v); }
    case 7u: { y[i] = sigmoid(v); }
    case 8u: { y[i] = softplus(v); }
    // Rectifiers, and their slopes: what lies at 0 counts as negative.
    case 9u: { y[i] = select(dims.slope * v, v, v > 0.0); }
    default: { y[i] = select(dims.slope, 1.0, v > 0.0); }
  }
}
