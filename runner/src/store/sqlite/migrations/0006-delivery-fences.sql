-- A delivery's claim has a fence, as a job's has: a write under an older claim is refused.
ALTER TABLE deliveries ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;

-- Grows with each change of the webhook: a change that was built on an older version is refused.
ALTER TABLE persistent_webhooks ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- What takes long goes in slices. A webhook that was switched off: its deliveries are given up from the
-- newest down to this id; NULL if nothing is left to give up.
ALTER TABLE persistent_webhooks ADD COLUMN given_up_to INTEGER;
CREATE INDEX persistent_webhooks_giving_up ON persistent_webhooks (webhook)
  WHERE given_up_to IS NOT NULL;
-- 1 if the webhook was removed: its deliveries are deleted, then the row.
ALTER TABLE webhooks ADD COLUMN removed INTEGER NOT NULL DEFAULT 0 CHECK (removed = 0 OR removed = 1);
CREATE INDEX webhooks_removed ON webhooks (seq) WHERE removed = 1;
