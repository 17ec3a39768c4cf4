// y[o,p] = Σ_m x[o,m] (MAX: max_m)      over the m of part p: m = span·p … span·p + span − 1
//
// One invocation per number of y, four sums at a time; span and M are multiples of four.
const MAX: u32 = 0u;
struct Dims { O: u32, M: u32, P: u32, span: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<Element>;    // (O, M, 1)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (O, P, 1)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.O * dims.P) {
    return;
  }
  let o = entry / dims.P;
  let part = (entry - o * dims.P) * dims.span;
  let first = (o * dims.M + part) / WIDTH;
  let end = (o * dims.M + min(part + dims.span, dims.M)) / WIDTH;
  var result = x[first];
  for (var m = first + 1u; m < end; m++) {
    if (MAX == 1u) {
      result = larger(result, x[m]);
    } else {
      result += x[m];
    }
  }
  if (MAX == 1u) {
    y[entry] = largest(result);
  } else {
    y[entry] = total(result);
  }
}
