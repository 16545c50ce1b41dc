-- A filter is what it lets through: all four kinds are the same as none named, and a name given
-- twice is given once. Identities tell [url, kinds, plugins, job name]. Where two webhooks are the
-- same by this, one keeps the identity it had, and both go on.

UPDATE OR IGNORE persistent_webhooks
SET identity = json_set(identity, '$[1]', json((
  SELECT iif(count(*) = 4, NULL, json_group_array(value))
  FROM (SELECT DISTINCT value FROM json_each(identity, '$[1]') ORDER BY value)
)))
WHERE iif(json_valid(identity), json_type(identity, '$[1]'), NULL) = 'array';

UPDATE OR IGNORE persistent_webhooks
SET identity = json_set(identity, '$[2]', json((
  SELECT json_group_array(value)
  FROM (SELECT DISTINCT value FROM json_each(identity, '$[2]') ORDER BY value)
)))
WHERE iif(json_valid(identity), json_type(identity, '$[2]'), NULL) = 'array';
