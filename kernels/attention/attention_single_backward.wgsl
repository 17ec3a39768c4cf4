// dq = scale Σ_j ds_j k_j      dk_j = scale ds_j q      dv_j = w_j dy      for the one query of a head by an invocation
//
// With ds_j as in attention_backward_queries.wgsl.
@group(0) @binding(5) var<storage, read> statistics: array<f32>;  // (N, H, S)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let index = group_index(group, groups) * 64u + lane;
  if (index >= dims.N * dims.H) {
    return;
  }
  let head = head_of(index);
  let statistic = statistics[index];
  var q = array<vec4f, PIECES>();
  var dy = array<vec4f, PIECES>();
  var dq = array<vec4f, PIECES>();
  var mean = 0.0;
  for (var v = 0u; v < PIECES; v++) { // unroll
    q[v] = dims.factor * queries_piece(query_start(head, 0u), v);
    dy[v] = dy_piece(output_start(head, 0u), v);
    if (KIND == SOFTMAX) {
      mean += dot(dy[v], y_piece(output_start(head, 0u), v));
    }
  }
  for (var j = 0u; j < dims.T; j++) {
    var k = array<vec4f, PIECES>();
    var score = 0.0;
    var dw = 0.0;
    for (var v = 0u; v < PIECES; v++) { // unroll
      k[v] = keys_piece(key_start(head, j), v);
      score += dot(q[v], k[v]);
      dw += dot(dy[v], keys_piece(value_start(head, j), v));
    }
    let weight = weight_of(score, statistic);
    let slope = slope_of(score, statistic, weight, dw, mean);
    for (var v = 0u; v < PIECES; v++) { // unroll
      dq[v] += slope * k[v];
      write_dkv(key_start(head, j), v, dims.unit * slope * q[v]);
      write_dkv(value_start(head, j), v, weight * dy[v]);
    }
  }
  for (var v = 0u; v < PIECES; v++) { // unroll
    write_dq(query_start(head, 0u), v, dims.scale * dq[v]);
  }
}
