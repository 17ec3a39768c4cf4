// prediction[q,p] = Σ_c e^{a_c} v_c / Σ_c e^{a_c} s_c      for part[q,c,p] = (a_c, s_c, v_c)
//
// One invocation per prediction: the mean over a posterior that is known in parts. Parts with s_c = 0 do not count; at
// least one must.
const FLOOR: f32 = -80.0;
const NEVER: f32 = -3e38;
struct Dims { Q: u32, C: u32, P: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> part: array<f32>;              // (Q, C, P, 3)
@group(0) @binding(2) var<storage, read_write> prediction: array<f32>;  // (Q, P)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.Q * dims.P) {
    return;
  }
  let first = entry / dims.P * dims.C * dims.P + entry % dims.P;
  var top = NEVER;
  for (var c = 0u; c < dims.C; c++) {
    let at = (first + c * dims.P) * 3u;
    top = select(top, max(top, part[at]), part[at + 1u] > 0.0);
  }
  var total = 0.0;
  var sum = 0.0;
  for (var c = 0u; c < dims.C; c++) {
    let at = (first + c * dims.P) * 3u;
    let gap = part[at] - top;
    let share = select(0.0, exp(max(gap, FLOOR)), gap > FLOOR);
    total += share * part[at + 1u];
    sum += share * part[at + 2u];
  }
  prediction[entry] = sum / total;
}
