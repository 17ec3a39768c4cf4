// c[r,m,n] = Σ_k a[r,m,k] b[r,k,n] + bias[r,n]      a tile of 64 × 64 entries by one workgroup of 8 × 8 lanes
//
// For real GPUs: 16 steps of k at a time are shared through workgroup memory, one 4×4 block of a and of b per lane. A
// lane owns 8 × 8 entries as four 4×4 blocks 32 apart, so that neighbouring lanes read neighbouring addresses.
var<workgroup> shared_left: array<vec4f, 256>;   // 16 steps of k × 64 rows
var<workgroup> shared_right: array<vec4f, 256>;  // 16 steps of k × 64 columns

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let tile = group_index(group, groups);
  let columns = (dims.N + 63u) / 64u;
  let rows = (dims.M + 63u) / 64u;
  if (tile >= dims.R * rows * columns) {
    return;
  }
  let r = tile / (rows * columns);
  let top = (tile / columns) % rows * 64u;
  let side = tile % columns * 64u;
  let y = lane / 8u;
  let x = lane % 8u;
  var sums = array<vec4f, 16>();
  let steps = steps_of(r);
  let replica = r / dims.parts;
  for (var k = steps.x; k < steps.y; k += 16u) {
    // Neighbouring lanes take neighbouring blocks of memory: along k or across, whichever way the operand lies.
    let a_across = select(lane / 4u, lane % 16u, TRANSPOSE_A == 1u);
    let a_along = select(lane % 4u, lane / 16u, TRANSPOSE_A == 1u);
    let b_across = select(lane % 16u, lane / 4u, TRANSPOSE_B == 1u);
    let b_along = select(lane / 16u, lane % 4u, TRANSPOSE_B == 1u);
    let left = transpose(left_block(replica, top + 4u * a_across, k + 4u * a_along));
    let right = right_block(replica, k + 4u * b_along, side + 4u * b_across);
    for (var i = 0u; i < 4u; i++) { // unroll
      shared_left[(4u * a_along + i) * 16u + a_across] = left[i];
      shared_right[(4u * b_along + i) * 16u + b_across] = right[i];
    }
    workgroupBarrier();
    for (var first = 0u; first < 256u; first += 64u) {
      for (var step = 0u; step < 64u; step += 16u) { // unroll
        let upper = shared_left[first + step + y];
        let lower = shared_left[first + step + 8u + y];
        let near = shared_right[first + step + x];
        let far = shared_right[first + step + 8u + x];
        for (var i = 0u; i < 4u; i++) { // unroll
          sums[2u * i] += upper[i] * near;
          sums[2u * i + 1u] += upper[i] * far;
          sums[2u * i + 8u] += lower[i] * near;
          sums[2u * i + 9u] += lower[i] * far;
        }
      }
    }
    workgroupBarrier();
  }
  let near = bias_of(replica, side + 4u * x);
  let far = bias_of(replica, side + 4u * x + 32u);
  for (var i = 0u; i < 16u; i++) { // unroll
    let shift = select(near, far, i % 2u == 1u);
    store_result(r, top + 4u * y + i / 8u * 32u + i / 2u % 4u, side + 4u * x + i % 2u * 32u, sums[i] + shift);
  }
}
