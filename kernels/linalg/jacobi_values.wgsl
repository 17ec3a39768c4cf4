// value[b,p] = |w| / |v| / scale[b],  factors[b,p] = (1 / |w|, 1 / |v|)      SYMMETRIC: value = <v,w> / <v,v> / scale[b]
//
// One invocation per column [w | v] of `jacobi.wgsl`. Many rotations let the lengths drift together: the ratio and the
// factors take that out. A column w too short to have a direction has the factor 0; without v its length counts as 1.
const SYMMETRIC: u32 = 0u;
const VANISHED: f32 = 7.888609e-31;
struct Dims { B: u32, P: u32, H: u32, N: u32, height: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;             // (B, P, H)
@group(0) @binding(2) var<storage, read> scale: array<f32>;           // (B)
@group(0) @binding(3) var<storage, read_write> value: array<f32>;     // (B, N)
@group(0) @binding(4) var<storage, read_write> factors: array<f32>;   // (B, N, 2)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.B * dims.N) {
    return;
  }
  let b = index / dims.N;
  let rows = dims.H / 4u;
  let tall = dims.height / 4u;
  let first = (b * dims.P + index % dims.N) * rows;
  var ww = 0.0;
  for (var row = 0u; row < tall; row++) {
    let w = x[first + row];
    ww += dot(w, w);
  }
  var vv = select(0.0, 1.0, rows == tall);
  var vw = 0.0;
  for (var row = tall; row < rows; row++) {
    let v = x[first + row];
    vv += dot(v, v);
    if (SYMMETRIC == 1u) {
      vw += dot(v, x[first + row - tall]);
    }
  }
  value[index] = select(sqrt(ww / vv), vw / vv, SYMMETRIC == 1u) / scale[b];
  factors[2u * index] = select(0.0, 1.0 / sqrt(max(ww, VANISHED)), ww > VANISHED);
  factors[2u * index + 1u] = 1.0 / sqrt(vv);
}
