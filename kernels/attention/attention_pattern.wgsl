// pattern[n,h,i,j] = w_ij, 0 for keys that the query does not see      for one query by an invocation
//
// Scores are computed twice, so that nothing is read back.
@group(0) @binding(3) var<storage, read_write> pattern: array<f32>;  // (N, H, S, T)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.N * dims.H * dims.S) {
    return;
  }
  let head = head_of(index / dims.S);
  let i = index % dims.S;
  let seen = keys_seen(i);
  var q = array<vec4f, PIECES>();
  for (var v = 0u; v < PIECES; v++) { // unroll
    q[v] = dims.factor * queries_piece(query_start(head, i), v);
  }
  var statistic = share_of(i);
  var whole = 1.0;
  if (KIND == SOFTMAX) {
    statistic = LOWEST;
    var total = 0.0;
    for (var j = 0u; j < seen; j++) {
      var score = 0.0;
      for (var v = 0u; v < PIECES; v++) { // unroll
        score += dot(q[v], keys_piece(key_start(head, j), v));
      }
      let lower = exp2_accurate(-abs(score - statistic));
      total = select(total + lower, total * lower + 1.0, score > statistic);
      statistic = max(statistic, score);
    }
    whole = 1.0 / total;
  }
  for (var j = 0u; j < dims.T; j++) {
    var score = 0.0;
    for (var v = 0u; v < PIECES; v++) { // unroll
      score += dot(q[v], keys_piece(key_start(head, j), v));
    }
    pattern[index * dims.T + j] = select(0.0, whole * weight_of(score, statistic), j < seen);
  }
}
