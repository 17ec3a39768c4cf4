// y[r,s,i,j] = 1/B Σ_b a[r,b,i] c[r,b,j]      for one slot s
//
// One invocation per entry (i, j). Partial sums of SPAN prompts keep loop iterations few and rounding small.
const SPAN: u32 = 16u;
struct Dims { R: u32, B: u32, I: u32, J: u32, S: u32, slot: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;         // (R, B, I)
@group(0) @binding(2) var<storage, read> c: array<f32>;         // (R, B, J)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;   // (R, S, I, J)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let entry = group_index(group, groups) * 64u + lane;
  if (entry >= dims.R * dims.I * dims.J) {
    return;
  }
  let r = entry / (dims.I * dims.J);
  let i = (entry / dims.J) % dims.I;
  let j = entry % dims.J;
  var sum = 0.0;
  for (var first = 0u; first < dims.B; first += SPAN) {
    var part = 0.0;
    for (var k = 0u; k < SPAN; k++) { // unroll
      // Beyond the batch, its last row counts zero times.
      let row = r * dims.B + min(first + k, dims.B - 1u);
      part += select(0.0, a[row * dims.I + i] * c[row * dims.J + j], first + k < dims.B);
    }
    sum += part;
  }
  y[((r * dims.S + dims.slot) * dims.I + i) * dims.J + j] = sum / f32(dims.B);
}
