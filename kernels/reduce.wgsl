// y[o,p,i] = Σ_m x[o,m,i] (MAX: max_m)      over the m of part p: m = SPAN·p … SPAN·p + SPAN − 1
//
// One invocation per sum. A long axis is summed in parts, whose sums are summed again.
const SPAN: u32 = 64u;
const MAX: u32 = 0u;
struct Dims { O: u32, M: u32, I: u32, P: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (O, M, I)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (O, P, I)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.O * dims.P * dims.I) {
    return;
  }
  let i = entry % dims.I;
  let p = entry / dims.I % dims.P;
  let o = entry / (dims.I * dims.P);
  let first = p * SPAN;
  let end = min(first + SPAN, dims.M);
  var total = x[(o * dims.M + first) * dims.I + i];
  for (var m = first + 1u; m < end; m++) {
    let value = x[(o * dims.M + m) * dims.I + i];
    if (MAX == 1u) {
      total = max(total, value);
    } else {
      total += value;
    }
  }
  y[entry] = total;
}
