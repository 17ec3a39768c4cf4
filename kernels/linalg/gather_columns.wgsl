// y[b,m,k] = x[b,order[b,k],offset+m] factors[b,order[b,k],part],  zero from m = M on      ROWS: y[b,k,m]
//
// One invocation per entry of y: columns that lie as rows of x, in order and of length one.
const ROWS: u32 = 0u;
struct Dims { B: u32, P: u32, H: u32, N: u32, I: u32, J: u32, M: u32, offset: u32, part: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;             // (B, P, H)
@group(0) @binding(2) var<storage, read> factors: array<f32>;       // (B, N, 2)
@group(0) @binding(3) var<storage, read> order: array<u32>;         // (B, N)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;       // (B, I, J)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.B * dims.I * dims.J) {
    return;
  }
  let b = index / (dims.I * dims.J);
  let i = index / dims.J % dims.I;
  let j = index % dims.J;
  let m = select(i, j, ROWS == 1u);
  var value = 0.0;
  if (m < dims.M) {
    let p = order[b * dims.N + select(j, i, ROWS == 1u)];
    value = x[(b * dims.P + p) * dims.H + dims.offset + m] * factors[2u * (b * dims.N + p) + dims.part];
  }
  y[index] = value;
}
