// y = Σ_j w_j v_j and the statistic of the one query of a head      for one head by an invocation
//
// The query sees every key, and no other query could share them: there is nothing to gain from blocks. Softmax keeps the
// largest score so far, and rescales its sums when one exceeds it.
@group(0) @binding(4) var<storage, read_write> statistics: array<f32>;  // (N, H, S)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.N * dims.H) {
    return;
  }
  let head = head_of(index);
  var q = array<vec4f, PIECES>();
  var sums = array<vec4f, PIECES>();
  for (var v = 0u; v < PIECES; v++) { // unroll
    q[v] = dims.factor * queries_piece(query_start(head, 0u), v);
  }
  let share = share_of(0u);
  var highest = LOWEST;
  var total = 0.0;
  for (var j = 0u; j < dims.T; j++) {
    var score = 0.0;
    for (var v = 0u; v < PIECES; v++) { // unroll
      score += dot(q[v], keys_piece(key_start(head, j), v));
    }
    var weight = weight_of(score, share);
    if (KIND == SOFTMAX) {
      let lower = exp2_accurate(-abs(score - highest));
      let fade = select(1.0, lower, score > highest);
      weight = select(lower, 1.0, score > highest);
      highest = max(highest, score);
      total = total * fade + weight;
      for (var v = 0u; v < PIECES; v++) { // unroll
        sums[v] *= fade;
      }
    }
    for (var v = 0u; v < PIECES; v++) { // unroll
      sums[v] += weight * keys_piece(value_start(head, j), v);
    }
  }
  var whole = 1.0;
  var statistic = share;
  if (KIND == SOFTMAX) {
    whole = 1.0 / total;
    statistic = highest + log_accurate(total) * 1.4426950409;
  }
  statistics[index] = statistic;
  for (var v = 0u; v < PIECES; v++) { // unroll
    write_y(output_start(head, 0u), v, whole * sums[v]);
  }
}
