// c[r,m,n] = Σ_k a[r,m,k] b[r,k,n] + bias[r,n]      8 × 8 entries by one invocation, in registers
//
// Portable: no subgroups, no workgroup memory. Sixteen loads of four elements serve 256 multiplications.
const TILE: u32 = 8u;
const LANES: u32 = 8u;

@compute @workgroup_size(LANES) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let tile = group_index(group, groups) * LANES + lane;
  let columns = (dims.N + TILE - 1u) / TILE;
  let rows = (dims.M + TILE - 1u) / TILE;
  if (tile >= dims.R * rows * columns) {
    return;
  }
  let r = tile / (rows * columns);
  let m = (tile / columns) % rows * TILE;
  let n = tile % columns * TILE;
  var sums = array<vec4f, 16>();
  let steps = steps_of(r);
  let replica = r / dims.parts;
  for (var k = steps.x; k < steps.y; k += 4u) {
    var right = array<mat4x4f, 2>(right_block(replica, k, n), right_block(replica, k, n + 4u));
    for (var half = 0u; half < 2u; half++) { // unroll
      let left = left_block(replica, m + 4u * half, k);
      for (var j = 0u; j < 8u; j++) { // unroll
        let x = left[j / 2u];
        sums[8u * half + j] += x.x * right[j % 2u][0];
        sums[8u * half + j] += x.y * right[j % 2u][1];
        sums[8u * half + j] += x.z * right[j % 2u][2];
        sums[8u * half + j] += x.w * right[j % 2u][3];
      }
    }
  }
  let near = bias_of(replica, n);
  let far = bias_of(replica, n + 4u);
  for (var i = 0u; i < 16u; i++) { // unroll
    store_result(r, m + i / 2u, n + 4u * (i % 2u), sums[i] + select(near, far, i % 2u == 1u));
  }
}
