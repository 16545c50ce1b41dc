/**
 * Stores the groups in which jobs fail. Distinct and in one order, because daemons in which jobs fail
 * with the same errors would otherwise wait for each other in a circle.
 */
export const ADD_ERROR_GROUPS = `
  INSERT INTO error_groups (plugin, code, message, last_seen_at)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
    AS failed (plugin, code, message, at)
  ON CONFLICT (plugin, code, md5(message))
    DO UPDATE SET last_seen_at = greatest(error_groups.last_seen_at, excluded.last_seen_at)
  RETURNING id, plugin, code, message`;
