/**
 * Whether nothing is sent to a delivery's webhook any more: it is off or removed. A delivery made due
 * then would stay open for ever.
 */
export const HAS_STOPPED_WEBHOOK = `EXISTS (
  SELECT 1 FROM webhooks LEFT JOIN persistent_webhooks ON seq = persistent_webhooks.webhook
  WHERE seq = deliveries.webhook AND (removed = 1 OR persistent_webhooks.state = 'off')
)`;
