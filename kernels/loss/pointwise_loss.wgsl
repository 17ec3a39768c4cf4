// loss[i] = ℓ(f[i], y[i mod M]);   BACKWARD: df[i] = dloss[i] ∂ℓ/∂f
//
// LOSS 0: (f − y)²;  1: ½ (f − y)²;  2: max(0, 1 − y f), with slope 0 at y f = 1;  3: ln(1 + e^(−y f)).
// One invocation per element.
const LOSS: u32 = 0u;
const BACKWARD: u32 = 0u;
struct Dims { N: u32, M: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> f: array<f32>;             // (N)
@group(0) @binding(2) var<storage, read> y: array<f32>;             // (M)
@group(0) @binding(3) var<storage, read> dloss: array<f32>;         // (N)
@group(0) @binding(4) var<storage, read_write> result: array<f32>;  // (N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group, groups) * 64u + lane;
  if (i >= dims.N) {
    return;
  }
  let target_value = y[i % dims.M];
  let difference = f[i] - target_value;
  let margin = f[i] * target_value;
  var value = 0.0;
  var slope = 0.0;
  switch LOSS {
    case 0u: {
      value = difference * difference;
      slope = 2.0 * difference;
    }
    case 1u: {
      value = 0.5 * difference * difference;
      slope = difference;
    }
    case 2u: {
      value = unless_nan(max(0.0, 1.0 - margin), margin);
      slope = unless_nan(select(0.0, -target_value, margin < 1.0), margin);
    }
    default: {
      value = softplus(-margin);
      slope = -target_value * sigmoid(-margin);
    }
  }
  if (BACKWARD == 1u) {
    result[i] = dloss[i] * slope;
  } else {
    result[i] = value;
  }
}
