// v = Σ_d w[r,b,o,d] x[r,b,n,d] + w[r,b,o,D]   (the last term where W = D + 1)
// y[r,b,n,o] = v + σ ε   (KIND 0),   sign(v + σ ε)   (1),   +1 with probability 1 / (1 + e^−v), else −1   (2)
// σ = sigma[r,b] is one of levels[r,·], chosen uniformly for each prompt
//
// One invocation per block of four labels of a prompt. ε ~ N(0, 1) is draw (place[r,b], key, index n O + o).
const KIND: u32 = 0u;
const NOISE: u32 = 1u;
struct Dims { R: u32, B: u32, N: u32, O: u32, D: u32, W: u32, K: u32, key: u32, list_key: u32, level_key: u32, list_level_key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> place: array<vec4u>;        // (R, B, 4)
@group(0) @binding(2) var<storage, read> x: array<f32>;              // (R, B, N, D)
@group(0) @binding(3) var<storage, read> w: array<f32>;              // (R, B, O, W)
@group(0) @binding(4) var<storage, read> levels: array<f32>;         // (R, K)
@group(0) @binding(5) var<storage, read_write> y: array<f32>;        // (R, B, N, O)
@group(0) @binding(6) var<storage, read_write> sigma: array<f32>;    // (R, B)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let row = dims.N * dims.O;
  let blocks = (row + 3u) / 4u;
  let n = group_index(group, groups) * 64u + lane;
  if (n >= dims.R * dims.B * blocks) {
    return;
  }
  let index = n % blocks;
  let prompt = n / blocks;
  let at = place[prompt];
  let level = uniform_below(bits_at(at, dims.level_key, dims.list_level_key, 0u), dims.K);
  let deviation = levels[(prompt / dims.B) * dims.K + level];
  var noise = vec4f();
  if (KIND == 2u) {
    let bits = bits_at(at, dims.key, dims.list_key, index);
    noise = vec4f(logit(bits.x), logit(bits.y), logit(bits.z), logit(bits.w));
  } else if (NOISE == 1u) {
    noise = deviation * normals_from(bits_at(at, dims.key, dims.list_key, index));
  }
  for (var k = 0u; k < min(4u, row - 4u * index); k++) {
    let label = 4u * index + k;
    let token = (prompt * dims.N + label / dims.O) * dims.D;
    let weights = (prompt * dims.O + label % dims.O) * dims.W;
    var v = 0.0;
    for (var d = 0u; d < dims.D; d++) {
      v += w[weights + d] * x[token + d];
    }
    if (dims.W > dims.D) {
      v += w[weights + dims.D];
    }
    v += noise[k];
    y[prompt * row + label] = select(v, select(-1.0, 1.0, v > 0.0), KIND > 0u);
  }
  if (index == 0u) {
    sigma[prompt] = deviation;
  }
}

// ln(u / (1 − u)) for u = (k + ½) / 2³¹, from both ends: a standard logistic number.
fn logit(bits: u32) -> f32 {
  return log_unit(uniform_from(bits)) - log_unit(uniform_from(~bits));
}
