// y[r,b,n,d] = scale[r,d] z,   z ~ N(0,1), U(−1,1) or ½ N(−1,1) + ½ N(1,1)   draw (place[r,b], index n D + d)
//
// One invocation per block of four numbers. The bimodal law takes its signs from the upper bits of a second block.
const LAW: u32 = 0u;
struct Dims { R: u32, B: u32, N: u32, D: u32, key: u32, list_key: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> place: array<vec4u>;    // (R, B, 4)
@group(0) @binding(2) var<storage, read> scale: array<f32>;      // (R, D)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;    // (R, B, N, D)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let row = dims.N * dims.D;
  let blocks = (row + 3u) / 4u;
  let n = group_index(group, groups) * 64u + lane;
  if (n >= dims.R * dims.B * blocks) {
    return;
  }
  let index = n % blocks;
  let item = n / blocks;
  let at = place[item];
  let bits = bits_at(at, dims.key, dims.list_key, index);
  var z: vec4f;
  if (LAW == 1u) {
    z = 2.0 * vec4f(uniform_from(bits.x), uniform_from(bits.y), uniform_from(bits.z), uniform_from(bits.w)) - 1.0;
  } else {
    z = normals_from(bits);
  }
  if (LAW == 2u) {
    let signs = threefry(vec4u(index, at.z, at.y, 1u), vec4u(at.x, key_at(at, dims.key, dims.list_key), 0u, 0u));
    z += select(vec4f(-1.0), vec4f(1.0), signs >= vec4u(0x80000000u));
  }
  let r = item / dims.B;
  for (var k = 0u; k < min(4u, row - 4u * index); k++) {
    let c = 4u * index + k;
    y[item * row + c] = scale[r * dims.D + c % dims.D] * z[k];
  }
}
