// With u = σ ∘ w, û = u / |u|, ξ ~ N(0, 1) and χ ~ χ²_N:  β = σ ∘ (|u| / N) (χ û + √χ (ξ − û (û·ξ))),
// x_q = σ ∘ z, y_q = w·x_q.
//
// One invocation per prompt. A vector w of length 0 gives β = 0.
struct Dims { R: u32, B: u32, D: u32, D3: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> normals: array<f32>;       // (R, B, D3), D3 = 3 D: w, z, ξ
@group(0) @binding(2) var<storage, read> chi: array<f32>;           // (R, B)
@group(0) @binding(3) var<storage, read> deviation: array<f32>;     // (R, D)
@group(0) @binding(4) var<storage, read> context: array<f32>;       // (R)
@group(0) @binding(5) var<storage, read_write> beta: array<f32>;    // (R, B, D)
@group(0) @binding(6) var<storage, read_write> query: array<f32>;   // (R, B, D)
@group(0) @binding(7) var<storage, read_write> label: array<f32>;   // (R, B)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let prompt = group_index(group, groups) * 64u + lane;
  if (prompt >= dims.R * dims.B) {
    return;
  }
  let replica = prompt / dims.B;
  let w = prompt * 3u * dims.D;
  let z = w + dims.D;
  let xi = z + dims.D;
  let own = replica * dims.D;
  var square = 0.0;
  var along = 0.0;
  var answer = 0.0;
  for (var i = 0u; i < dims.D; i++) {
    let u = deviation[own + i] * normals[w + i];
    square += u * u;
    along += u * normals[xi + i];
    let x = deviation[own + i] * normals[z + i];
    query[prompt * dims.D + i] = x;
    answer += normals[w + i] * x;
  }
  label[prompt] = answer;
  let length = sqrt(square);
  let inverse = select(0.0, 1.0 / length, length > 0.0);
  let root = sqrt(chi[prompt]);
  for (var i = 0u; i < dims.D; i++) {
    let unit = deviation[own + i] * normals[w + i] * inverse;
    let across = normals[xi + i] - unit * along * inverse;
    beta[prompt * dims.D + i] = deviation[own + i] * length * root * (root * unit + across) / context[replica];
  }
}
